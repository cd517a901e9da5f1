"""The messages that every contestant tags, as one JSON file that each process reads."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from bench.lines import LINES
from peersupport.practice.transcripts import read_transcript
from skills.corpora import own
from skills.tagger import TagInput
from skills.tagger.card import weights_folder
from skills.tagger.clean import clean, has_words, looks_english
from skills.tagger.encode import LIMIT, PREVIOUS_LIMIT, Encoder

SAMPLE = Path(__file__).resolve().parents[2] / "docs" / "samples" / "transcript.csv"


def gather(count: int) -> list[TagInput]:
    """The sample transcript, the measured volunteer's lines and every second own example, over and over.

    Cleaned; the previous message is cut to the tokens that the tagger reads of it. What the tagger answers
    without its network (no words, not English) is left out: nobody wins by doing nothing.
    """
    pieces = Tokenizer.from_file(str(weights_folder() / "tokenizer.json"))
    with_previous = [(example.text, example.previous) for example in own.read()][::2]
    alone = [(turn.text, "") for turn in read_transcript(SAMPLE).turns] + [(line, "") for line in LINES]
    some = [
        TagInput(clean(text)[0], last_tokens(clean(previous)[0].strip(), pieces))
        for text, previous in alone + with_previous
        if has_words(text) and looks_english(text)
    ]
    return [some[i % len(some)] for i in range(count)]


def last_tokens(previous: str, pieces: Tokenizer) -> str:
    """The end of a previous message, from the first whole word inside the PREVIOUS_LIMIT last tokens."""
    coded = pieces.encode(previous, add_special_tokens=False)
    if len(coded.ids) <= PREVIOUS_LIMIT:
        return previous
    kept = range(len(coded.ids) - PREVIOUS_LIMIT, len(coded.ids))
    start = next((place for place in kept if not coded.tokens[place].startswith("##")), None)
    return "" if start is None else previous[coded.offsets[start][0] :]


def write(items: list[TagInput], file: Path) -> None:
    file.write_text(json.dumps([[item.text, item.previous] for item in items]), encoding="utf-8")


def read(file: Path) -> list[TagInput]:
    return [TagInput(text, previous) for text, previous in json.loads(file.read_text(encoding="utf-8"))]


def lengths(items: list[TagInput]) -> list[int]:
    """Tokens of each pass of the network, special ones included."""
    encoder = Encoder(weights_folder() / "tokenizer.json")
    return [len(window.ids) for item in items for window in encoder.windows(item.text, item.previous)]


def description(items: list[TagInput]) -> dict:
    """How long the messages are, and how many the tagger reads in several passes and the peers cut."""
    encoder = Encoder(weights_folder() / "tokenizer.json")
    tokens = lengths(items)
    return {
        "messages": len(items),
        "different_messages": len(set(items)),
        "with_previous": sum(bool(item.previous) for item in items),
        "tokens_mean": round(float(np.mean(tokens)), 1),
        "tokens_p95": int(np.percentile(tokens, 95)),
        "tokens_longest": max(tokens),
        "token_limit": LIMIT,
        "longer_than_one_pass": sum(len(encoder.windows(i.text, i.previous)) > 1 for i in items),
    }
