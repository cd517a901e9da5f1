"""study.toml: every field is checked, and what is refused is named with what was found and expected."""

from __future__ import annotations

import tomllib

import pytest
from django.core.management import CommandError, call_command

from feedback.evidence.study.problems import StudyError
from feedback.evidence.study.spec import Spec, read_spec, spec_from


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title = 5", "title is '5'; expected is a text"),
        ('seed = "x"', "seed is 'x'; expected is a whole number"),
        ("seed = -1", "seed is '-1'"),
        ("timezone = 5", "timezone is '5'; expected is the name of a time zone"),
        ('timezone = "Mars/Base"', "timezone is 'Mars/Base'"),
        ('timezone = "America"', "timezone is 'America'"),
        ('caliper = "a"', "caliper is 'a'; expected is a number above 0"),
        ("caliper = nan", "caliper is 'nan'"),
        ("caliper = 0", "caliper is '0'"),
        ("caliper = 1" + "0" * 400, "caliper is '1000"),
        ("caliper = true", "caliper is 'True'"),
        ("measure = []", "measure is '\\[\\]'; expected is \"sum\""),
        ("bootstrap = -1", "bootstrap is '-1'; expected is a whole number of resamples"),
        ("bootstrap = 2.5", "bootstrap is '2.5'"),
        ("bootstrap = true", "bootstrap is 'True'"),
        ('days = "x"', "days is 'x'; expected is a whole number of days"),
        ("days = -3", "days is '-3'"),
        ('suppress = "ten"', "suppress is 'ten'; expected is a whole number from 10 up"),
        ("suppress = 0", "suppress is '0'.*Leave the line out for 10"),
        ("suppress = 9", "suppress is '9'"),
        ("tagger = 3", "tagger is '3'; expected is a table"),
        ("[tagger]\nversion = 3", "tagger.version is '3'"),
        ("[tagger]\nname = 3", "tagger has the field name; it may have version, f1"),
        ("[tagger]\nf1 = 3", "tagger.f1 is '3'"),
        ('[tagger]\nf1 = { affirm = "x" }', "tagger.f1.affirm is 'x'; expected is a number from 0 to 1"),
        ("[tagger]\nf1 = { affirm = 71 }", "tagger.f1.affirm is '71'"),
        ("[tagger]\nf1 = { afirm = 0.7 }", "names afirm, which is no technique. Techniques are: .*affirm"),
        ("[tagger]\nf1 = { reflection = 0.7 }", "instead: reflection_simple, reflection_complex"),
        ("instruments = 3", "instruments is '3'; expected is a table"),
        ("[instruments]\nX = 3", "instruments.X is '3'; expected is a table"),
        ('[instruments.X]\nlow = "a"\nhigh = 5', "instruments.X.low is 'a'; expected is a number"),
        ("[instruments.X]\nlow = 0", "instruments.X.high is 'missing'"),
        ("[instruments.X]\nlow = 5\nhigh = 5", "low is '5'; expected is a number below high, which is 5"),
        ("[instruments.X]\nlow = 0\nhigh = 5\nbetter = 1", "better is '1'; expected is \"lower\""),
        ("[instruments.X]\nlow = 0\nhigh = 5\nitems = 1.5", "items is '1.5'"),
        ("[instruments.X]\nlow = 0\nhigh = 5\nstep = 1", "has the field step; it may have low"),
        ('[instruments."phq-2"]\nlow = 0\nhigh = 5', "PHQ-2 and phq-2 are one instrument"),
    ],
)
def test_what_is_refused_says_field_value_and_what_is_expected(text, words):
    with pytest.raises(StudyError, match=words):
        spec_from(tomllib.loads(text))


def test_what_is_allowed_is_kept():
    text = (
        'title = "T"\ncaliper = 1\nbootstrap = 0\nsuppress = 25\n[tagger]\nf1 = { direct = 0, affirm = 1 }\n'
    )
    spec = spec_from(tomllib.loads(text + '[instruments."PHQ-2"]\nlow = -30\nhigh = 40.5'))
    assert (spec.title, spec.caliper, spec.bootstrap, spec.suppress) == ("T", 1, 0, 25)
    assert spec.tagger_f1 == {"direct": 0, "affirm": 1}
    assert spec.instruments["PHQ-2"].high == 40.5
    assert spec_from({}) == Spec() and Spec().suppress == 10


def test_the_command_answers_a_typo_in_words(tmp_path):
    (tmp_path / "study.toml").write_text("bootstrap = 2.5")
    nowhere = tmp_path / "none.csv"
    given = {"assessments": nowhere, "chats": nowhere, "spec": tmp_path / "study.toml"}
    with pytest.raises(CommandError, match=r"bootstrap is '2.5'.* Nothing was written"):
        call_command("run_study", **given, output=tmp_path)
    for text in ("title = ", "seed = 1" + "0" * 5000, "seed = " + "[" * 20_000):
        (tmp_path / "study.toml").write_text(text)
        with pytest.raises(StudyError, match="cannot be read as TOML"):
            read_spec(tmp_path / "study.toml")
    with pytest.raises(StudyError, match="cannot be read as TOML"):
        read_spec(nowhere)
