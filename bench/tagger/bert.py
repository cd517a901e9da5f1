"""The tagger's float weights as a model and a tokenizer that `transformers.pipeline` loads from a folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from tokenizers.processors import TemplateProcessing
from torch import nn
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    BertConfig,
    BertModel,
    BertPreTrainedModel,
    PreTrainedTokenizerFast,
)
from transformers.modeling_outputs import SequenceClassifierOutput

from skills.tagger.card import read_card
from skills.tagger.encode import LIMIT
from skills.tagger.graph import HEADS, INNER, LAYERS, WIDTH
from skills.tagger.heads import EMPATHY_HEADS, N_CODES, OUTSIDE
from skills.taxonomy import CODES

LABELS = [*CODES, *(f"{head}:{level}" for head in EMPATHY_HEADS for level in range(3))]


class PeerConfig(BertConfig):
    model_type = "peersupport_tagger"


class PeerModel(BertPreTrainedModel):
    """BERT with the tagger's head: features of each token, their mean and maximum over the message part."""

    config_class = PeerConfig

    def __init__(self, config: PeerConfig) -> None:
        super().__init__(config)
        self.bert = BertModel(config, add_pooling_layer=False)
        self.head_in = nn.Linear(WIDTH, WIDTH)
        self.head_out = nn.Linear(2 * WIDTH, config.num_labels)
        self.post_init()

    def forward(self, input_ids, attention_mask, token_type_ids) -> SequenceClassifierOutput:
        states = self.bert(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        said = (attention_mask * (token_type_ids == 0)).to(states.dtype)
        features = nn.functional.gelu(self.head_in(states))
        mean = torch.bmm(said[:, None], features)[:, 0] / said.sum(1, keepdim=True)
        highest = (features + (1 - said)[..., None] * OUTSIDE).amax(1)
        return SequenceClassifierOutput(logits=self.head_out(torch.cat([mean, highest], -1)))


AutoConfig.register(PeerConfig.model_type, PeerConfig)
AutoModelForSequenceClassification.register(PeerConfig, PeerModel)


def heats(folder: Path) -> np.ndarray:
    """The temperature of each output, by the weights folder's card."""
    heat = read_card(folder)["temperature"]
    return np.array([heat["codes"]] * N_CODES + [heat[head] for head in EMPATHY_HEADS for _ in range(3)])


def model(weights: dict[str, np.ndarray], heat: np.ndarray) -> PeerModel:
    """The network in fp32; the temperatures divide the last layer, so its logits are calibrated."""
    config = PeerConfig(
        vocab_size=len(weights["words.weight"]),
        max_position_embeddings=len(weights["positions.weight"]),
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=INNER,
        layer_norm_eps=1e-12,
        id2label=dict(enumerate(LABELS)),
        label2id={label: place for place, label in enumerate(LABELS)},
        problem_type="multi_label_classification",
    )
    made = PeerModel(config).eval()
    renamed = {name: torch.tensor(array) for name, array in _renamed(weights)}
    last = torch.tensor(heat, dtype=torch.float32)
    renamed["head_out.weight"] /= last[:, None]
    renamed["head_out.bias"] /= last
    missing, unexpected = made.load_state_dict(renamed, strict=False)
    if unexpected or set(missing) - {"bert.embeddings.position_ids", "bert.embeddings.token_type_ids"}:
        raise ValueError(f"missing {missing}, unexpected {unexpected}")
    return made


def _renamed(weights: dict[str, np.ndarray]):
    """BERT's names; `project` belongs to the sentence embedding, which the peer does not compute."""
    tables = {"words": "word", "positions": "position", "segments": "token_type"}
    parts = {
        "out": "attention.output.dense",
        "norm1": "attention.output.LayerNorm",
        "up": "intermediate.dense",
        "down": "output.dense",
        "norm2": "output.LayerNorm",
    }
    for name, array in weights.items():
        layer, _, kind = name.rpartition(".")
        part = layer.rpartition(".")[2]
        if layer in tables:
            yield f"bert.embeddings.{tables[layer]}_embeddings.weight", array
        elif layer == "norm":
            yield f"bert.embeddings.LayerNorm.{kind}", array
        elif layer in ("head_in", "head_out"):
            yield name, array
        elif layer != "project":
            prefix = f"bert.encoder.layer.{layer.split('.')[1]}."
            if part != "qkv":
                yield f"{prefix}{parts[part]}.{kind}", array
            else:
                for third, values in zip(("query", "key", "value"), np.split(array, 3), strict=True):
                    yield f"{prefix}attention.self.{third}.{kind}", values


def tokenizer(file: Path) -> PreTrainedTokenizerFast:
    """The shipped word pieces with the tagger's layout: [CLS] message [SEP] previous [SEP]."""
    pieces = Tokenizer.from_file(str(file))
    pieces.post_processor = TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[(token, pieces.token_to_id(token)) for token in ("[CLS]", "[SEP]")],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=pieces,
        model_max_length=LIMIT,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )
