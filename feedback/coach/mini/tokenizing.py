"""coach-mini's own tokenizer: byte-level pairs learnt from the training corpus."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from feedback.coach.corpus.pairs import exchanges
from feedback.coach.mini.prompting import CONTROLS, END, PAD, STYLE, plain, said_back, uncapped

READ = 6_000  # exchanges that the pairs are learnt from


def learn_tokenizer(size: int, seed: int, *, read: int = READ) -> Any:
    """A `tokenizers.Tokenizer` of `size` entries; the control tokens come first."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    core = Tokenizer(models.BPE())
    # The space in front of every first word makes a word the same token wherever it stands.
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(CONTROLS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator(_texts(seed, read), trainer)
    return core


def _texts(seed: int, read: int) -> Iterator[str]:
    for example in islice(exchanges(seed), read):
        yield said_back(example.seeker)
        yield uncapped(plain(example.volunteer, 200))
        yield example.reply


def save_tokenizer(core: Any, folder: Path) -> None:
    """As `AutoTokenizer` reads it, with the mark by which the engine knows how to ask."""
    from transformers import PreTrainedTokenizerFast

    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token=PAD,
        eos_token=END,
        additional_special_tokens=[token for token in CONTROLS if token not in (PAD, END)],
        prompt_style=STYLE,
        clean_up_tokenization_spaces=False,
    )
    wrapped.save_pretrained(folder)
