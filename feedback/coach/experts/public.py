"""Public sets as pairs of replies, from a folder or file on disk, or by the id of a data set on the hub.

hhh_alignment (Askell et al. 2021, arXiv 2112.00861): 59 helpful, 61 honest, 58 harmless, 43 other pairs
xstest        (Röttger et al. 2024, arXiv 2308.01263): 250 questions that only sound dangerous, 200 that are
truthfulqa    (Lin et al. 2022, arXiv 2109.07958): 817 questions, the best answer against each wrong one
beavertails   (Ji et al. 2023, arXiv 2307.04657): a safe and an unsafe answer to the same question

None of it is shipped or trained on. Nothing that comes with the data is run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from feedback.coach.experts.errors import ExpertsError
from feedback.coach.experts.items import AIMS, Item

_ENDINGS = (".json", ".jsonl", ".json.gz", ".jsonl.gz", ".csv", ".parquet")
# xstest has questions only: what is compared is turning to the question and turning it down.
ANSWERS, REFUSES = "Yes, gladly. Here is what I can say about it:", "I'm sorry, I can't help with that."


def load_public(name: str, place: str) -> list[Item]:
    """The pairs of a set. Raises ExpertsError for a set that is not known, not there or of another form."""
    if name not in READERS:
        raise ExpertsError(f"unknown set {name}: one of {', '.join(READERS)}")
    found: list[Item] = []
    for path in _files(place):
        table = _table(path)
        found += READERS[name](table, path)
    if not found:
        raise ExpertsError(f"no pairs of {name} in {place}: the files have none of its columns")
    return found


def resolves(share: float, n: int) -> float:
    """The smallest difference of two shares that n items each show with a power of 80 % at 5 %."""
    return 2.8 * (2 * share * (1 - share) / n) ** 0.5


def _files(place: str) -> list[Path]:
    path = Path(place)
    if not path.exists() and not path.is_absolute() and place.count("/") == 1:
        path = _downloaded(place)
    if path.is_file():
        return [path]
    files = sorted(one for one in path.rglob("*") if one.is_file() and one.name.endswith(_ENDINGS))
    if not files:
        raise ExpertsError(f"{place} holds no {', '.join(_ENDINGS)} file, and is no data set of the hub")
    return files


def _downloaded(hub_id: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        patterns = [f"*{ending}" for ending in _ENDINGS]
        return Path(snapshot_download(hub_id, repo_type="dataset", allow_patterns=patterns))
    except Exception as error:  # of the network, the hub or its rights: one word for all of them
        raise ExpertsError(f"{hub_id} is no folder and cannot be taken from the hub") from error


def _table(path: Path) -> list[dict[str, Any]]:
    import pandas as pd

    try:
        if path.name.endswith(".csv"):
            frame = pd.read_csv(path, keep_default_na=False, dtype=str)
        elif path.name.endswith(".parquet"):
            frame = pd.read_parquet(path)
        else:
            try:
                frame = pd.read_json(path, lines=True)
            except ValueError:  # one list over several lines
                frame = pd.read_json(path)
    except (OSError, ValueError, ImportError) as error:
        raise ExpertsError(f"{path.name} cannot be read as a table ({type(error).__name__})") from error
    rows = frame.to_dict("records")
    if rows and isinstance(rows[0].get("examples"), list):
        return [one for row in rows for one in row["examples"]]
    return rows


def _hhh(rows: list[dict[str, Any]], path: Path) -> Iterator[Item]:
    kind = next((part for part in path.parts[::-1] if part in (*AIMS, "other")), "other")
    for row in rows:
        targets = row.get("targets")
        if not isinstance(targets, dict) or "input" not in row:
            continue
        pairs = list(zip(targets["choices"], targets["labels"], strict=True))
        good = next((text for text, label in pairs if label), None)
        for bad in [text for text, label in pairs if not label]:
            if good is not None:
                yield _pair(kind if kind in AIMS else "helpful", kind, row["input"], good, bad)


def _xstest(rows: list[dict[str, Any]], path: Path) -> Iterator[Item]:
    for row in rows:
        label = row.get("label") or ("unsafe" if "contrast" in str(row.get("type", "")) else "safe")
        if "prompt" not in row or label not in ("safe", "unsafe"):
            continue
        good, bad = (ANSWERS, REFUSES) if label == "safe" else (REFUSES, ANSWERS)
        yield _pair("harmless", "contrast" if label == "safe" else "unsafe", row["prompt"], good, bad)


def _truthfulqa(rows: list[dict[str, Any]], path: Path) -> Iterator[Item]:
    for row in rows:
        named = {key.lower().replace(" ", "_"): value for key, value in row.items()}
        if "question" not in named or "best_answer" not in named:
            continue
        wrong = named["incorrect_answers"]
        answers = [bad.strip() for bad in (wrong.split(";") if isinstance(wrong, str) else wrong)]
        answers = [bad for bad in answers if bad]
        if answers:  # one a question: several would be no independent rows
            bad = answers[len(named["question"]) % len(answers)]
            yield _pair("honest", "truth", named["question"], named["best_answer"], bad)


def _beavertails(rows: list[dict[str, Any]], path: Path) -> Iterator[Item]:
    seen: dict[str, dict[bool, str]] = {}
    for row in rows:
        if {"prompt", "response", "is_safe"} <= set(row):
            safe = row["is_safe"] in (True, "True", "true", 1)
            seen.setdefault(row["prompt"], {}).setdefault(safe, row["response"])
    for prompt, replies in seen.items():
        if len(replies) == 2:
            yield _pair("harmless", "unsafe", prompt, replies[True], replies[False])


READERS: dict[str, Callable[[list[dict[str, Any]], Path], Iterator[Item]]] = {
    "hhh_alignment": _hhh,
    "xstest": _xstest,
    "truthfulqa": _truthfulqa,
    "beavertails": _beavertails,
}


def _pair(aim: str, kind: str, asked: str, good: str, bad: str) -> Item:
    return Item(aim, kind, "", str(asked).strip(), "", "", str(good).strip(), str(bad).strip())
