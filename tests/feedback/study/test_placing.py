"""One study's files in a folder: never beside another's, whatever is broken off in between."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from feedback.evidence.study import output, simulate
from feedback.evidence.study.placing import OURS, RESULT, UNFINISHED, place
from feedback.evidence.study.problems import Problems, StudyError
from feedback.evidence.study.spec import Spec


def files(**texts: str):
    """What `place` is to write: names (with _ for .) and texts."""

    def write(folder: Path) -> list[str]:
        for name, text in named.items():
            (folder / name).write_text(text)
        return list(named)

    named = {name.replace("_", "."): text for name, text in texts.items()}
    return write


def run(title: str) -> dict:
    return {"format": "study-2", "title": title, "rq1": {}, "rq2": {}, "flow": {}}


def test_what_an_earlier_run_left_goes_and_other_files_stay(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    problems = Problems()
    problems.add("chats", 2, "start", "what", "todo")
    assert "errors.csv" in output.write(run("Ours"), problems, tmp_path, {"report.html": "first"})
    output.write(run("Ours"), Problems(), tmp_path, {"report.html": "second"})
    assert {path.name for path in tmp_path.iterdir()} == {"notes.txt", RESULT, "flow.csv", "report.html"}
    assert (tmp_path / "report.html").read_text() == "second"


def test_the_folder_of_another_study_is_refused_and_stays_as_it_is(tmp_path):
    output.write(run("Ours"), Problems(), tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(StudyError, match="holds the study “Ours”, and this one is “Theirs”"):
        output.write(run("Theirs"), Problems(), tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    (tmp_path / RESULT).write_text("{}")
    with pytest.raises(StudyError, match="no study's"):
        output.write(run("Ours"), Problems(), tmp_path)


def test_studies_that_nobody_named_are_told_apart_by_their_data(tmp_path):
    first = run(Spec.title) | {"data_sha256": "1" * 64}
    output.write(first, Problems(), tmp_path)
    output.write(first, Problems(), tmp_path)
    with pytest.raises(StudyError, match="a study of other data, and neither has a title"):
        output.write(first | {"data_sha256": "2" * 64}, Problems(), tmp_path)


def test_a_file_that_is_named_twice_comes_once(tmp_path):
    place(tmp_path, "t", lambda folder: files(result_json='{"title": "t", "rq2": {}}')(folder) * 2, str)
    assert [path.name for path in tmp_path.iterdir()] == [RESULT]


def test_no_two_instruments_share_their_files():
    names = ["PHQ-2", "PHQ 2", "phq-2", "Распорядок", "Настроение", "GAD-7"]
    assert [output.slug(name) for name in names][::5] == ["phq-2", "gad-7"]
    assert len({output.slug(name) for name in names}) == len(names)
    assert all(OURS.fullmatch(f"love-{output.slug(name)}.svg") for name in names)


def test_the_command_refuses_before_it_reads_anything(tmp_path):
    output.write(run("Ours"), Problems(), tmp_path / "out")
    given = dict.fromkeys(("assessments", "chats"), tmp_path / "nowhere.csv")
    with pytest.raises(CommandError, match=r"holds the study “Ours”.*Nothing was written"):
        call_command("run_study", **given, output=tmp_path / "out")


@pytest.mark.parametrize("steps", range(7))
def test_broken_off_at_any_step_it_is_no_mixture(tmp_path, monkeypatch, steps):
    """It ends before the unlink or the move that comes after so many; there are six."""
    body = '{"title": "t", "rq2": {}, "run": '
    first = files(result_json=f"{body}1}}", flow_csv="1", errors_csv="1")
    second = files(result_json=f"{body}2}}", flow_csv="2", report_html="2")
    place(tmp_path, "t", first, str)
    left = iter(range(steps))

    def stepping(real):
        def step(self, *args):
            if next(left, None) is None:
                raise KeyboardInterrupt
            return real(self, *args)

        return step

    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt) if steps < 6 else nullcontext():
        broken.setattr(Path, "unlink", stepping(Path.unlink))
        broken.setattr(Path, "replace", stepping(Path.replace))
        place(tmp_path, "t", second, str)
    texts = {path.name: path.read_text() for path in tmp_path.iterdir() if OURS.fullmatch(path.name)}
    assert len({text[-2] if name == RESULT else text for name, text in texts.items()}) <= 1
    assert RESULT not in texts or len(texts) == 3
    assert (tmp_path / UNFINISHED).exists() is (steps < 6)
    place(tmp_path, "t", second, str)
    assert {path.name for path in tmp_path.iterdir()} == {RESULT, "flow.csv", "report.html"}
    assert (tmp_path / "flow.csv").read_text() == "2"


def test_every_file_of_a_study_is_known_as_one(tmp_path):
    data, out = tmp_path / "data", tmp_path / "out"
    simulate.write(simulate.simulate(200, seed=3), data)
    (data / "study.toml").write_text("bootstrap = 0\n")
    given = {name: data / f"{name}.csv" for name in ("assessments", "chats", "seekers", "providers")}
    call_command("run_study", **given, spec=data / "study.toml", output=out)
    names = [path.name for path in out.iterdir()]
    assert len(names) > 8 and all(OURS.fullmatch(name) for name in names)
