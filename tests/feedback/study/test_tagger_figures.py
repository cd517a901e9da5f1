"""F1 of a study's tagger: of the codes that were counted, from study.toml or the card of the named tagger."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command

from feedback.evidence.study import simulate
from feedback.evidence.study.spec import read_spec, spec_from
from feedback.studies.tagging import measured, with_card
from skills.tagger.card import OWN_LINES, WEIGHTS, read_card

CARD = read_card(WEIGHTS)


def test_the_card_of_the_named_tagger_fills_what_is_not_written():
    spec = with_card(spec_from({"tagger": {"version": CARD["version"], "f1": {"affirm": 0.9}}}))
    assert spec.tagger_f1["affirm"] == 0.9
    assert spec.tagger_f1["open_question"] == CARD["codes"]["open_question"]["f1"]
    assert spec.tagger_f1["explorations"] == CARD["empathy"][2]["macro_f1"]
    assert "open_question" in spec.from_card and "affirm" not in spec.from_card


def test_figures_of_our_own_lines_alone_are_not_taken():
    own = [code for code, row in CARD["codes"].items() if row["source"] == OWN_LINES]
    assert own and not set(own) & set(measured(CARD))


@pytest.mark.parametrize("version", ["", "tagger-of-somebody-else"])
def test_a_tagger_without_a_card_here_stays_unknown(version):
    spec = with_card(spec_from({"tagger": {"version": version}}))
    assert (dict(spec.tagger_f1), spec.from_card) == ({}, ())


def test_the_sample_has_an_f1_of_every_code_that_its_chats_count(settings):
    samples = settings.BASE_DIR / "docs" / "samples"
    head = (samples / "study_chats.csv").read_text().splitlines()[0].split(",")
    counted = {name.removeprefix("technique:") for name in head if name.startswith("technique:")}
    assert counted == set(read_spec(samples / "study.toml").tagger_f1)


def test_a_result_says_which_codes_were_counted_and_which_f1_is_of_the_card(tmp_path):
    data, out = tmp_path / "data", tmp_path / "out"
    simulate.write(simulate.simulate(200, seed=3), data)
    spec = f'bootstrap = 0\n[tagger]\nversion = "{CARD["version"]}"\n'
    (data / "study.toml").write_text(spec)
    given = {name: data / f"{name}.csv" for name in ("assessments", "chats")}
    call_command("run_study", **given, spec=data / "study.toml", output=out)
    result = json.loads((out / "result.json").read_text())
    assert result["counted"]["question"] == ["open_question"]
    notes = result["rq2"]["PHQ-2"]["mi"]["notes"]
    assert any(note.startswith(f"F1 from the card of {CARD['version']}: ") for note in notes)
    assert any("finds emphasize_autonomy, seek_collaboration" in note for note in notes)
