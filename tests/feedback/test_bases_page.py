"""The admin's pages of coach bases: what was measured, starting a merge, switching and going back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone

from feedback.bases import arms, runs, switching
from feedback.coach import digests, serving
from feedback.models import CoachMerge, CoachSwitch, DialCalibration, DialSwitch
from peersupport.audit.models import AuditEvent
from peersupport.jobs import queue
from peersupport.jobs.models import Job
from tests.feedback.bases import files_of_a_coach, fine_tunes, finished_merge, report

PAGE, START, UNDO = (reverse(f"feedback:coach-base{name}") for name in ("s", "-merge", "-undo"))
HTMX = {"HX-Request": "true"}


@pytest.fixture
def base(settings, tmp_path):
    settings.DATA_DIR, settings.COACH_MODEL = tmp_path, ""
    return files_of_a_coach(tmp_path / "tiny")


@pytest.fixture
def admin(client, people, base, django_capture_on_commit_callbacks):
    """The text of a page; with `post`, of the page that a POST leads to, with what follows the commit."""
    client.force_login(people.admin)

    def ask(address: str = PAGE, post: dict | None = None, *, status: int = 302, **headers) -> str:
        if post is None:
            return client.get(address, headers=headers).content.decode()
        with django_capture_on_commit_callbacks(execute=True):
            answer = client.post(address, post)
        assert answer.status_code == status
        return client.get(answer["Location"]).content.decode() if status == 302 else answer.content.decode()

    return ask


def page_of(merge) -> str:
    return reverse("feedback:coach-base", args=[merge.pk])


def step_of(merge) -> str:
    return reverse("feedback:coach-base-step", args=[merge.pk])


def verbs() -> list[str]:
    return list(
        AuditEvent.objects.filter(verb__startswith="coach_").order_by("id").values_list("verb", flat=True)
    )


def test_without_anything_it_says_what_to_do(admin, base, monkeypatch, tmp_path, settings):
    monkeypatch.setattr(arms, "FILE", tmp_path / "three_h.json")
    shown = admin()
    assert "<strong>tiny</strong> words suggested replies: the model that COACH_MODEL names." in shown
    assert "Not measured yet" in shown and f"train_experts --base {base} --output" in shown
    assert f'action="{START}"' not in shown and f'action="{UNDO}"' not in shown
    assert "Nobody has switched" in shown
    settings.COACH_MODEL = ""
    assert "No language model is configured" in admin()
    settings.COACH_MODEL = "somebody/some-model"
    assert "download the model" in admin()
    settings.COACH_MODEL = "coach-mini"
    assert "train_experts --base feedback/coach/weights/coach-mini --output" in admin()


def test_what_was_measured_is_read_from_its_file(admin, monkeypatch, tmp_path):
    file = tmp_path / "three_h.json"
    monkeypatch.setattr(arms, "FILE", file)
    told = report("equal-3x", "coach-mini") | {"serves": "equal-3x", "why": "The highest minimum."}
    told["models"]["equal-3x"]["over_refusal"] = None
    file.write_text(json.dumps(told))
    shown = admin()
    for part in ("The highest minimum.", "equal-3x", "0.641", "[0.591; 0.691]", "+0.031", "[+0.011; +0.051]"):
        assert part in shown
    assert ">300</td>" in shown and "(ships)" in shown
    assert "The plots run from 0.56 to 0.69" in shown and 'x1="0.0" x2="76.3"' in shown


def test_what_is_kept_of_the_experts_has_a_column_where_it_is_known(admin, monkeypatch, tmp_path):
    monkeypatch.setattr(arms, "FILE", tmp_path / "three_h.json")
    told = report("equal-3x", "coach-mini")
    arms.FILE.write_text(json.dumps(told))
    assert "Kept of the experts" not in admin()
    told["models"]["equal-3x"]["retention"] = {"helpful": 1.0101, "harmless": 0.9898}
    arms.FILE.write_text(json.dumps(told))
    shown = admin()
    assert '<th scope="col" class="number">Kept of the experts</th>' in shown
    assert '<td class="number">1.01 / – / 0.99</td>' in shown and "1 is all of it" in shown


def test_the_weights_that_ship_have_a_row_of_their_own(admin):
    assert arms.of_what_ships().serves in [row["label"] for row in arms.of_what_ships().rows]
    shown = admin()
    assert shown.count("(ships)") == 1 and shown.index("(ships)") < shown.index("What else was tried")


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"models": {"a": {}}}', '{"models": [1], "compared_with": 1}']
)
def test_a_file_that_cannot_be_read_is_no_report(admin, monkeypatch, tmp_path, text):
    monkeypatch.setattr(arms, "FILE", tmp_path / "three_h.json")
    (tmp_path / "three_h.json").write_text(text)
    assert "Not measured yet" in admin()


def test_a_report_with_missing_parts_is_no_report():
    whole = report("one", "coach-mini")
    assert arms.table(whole).items == 300
    for broken in (whole | {"compared_with": "two"}, whole | {"differences": {"one": {"difference": 0.1}}}):
        assert arms.table(broken) is None


def test_a_merge_is_asked_for_once_and_stands_in_the_audit_log(admin, base, people):
    fine_tunes(base, "helpful", "honest", moved=False)
    (base.parent / "models" / "experts" / "harmless").mkdir()
    (base.parent / "models" / "experts" / "harmless" / "checkpoint.pt").write_bytes(b"x")
    lora = base.parent / "models" / "experts" / "honest-lora"
    lora.mkdir()
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        (lora / name).write_text("{}")
    (lora / "training.json").write_text('{"arm": {"shares": {"honest": 1.0}, "steps": 60}, "minutes": 2.1}')
    shown = admin()
    assert "honest; 60 steps, LoRA, 2 minutes" in " ".join(shown.split())
    assert shown.count('name="method"') == 12 and shown.count('name="experts"') == 3
    assert "harmless: not finished yet." in shown and "helpful; 600 steps" in shown
    given = {"method": "ties", "experts": ["helpful", "honest"], "scale": "0.8"}
    for _ in range(2):
        shown = admin(START, given)
    assert "It waits for the batch worker." in shown and 'name="method"' not in shown
    merge = CoachMerge.objects.get()
    assert merge.recipe == {
        "method": "ties",
        "experts": ["helpful", "honest"],
        "parameters": {"lambda": 0.8},
    }
    assert (merge.asked_by, merge.base) == (people.admin, "tiny")
    assert Job.objects.filter(kind=runs.MERGE, lane="batch").count() == 1
    assert verbs() == ["coach_merge"]


def test_a_form_that_is_refused_keeps_what_was_typed(admin, base):
    fine_tunes(base, "helpful", "honest", moved=False)
    shown = admin(
        START, {"method": "average", "experts": ["honest", "helpful"], "density": "0.4"}, status=400
    )
    assert "The method average has no density: leave it empty." in shown
    assert (
        'value="0.4"' in shown
        and 'value="honest" checked' in shown
        and 'value="average" required checked' in shown
    )
    assert not CoachMerge.objects.exists()
    assert verbs() == []


def test_the_page_of_a_merge_shows_recipe_vectors_and_report(admin, people):
    merge = finished_merge(people.admin, whole=True)
    shown = admin(page_of(merge))
    for part in (
        "helpful, honest",
        "0.120",
        "1.200",
        "0.4200",
        "Better on the primary measure.",
        "density",
        "0.3",
    ):
        assert part in shown
    assert "[+0.011; +0.051]" in shown and "it may be chance" not in shown
    assert "A merge has no dials" in shown and 'value="switch"' in shown and 'name="read"' not in shown
    assert merge.name in admin() and "minimum +0.031 [+0.011; +0.051] from tiny" in admin()


def test_a_switch_and_its_undo_are_noticed_audited_and_shown(admin, people):
    merge = finished_merge(people.admin, whole=True)
    shown = admin(step_of(merge), {"step": "switch"})
    assert f"{merge.name} is switched on: workers use it" in shown and "It serves now." in shown
    assert serving.resolved().merge == merge.name
    assert f"<strong>{merge.name}</strong> words suggested replies" in admin()
    assert f"<strong>{merge.name}</strong> words suggested replies, a merge of" in admin(
        reverse("feedback:models")
    )
    [made] = CoachSwitch.objects.all()
    assert (made.before, made.after, made.person, made.worse) == (None, merge, people.admin, False)
    assert (
        "Undo: back to COACH_MODEL&#x27;s own model" in admin()
        or "Undo: back to COACH_MODEL's own model" in admin()
    )
    assert "It is switched on already" in admin(step_of(merge), {"step": "switch"})
    shown = admin(UNDO, {})
    assert "tiny is switched on" in shown and serving.resolved().merge == ""
    assert "There is no switch to take back" in admin(UNDO, {})
    assert verbs() == ["coach_switch", "coach_undo"]
    assert admin().count("went back to") == 1


def test_dials_that_were_on_are_calibrated_for_the_new_weights(admin, people):
    merge = finished_merge(people.admin, whole=True)
    known = {"model": "tiny", "fingerprint": "abc", "finished_at": timezone.now()}
    made = DialCalibration.objects.create(behaviour="warmth", asked_by=people.admin, **known)
    DialSwitch.objects.create(behaviour="warmth", fingerprint="abc", before_on=False, on=True, after=made)
    admin(step_of(merge), {"step": "switch"})
    [asked] = DialCalibration.objects.exclude(pk=made.pk)
    assert (asked.behaviour, asked.model) == ("warmth", merge.name)
    assert Job.objects.get(kind="dial_calibration").subject == str(asked.pk)
    admin(UNDO, {})  # back to weights that are calibrated
    assert DialCalibration.objects.count() == 2


def test_undo_goes_back_step_by_step_and_the_own_model_can_always_serve(admin, people):
    one = finished_merge(people.admin, whole=True)
    admin(step_of(one), {"step": "switch"})
    two = finished_merge(people.admin, whole=True)
    assert two.report["compared_with"] == one.name
    admin(step_of(two), {"step": "switch"})
    assert f"Undo: back to {one.name}" in admin()
    shutil.rmtree(switching.folder_of(one))
    assert f"{one.name} cannot serve: its files are not in DATA_DIR/models/coach any more" in admin(UNDO, {})
    assert serving.resolved().merge == two.name
    admin(UNDO, {"to": "own"})
    assert serving.resolved().merge == "" and verbs()[-1] == "coach_switch"
    assert "COACH_MODEL&#x27;s own model serves already" in admin(UNDO, {"to": "own"})
    admin(UNDO, {})
    assert serving.resolved().merge == two.name


def refused(admin, merge, words: str, **fields) -> None:
    before = serving.resolved()
    assert words in admin(step_of(merge), {"step": "switch", **fields})
    assert serving.resolved() == before and not CoachSwitch.objects.exists()


def test_what_is_worse_is_switched_on_only_by_who_says_to_have_read_it(admin, people):
    merge = finished_merge(people.admin, difference=-0.05, whole=True)
    shown = admin(page_of(merge))
    assert "Worse on the primary measure." in shown and 'name="read"' in shown
    refused(admin, merge, "tick that you have read so")
    refused(admin, merge, "tick that you have read so", read="0")
    admin(step_of(merge), {"step": "switch", "read": "1"})
    assert serving.resolved().merge == merge.name and CoachSwitch.objects.get().worse
    assert "had read that it is worse" in admin()


def test_a_difference_that_may_be_chance_says_so(admin, people):
    assert "it may be chance" in admin(page_of(finished_merge(people.admin, difference=0.01, whole=True)))


def test_what_cannot_serve_cannot_be_switched_on(admin, people, base, settings):
    merge = finished_merge(people.admin, whole=True)
    CoachMerge.objects.filter(pk=merge.pk).update(found="")
    refused(admin, merge, "not measured yet")
    CoachMerge.objects.filter(pk=merge.pk).update(found=merge.found)
    weights = switching.folder_of(merge) / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(b"cut short")
    refused(admin, merge, "its files are damaged or incomplete")
    weights.write_bytes(whole)
    (base / "config.json").write_text((base / "config.json").read_text() + "\n")
    refused(admin, merge, "another model than COACH_MODEL names now")


def test_compared_with_something_else_than_serves(admin, people):
    one, two = (finished_merge(people.admin, whole=True) for _ in range(2))
    admin(step_of(one), {"step": "switch"})
    assert f"compared with tiny, but {one.name} serves: compare it anew" in admin(page_of(two))
    assert "compare it anew" in admin(step_of(two), {"step": "switch"})
    assert serving.resolved().merge == one.name
    assert "It waits for the batch worker." in admin(step_of(two), {"step": "again"})
    assert "A merge is under way" in admin(step_of(one), {"step": "again"})
    assert verbs() == ["coach_switch", "coach_merge_again"]


def test_a_merge_that_went_away_is_said_clearly_and_the_base_serves(admin, people):
    merge = finished_merge(people.admin, whole=True)
    admin(step_of(merge), {"step": "switch"})
    shutil.rmtree(switching.folder_of(merge))
    shown = admin()
    assert f"{merge.name} is switched on and does not serve: its files are not in" in shown
    assert "Until then tiny serves" in shown and "<strong>tiny</strong> words" in shown
    assert "is switched on and cannot serve" in admin(reverse("feedback:models"))
    admin(UNDO, {})
    assert "does not serve" not in admin()


def test_progress_is_polled_until_the_page_is_new(admin, people):
    merge = finished_merge(people.admin)
    job = queue.enqueue(runs.MERGE, merge.pk, ordering_key=runs.MERGE)
    Job.objects.filter(pk=job.pk).update(
        status="running", progress=0.42, checkpoint={"stage": "measuring tiny"}
    )
    for address in (PAGE, page_of(merge)):
        shown = admin(address, **HTMX)
        assert "<html" not in shown and 'hx-trigger="every 3s"' in shown
        assert "42 %: measuring tiny." in shown and f'hx-get="{address}"' in shown
    assert 'value="cancel"' in admin(page_of(merge))
    shown = admin(step_of(merge), {"step": "cancel"})
    assert verbs() == ["coach_merge_cancel"] and "It waits" not in shown
    assert f'data-said="{merge}: Cancelled"' in shown
    assert "nothing to cancel" in admin(step_of(merge), {"step": "cancel"})
    assert admin(PAGE, **HTMX) == "" == admin(page_of(merge), **HTMX)


def test_what_failed_says_why_and_can_be_tried_again(admin, people):
    merge = finished_merge(people.admin, error="The disk is full: nothing of the merge was kept.")
    CoachMerge.objects.filter(pk=merge.pk).update(found="")
    for address in (PAGE, page_of(merge)):
        assert f'data-said="{merge}: The disk is full' in admin(address)
    assert "Try again" in admin(page_of(merge))
    Job.objects.create(
        kind=runs.MERGE, lane="batch", subject=str(merge.pk), status="quarantined", error="OSError\nx"
    )
    assert "set aside after repeated failures (OSError)" in admin(page_of(merge))


def test_weights_are_deleted_by_who_is_sure_and_never_those_that_serve(admin, people):
    merge = finished_merge(people.admin, whole=True)
    assert "tick the box" in admin(step_of(merge), {"step": "erase"})
    admin(step_of(merge), {"step": "switch"})
    assert "It is switched on: let another model serve first" in admin(
        step_of(merge), {"step": "erase", "sure": "1"}
    )
    admin(UNDO, {})
    shown = admin(step_of(merge), {"step": "erase", "sure": "1"})
    assert "Its weights were deleted; recipe and report stay." in shown and "+0.031" in shown
    assert not switching.folder_of(merge).exists() and verbs()[-1] == "coach_merge_erase"
    assert "Its weights were deleted" in admin(step_of(merge), {"step": "switch"})
    assert "start a new merge" in admin(step_of(merge), {"step": "again"})


def test_a_merge_or_step_that_there_is_not(client, people, base):
    client.force_login(people.admin)
    merge = finished_merge(people.admin)
    for address in (f"{PAGE}99999/", f"{PAGE}{10**30}/"):
        assert client.get(address).status_code == 404
        assert client.post(f"{address}step/", {"step": "switch"}).status_code == 404
    assert client.post(step_of(merge), {"step": "explode"}).status_code == 404


def test_the_sweeper_mends_a_switch_that_was_cut_short(people, base):
    merge = finished_merge(people.admin, whole=True)
    (serving.home() / ".part-77").mkdir()
    (serving.home() / ".part-78.partial").mkdir()
    CoachMerge.objects.filter(pk=merge.pk).update(active=True)
    assert serving.resolved().merge == ""
    switching.chore()
    assert serving.resolved().merge == merge.name
    assert {path.name for path in serving.home().iterdir()} == {"serving", merge.name, digests.STAMPS}
    CoachMerge.objects.update(active=False)
    switching.chore()
    assert serving.resolved().merge == ""


def test_the_sweeper_leaves_the_folder_of_a_merge_that_begins_while_it_looks(db, base, monkeypatch):
    real, begun = Path.glob, []

    def glob(path, pattern):
        if not begun:
            begun.append(switching.part_folder(5))
            begun[0].mkdir(parents=True)
            queue.enqueue(runs.MERGE, 5)
        return real(path, pattern)

    monkeypatch.setattr(Path, "glob", glob)
    switching.chore()
    assert begun[0].is_dir()


def test_backups_leave_out_what_is_being_written(base, people, tmp_path):
    import tarfile

    from peersupport import archives

    merge = finished_merge(people.admin, whole=True)
    (serving.home() / ".part-7.partial").mkdir()
    (serving.home() / ".part-7.partial" / "model.safetensors").write_bytes(b"half")
    with tarfile.open(tmp_path / "made.tar.gz", "w:gz", dereference=True) as archive:
        archives.pack(archive, tmp_path / "models", "models")
        names = archive.getnames()
    assert f"models/coach/{merge.name}/model.safetensors" in names
    assert not [name for name in names if ".part-" in name]
