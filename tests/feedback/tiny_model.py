"""A random Llama of a few thousand weights with its own tokenizer, made on the spot: no download."""

from __future__ import annotations

from pathlib import Path

TEXT = """
    so it sounds like work has been hard for you and that weighs on what would help most today
    the seeker wrote volunteer answered technique to use draft of a better reply reword fits
"""
CHAT_TEMPLATE = (
    "{% for m in messages %}<|{{ m['role'] }}|> {{ m['content'] }} </s>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|> {% endif %}"
)


def save_tiny_model(
    folder: Path, *, chat: bool = False, broken: bool = False, layers: int = 2, words: int = 0
) -> Path:
    """Writes model and tokenizer to `folder`; `broken` fills the output layer with NaN.

    Many `layers` make it slow; many `words`, of which the tokenizer knows a few dozen, make it large.
    """
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    special = ["<unk>", "</s>", "<|system|>", "<|user|>", "<|assistant|>"]
    vocabulary = {word: i for i, word in enumerate([*special, *dict.fromkeys(TEXT.split())])}
    core = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    core.add_special_tokens(special)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, unk_token="<unk>", eos_token="</s>")
    if chat:
        tokenizer.chat_template = CHAT_TEMPLATE
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=max(words, len(vocabulary)),
            hidden_size=16,
            tie_word_embeddings=bool(words),
            intermediate_size=32,
            num_hidden_layers=layers,
            num_attention_heads=2,
            max_position_embeddings=1024,
            eos_token_id=vocabulary["</s>"],
            bos_token_id=None,
            pad_token_id=None,
        )
    )
    if broken:
        model.lm_head.weight.data.fill_(float("nan"))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
