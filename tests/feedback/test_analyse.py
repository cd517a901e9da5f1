"""`manage.py analyse` on the sample transcript: what stands in the report, and that it stands there again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import call_command

from feedback.evidence.grades import LOOKS
from skills.taxonomy import CODES

SAMPLE = Path(__file__).resolve().parents[2] / "docs" / "samples" / "transcript.csv"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("analyse")
    call_command("analyse", input=str(SAMPLE), output=str(folder / "a.json"), html=str(folder / "a.html"))
    return folder


@pytest.fixture(scope="module")
def body(made):
    return json.loads((made / "a.json").read_text(encoding="utf-8"))


def test_every_message_of_the_counselor_is_tagged_and_no_other(body):
    assert len(body["messages"]) == 107
    assert [entry["index"] for entry in body["messages"]] == list(range(1, 108))
    assert body["messages"][0]["line"] == 2
    for entry in body["messages"]:
        assert entry["tagged"] == (entry["role"] == "counselor")
        if not entry["tagged"]:
            assert entry["probabilities"] is None
            continue
        assert set(entry["probabilities"]) == set(CODES)
        assert all(0 <= chance <= 1 for chance in entry["probabilities"].values())
        for tag in entry["tags"]:
            start, stop = tag["span"]
            assert 0 <= start < stop <= len(entry["text"])
            assert tag["grade"]["key"] in LOOKS


def test_the_chat_has_figures_with_n_strengths_and_at_most_two_points(body):
    assert body["status"] == "ready"
    assert len(body["strengths"]) >= 1
    assert 1 <= len(body["points"]) <= 2
    for point in body["points"]:
        assert point["goal"].startswith("The goal is")
        assert point["alternative"]["source"] == "authored"
    assert body["ratios"]["reflections_to_questions"]["text"]
    assert all(row["n"] == 53 for row in body["mix"])


def test_versions_of_everything_used(body):
    versions = body["versions"]
    assert versions["coach"] is None
    assert len(versions["tagger_sha256"]) == 64
    for name in ("tagger", "study", "report", "alternatives", "safety", "peersupport"):
        assert versions[name], name


def test_the_same_transcript_gives_the_same_bytes(made):
    call_command("analyse", input=str(SAMPLE), output=str(made / "b.json"), html=str(made / "b.html"))
    assert (made / "a.json").read_bytes() == (made / "b.json").read_bytes()
    assert (made / "a.html").read_bytes() == (made / "b.html").read_bytes()


def test_the_page_stands_alone(made):
    page = (made / "a.html").read_text(encoding="utf-8")
    assert page.count("<h1>") == 1
    assert page.count("http") == page.count('xmlns="http://www.w3.org/2000/svg"') == 1
    assert "<script" not in page
    assert "@import" not in page
    assert "--ground" in page


def test_other_forms_and_a_named_counselor(tmp_path, capsys):
    pasted = "Sam: I feel so alone since she left\nKim: It sounds like the evenings are empty now.\n"
    jsonl = "\n".join(
        json.dumps({"speaker": line.split(": ")[0], "text": line.split(": ")[1]})
        for line in pasted.splitlines()
    )
    made = []
    for name, text in (("chat.txt", pasted), ("chat.jsonl", jsonl)):
        source, target = tmp_path / name, tmp_path / f"{name}.json"
        source.write_text(text, encoding="utf-8")
        call_command("analyse", input=str(source), output=str(target), counselor="kim")
        body = json.loads(target.read_text(encoding="utf-8"))
        assert body["transcript"]["counselor"] == "Kim"
        made.append(body["messages"])
    assert made[0] == made[1]
    call_command("analyse", input=str(source), output=str(target))
    assert "--counselor" in capsys.readouterr().err  # a guess is said aloud


def test_markup_in_a_message_stays_text(tmp_path):
    source = tmp_path / "x.csv"
    source.write_text('speaker,text\nseeker,"<script>alert(1)</script>"\ncounselor,"a <b>bold</b> step"\n')
    call_command("analyse", input=str(source), output=str(tmp_path / "o.json"), html=str(tmp_path / "o.html"))
    page = (tmp_path / "o.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "<b>bold" not in page


def test_the_page_says_what_the_tagger_could_not_read(tmp_path):
    source = tmp_path / "x.txt"
    german = "Das klingt wirklich schwer, magst du mir mehr davon erzählen?"
    source.write_text(f"Seeker: hello\nCounselor: {german}\n", encoding="utf-8")
    call_command("analyse", input=str(source), output=str(tmp_path / "o.json"), html=str(tmp_path / "o.html"))
    page = (tmp_path / "o.html").read_text(encoding="utf-8")
    notice = page[page.index("do not look like English") :]
    assert '<a href="#m2">2</a>' in notice[: notice.index("</p>")]


def test_a_sign_of_risk_overrides_the_points(tmp_path):
    source = tmp_path / "x.txt"
    source.write_text("Seeker: I want to kill myself tonight\nCounselor: You should go for a run.\n")
    call_command("analyse", input=str(source), output=str(tmp_path / "o.json"))
    body = json.loads((tmp_path / "o.json").read_text(encoding="utf-8"))
    assert body["messages"][0]["risk"]["level"] == "explicit"
    assert body["crisis"]["checklist"]
    assert [point["alternative"] for point in body["points"]] == [None] * len(body["points"]) != []
