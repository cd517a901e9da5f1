"""The admins' page of studies, and the way a result of run_study gets there."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from feedback.evidence.published import published_study
from feedback.models import EvidenceStudy, StudyImport, StudyPublication
from feedback.studies import rows as studies
from peersupport.audit.models import AuditEvent
from peersupport.people.models import Role, User

TERM = {"beta": -0.05, "se": 0.01, "p": 0.0001, "ci": [-0.07, -0.03], "survives_bh": True}
RESULT = {
    "title": "Our line",
    "partial": [],
    "rq2": {"PHQ-9": {"mi": {"terms": {"reflection": TERM}, "n_seekers": 900, "n_obs": 1400}}},
    "spec": {
        "tagger_f1": {"reflection_simple": 0.71, "reflection_complex": 0.65},
        "instruments": {"PHQ-9": {"better": "lower"}},
    },
}


@pytest.fixture
def admin(people):
    client = Client()
    client.force_login(people.admin)
    return client


@pytest.fixture
def own(content):
    return studies.save_study(replace(published_study(), slug="own", version="1", kind="own"))


def step(client: Client, study: EvidenceStudy, name: str, **fields):
    given = {"step": name, "sure": "1", **fields}
    return client.post(reverse("feedback:study-step", args=[study.pk]), given, follow=True)


def asked(client: Client, study: EvidenceStudy, name: str) -> str:
    return step(client, study, name, sure="").content.decode()


def test_a_result_comes_in_and_serves_once_it_is_published(content, admin, tmp_path, capsys):
    (tmp_path / "result.json").write_text(json.dumps(RESULT))
    call_command("import_study", result=tmp_path, study_version="2026.1")
    assert "own 2026.1 kept, 1 effects" in capsys.readouterr().out
    row = EvidenceStudy.objects.get(slug="own")
    assert studies.serving_name() == "yang2024 2024.1"
    page = step(admin, row, "propose").content.decode()
    assert "only admin" in page and "serves" in page
    assert studies.grades_for({"reflection_simple"})["reflection_simple"].key == "helpful"
    assert "published" in admin.get(reverse("feedback:studies")).content.decode()


def test_the_proposer_has_no_publish_button_and_is_refused(own, people, admin):
    User.objects.create_user(username="second", password="a-long-password", role=Role.ADMIN)
    page = step(admin, own, "propose").content.decode()
    assert "Publish now…" not in page and "Withdraw…" in page
    assert "another admin has to publish it" in step(admin, own, "publish").content.decode()
    assert StudyPublication.objects.get().published_at is None


def test_withdrawn_it_stands_there_as_kept(own, people, admin):
    step(admin, own, "propose")
    assert "kept" in step(admin, own, "withdraw").content.decode()
    assert studies.serving_name() == "yang2024 2024.1"


def test_before_it_is_published_the_page_says_what_changes(content, admin, people):
    """With one admin the button says "Publish now" and asks first; nothing serves before the answer."""
    found = {"partial": [{"part": "empathy", "instrument": "PHQ-9", "error": "no counts"}]}
    balance = {"prior_chats": {"before": 40, "after": -12.34}, "age": {"before": 9, "after": 9}}
    found["rq1"] = {"PHQ-9": {"balance": balance}}
    effects = [replace(one, stars="", survives_bh=False) for one in published_study().effects]
    study = replace(published_study(), slug="own", version="1", kind="own", effects=tuple(effects))
    own = studies.save_study(study)
    StudyImport.objects.create(version="1", found=json.dumps(found), study=own)
    listed = admin.get(reverse("feedback:studies")).content.decode()
    assert "Publish now…" in listed and "Propose" not in listed
    page = asked(admin, own, "propose")
    assert "Publish own 1 now?" in page and not StudyPublication.objects.exists()
    row = page[page.index("Simple reflection") :][:900]
    assert row.index("Helpful") < row.index("No link found")
    assert "earlier chats, PHQ-9: 12.3 %" in page.lower().replace("phq", "PHQ") and "Age" not in page
    assert "only partly done" in page and "<li>Empathy, PHQ-9: no counts</li>" in page
    step(admin, own, "propose")
    page = asked(admin, own, "withdraw")
    assert "Withdraw own 1?" in page and studies.serving_name() == "own 1"
    row = page[page.index("Simple reflection") :][:900]
    assert row.index("No link found") < row.index("Helpful")
    assert "partly done" not in page


def test_a_comparison_of_chats_that_failed_is_no_technique_without_a_figure(content, own, admin):
    failed = {"part": "rq1", "instrument": "PHQ-2", "error": "no match within the caliper."}
    brought = StudyImport.objects.create(version="1", found=json.dumps({"partial": [failed]}), study=own)
    page = asked(admin, own, "propose")
    assert "only partly done" in page and "could not be compared between matched periods" in page
    assert "<li>PHQ-2: no match within the caliper.</li>" in page
    assert "Rq1" not in page and "come without a figure of your own" not in page
    family = {"part": "mi", "instrument": "PHQ-2", "error": "too few periods."}
    brought.found = json.dumps({"partial": [failed, family]})
    brought.save(update_fields=["found"])
    page = asked(admin, own, "propose")
    assert "come without a figure of your own" in page and page.count("only partly done") == 1
    assert "<li>Motivational interviewing, PHQ-2: too few periods.</li>" in page


def test_with_a_second_admin_the_page_says_that_nothing_changes_yet(own, people, admin):
    User.objects.create_user(username="second", password="a-long-password", role=Role.ADMIN)
    assert "Propose…" in admin.get(reverse("feedback:studies")).content.decode()
    page = asked(admin, own, "propose")
    assert "Propose own 1?" in page and "Nothing changes yet" in page
    assert "every technique keeps its grade" in page and "full result is not kept here" in page
    step(admin, own, "propose")
    assert "Nothing changes for anybody" in asked(admin, own, "withdraw")


def test_an_unknown_step_or_study_is_missing(own, people, admin):
    assert step(admin, own, "delete").status_code == 404
    assert admin.post(reverse("feedback:study-step", args=[10**9]), {"step": "propose"}).status_code == 404


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"title": "x", "rq2": 3}'])
def test_what_is_no_result_is_refused(db, tmp_path, text):
    (tmp_path / "result.json").write_text(text)
    with pytest.raises(CommandError, match="no result of run_study"):
        call_command("import_study", result=tmp_path, study_version="1")


def test_the_same_version_with_other_content_is_refused(content, tmp_path):
    for beta in (-0.05, -0.06):
        term = {**TERM, "beta": beta}
        part = {**RESULT["rq2"]["PHQ-9"]["mi"], "terms": {"reflection": term}}
        (tmp_path / "result.json").write_text(json.dumps({**RESULT, "rq2": {"PHQ-9": {"mi": part}}}))
        if beta == -0.05:
            call_command("import_study", result=tmp_path, study_version="1")
    with pytest.raises(CommandError, match="give a new version"):
        call_command("import_study", result=tmp_path, study_version="1")


WHOLE = RESULT | {"format": "study-1", "data_sha256": "d" * 64, "tagger_version": "tagger-7"}


def bring(folder, result=WHOLE, version="2026.1", **options) -> None:
    (folder / "result.json").write_text(json.dumps(result))
    call_command("import_study", result=folder, study_version=version, **options)


def test_a_result_by_command_keeps_where_it_came_from_and_who_brought_it(content, people, admin, tmp_path):
    for _ in range(2):  # the second time it is there already
        bring(tmp_path, by=people.admin.username)
    row = EvidenceStudy.objects.get(slug="own")
    assert row.provenance == {
        "data_sha256": "d" * 64, "tagger_version": "tagger-7", "format": "study-1", "spec": WHOLE["spec"],
        "way": "command",
    }  # fmt: skip
    event = AuditEvent.objects.get(object_kind="evidencestudy")
    assert (event.verb, event.actor_id, event.object_id) == ("study_import", people.admin.pk, str(row.pk))
    page = admin.get(reverse("feedback:studies")).content.decode()
    assert f"checksum of its figures {row.content_sha256[:12]}" in page
    assert "checksum of its data dddddddddddd" in page and "tagger tagger-7" in page
    assert "brought in by command" in page and "Specification" in page and "&quot;PHQ-9&quot;" in page


def test_what_is_not_known_of_a_result_is_said(content, admin, tmp_path, capsys):
    bring(tmp_path, RESULT)
    said = capsys.readouterr().err
    assert "does not say which data" in said and "Nobody is named" in said
    assert AuditEvent.objects.get(verb="study_import").actor_id is None
    page = admin.get(reverse("feedback:studies")).content.decode()
    assert "which data it is of was not kept" in page and "tagger not named" in page


@pytest.mark.parametrize("by", ["nobody", "volunteer"])
def test_only_an_admin_can_be_named(people, tmp_path, by):
    with pytest.raises(CommandError, match="There is no admin"):
        bring(tmp_path, by=getattr(people, by).username if by == "volunteer" else by)


@pytest.mark.parametrize("version", ["", "v" * 33, "ä b"])
def test_a_version_has_a_form(content, tmp_path, version):
    with pytest.raises(CommandError, match="32 at most"):
        bring(tmp_path, version=version)


def test_a_name_that_no_database_holds_is_refused_in_words(content, tmp_path):
    long = "Wellbeing of everybody"
    part = {long: RESULT["rq2"]["PHQ-9"]}
    spec = {"tagger_f1": {}, "instruments": {long: {"better": "higher"}}}
    for result, words in (
        (RESULT | {"title": "t" * 301}, "the title t{40}… has 301 characters, and 300 are the most"),
        (
            RESULT | {"rq2": part, "spec": spec},
            f"the instrument {long}… has 22 characters, and 16 are the most",
        ),
    ):
        with pytest.raises(CommandError, match=words):
            bring(tmp_path, result)
    assert not EvidenceStudy.objects.filter(slug="own").exists()
    assert not AuditEvent.objects.filter(verb="study_import").exists()
