"""Fuzzed generations and tag results on their way into a report, with the shipped tagger as the judge.

What is shown is judged by rules of this file's own, wider than the guard's: whatever has a dot inside a
word counts as a link, five digits as a number to call.
"""

from __future__ import annotations

import random
import re
import unicodedata
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from bench.promises import fuzz
from bench.promises.place import EMBEDDED, Place
from bench.promises.sheet import Figure

NUMBER = 17
TITLE = "Model output is checked"
RUNNERS = (EMBEDDED,)
SMALL, FULL = 80, 5000  # generated texts, and as many tag results

MOST_WORDS = 45
TURNS = (
    ("seeker", "I moved here in spring and I still know nobody. Most evenings I just sit there, so lonely."),
    ("counselor", "You should join a club and stop sitting at home."),
    ("seeker", "I tried that twice. Everybody there had known each other for years and I felt invisible."),
    ("counselor", "Did you talk to them? Are you shy? Do you work?"),
)
RUN = """
from django.conf import settings
settings.STORAGES["staticfiles"] = {{"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
from bench.promises.p17_model_output import run
answer = run({count})
"""


def measure(place: Place, count: int) -> list[Figure]:
    found = place.ask(RUN.format(count=count))
    return [
        Figure("generated texts", found["generated"], "", count, at_least=True),
        Figure("of them accepted by the guard", found["accepted"], "", 1, at_least=True),
        Figure("shown in a report, with the technique confirmed", found["shown"]),
        Figure("accepted with a link, address, number, markup or hidden character", found["unfit"], "", 0),
        Figure(f"suggested replies over {MOST_WORDS} words", found["long"], "", 0),
        Figure("elements and attributes of ours found on pages", found["unescaped"], "", 0),
        Figure("tag results", found["tagged"], "", count, at_least=True),
        Figure("spans outside their text", found["spans"], "", 0),
        Figure("codes outside the taxonomy", found["codes"], "", 0),
        Figure("probabilities outside 0 to 1", found["probabilities"], "", 0),
        Figure("reports that could not be made", found["failed"], "", 0),
    ]


@dataclass
class Tally:
    generated: int = 0
    accepted: int = 0
    shown: int = 0
    unfit: int = 0
    long: int = 0
    unescaped: int = 0
    tagged: int = 0
    spans: int = 0
    codes: int = 0
    probabilities: int = 0
    failed: int = 0
    examples: list[str] = field(default_factory=list)


def run(count: int, *, seed: int = 17) -> dict[str, Any]:
    """Reports over fuzzed rewordings, chats and tag results until `count` texts were generated."""
    from feedback.coach.bank import lines, techniques
    from feedback.coach.guard import guard
    from feedback.coach.reply_prompt import tidy
    from feedback.evidence.published import published_study
    from feedback.reports.session import session_report
    from skills.tagger import load_tagger
    from skills.tagger.card import read_card

    source, tally = random.Random(seed), Tally()
    good = [line.text for technique in techniques() for line in lines(technique, "general")]
    tagger, study, card = load_tagger(), published_study(), read_card()

    def reword(requests):
        texts = [tidy(fuzz.text(source, good)) for _ in requests]
        tally.generated += len(texts)
        for text in texts:
            _judge_text(tally, text, accepted=not guard(text))
        return texts

    while tally.generated < count or tally.tagged < count:
        turns = _turns(source, good, tagger)
        try:
            body = session_report(
                turns, study=study, card=card, embed=tagger.embed, retag=tagger.tag, reword=reword,
                coach="fuzz", seed=source.randint(0, 10**6), topic=source.choice(("loneliness", "no topic")),
            )  # fmt: skip
        except Exception as error:
            tally.failed += 1
            tally.examples.append(repr(error)[:200])
            if tally.failed > 20:
                break
            continue
        _judge_tags(tally, body)
        _judge_points(tally, body)
        tally.unescaped += _ours_on(_page(body))
    return vars(tally)


def _turns(source: random.Random, good: list[str], tagger) -> list:
    """The base chat, then a seeker's and a counselor's fuzzed message; half of the tag results are fuzzed."""
    from feedback.coach.turns import Turn
    from skills.tagger import TagInput

    said = [*TURNS, ("seeker", fuzz.text(source, good)), ("counselor", fuzz.text(source, good))]
    turns, heard = [], ""
    for index, (role, text) in enumerate(said, start=1):
        tags = None
        if role == "counselor":
            [tags] = tagger.tag([TagInput(text=text, previous=heard)])
            if index == len(said) or source.random() < 0.5:
                tags = _wild(source, tags, text)
        else:
            heard = text
        turns.append(Turn(index=index, role=role, text=text, tags=tags, message_id=f"m{index}"))
    return turns


def _wild(source: random.Random, tags, text: str):
    """A result of a broken model: spans anywhere or missing, codes off the list, odd numbers."""
    from skills.tagger import TagResult
    from skills.taxonomy import CODES

    numbers = (0.5, 0.99, -3.0, 7.0, float("nan"), float("inf"))
    codes = [*source.sample(CODES, 4), "made_up_code", f"<{fuzz.MARK}>"]
    places = (-9, -1, 0, len(text) // 2, len(text), len(text) + 1, 10**9)
    spans = {code: (source.choice(places), source.choice(places)) for code in codes if source.random() < 0.8}
    odd = {code: source.choice(numbers) for code in codes}
    empathy = {**tags.empathy, "interpretations": source.choice((0, 2, -1, 9)), "made_up": 2}
    return TagResult({**tags.probabilities, **odd}, [*tags.present, *codes], empathy, {**tags.spans, **spans})


def _judge_tags(tally: Tally, body: dict) -> None:
    from skills.taxonomy import CODES

    for message in body["messages"]:
        if not message["tagged"]:
            continue
        tally.tagged += 1
        for tag in message["tags"]:
            tally.codes += tag["code"] not in CODES
            tally.probabilities += not 0 <= tag["probability"] <= 1
            if tag["span"] is not None:
                start, stop = tag["span"]
                tally.spans += not 0 <= start < stop <= len(message["text"])
        tally.codes += len(set(message["probabilities"]) - set(CODES))
        tally.probabilities += sum(not 0 <= value <= 1 for value in message["probabilities"].values())
    tally.codes += sum(row["code"] not in CODES for row in body["mix"])


def _judge_points(tally: Tally, body: dict) -> None:
    for point in body["points"]:
        reply = point["alternative"]
        if reply is None:
            continue
        tally.long += len(reply["text"].split()) > MOST_WORDS
        if reply["source"] == "model":
            tally.shown += 1
            _judge_text(tally, reply["text"], accepted=True)


def _judge_text(tally: Tally, text: str, *, accepted: bool) -> None:
    tally.accepted += accepted
    if accepted and _unfit(text):
        tally.unfit += 1
        tally.examples.append(text[:200])


def _unfit(text: str) -> bool:
    plain = unicodedata.normalize("NFKC", text)
    hidden = any(unicodedata.category(char)[0] == "C" for char in text)
    link = re.search(r"\w\.\w\w|://|\bwww\b|@|\bdot\b|[a-z]:[a-z]", plain, re.IGNORECASE)
    number = sum(char.isdigit() for char in plain) >= 3
    markup = re.search(r"[<>{}\[\]`#|*_\\]|&\w+;", plain)
    return bool(hidden or link or number or markup or fuzz.MARK in plain.lower())


def _page(body: dict) -> str:
    """The report as its page and as `analyse` render it."""
    from django.template.loader import render_to_string

    from feedback.reports.analysis_page import page
    from feedback.reports.quotes import with_quotes

    about = {
        "messages": len(body["messages"]),
        "counselor": f"<{fuzz.MARK}>",
        "notices": [f"<b {fuzz.MARK}>"],
    }
    entries = [
        {**m, "speaker": f"<{fuzz.MARK}>", "risk": {"level": "none", "kinds": []}} for m in body["messages"]
    ]
    context = {"body": body, **with_quotes(body)}
    return render_to_string("feedback/_report_body.html", context) + page(
        {**body, "transcript": about, "messages": entries}, f"<{fuzz.MARK}>.csv"
    )


class _Finder(HTMLParser):
    """Counts elements and attributes that carry the mark: what is escaped is text, and is not seen here."""

    found = 0

    def handle_starttag(self, tag: str, attrs) -> None:
        self.found += any(fuzz.MARK in str(part).lower() for part in (tag, *attrs))


def _ours_on(html: str) -> int:
    finder = _Finder()
    finder.feed(html)
    return finder.found
