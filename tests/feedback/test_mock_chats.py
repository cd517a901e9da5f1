"""Mock chats: rating by hand, withdrawing, two raters, the certificate, and who sees what."""

from __future__ import annotations

import json
from importlib.util import find_spec

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bench.reviewing import ended_chat, second_trainer
from feedback.models import MockRating, SessionReport
from feedback.reports import cohort as figures
from feedback.reports import files
from feedback.reports import pdf as report_pdf
from feedback.signoff import agreement, certificate, pdf, ratings
from feedback.signoff.scales import KEYS, SCALES
from peersupport.audit.models import AuditEvent
from peersupport.people import erasure, own_data
from peersupport.people.models import Cohort
from peersupport.practice import chats
from peersupport.practice.models import PracticeChat, Scenario
from skills.models import SkillTag
from skills.review.corrections import correct_tags
from tests.feedback.test_report_file import BODY

RATIOS = {"n_messages": 12, "note": "", "reflections_to_questions": {"text": "1.5 to 1 (6 and 4)."}}


@pytest.fixture(autouse=True)
def folder_of_its_own(settings, tmp_path):
    settings.DATA_DIR = tmp_path


@pytest.fixture
def ended(people):
    chat = ended_chat(people.volunteer, Scenario.objects.filter(active=True, risk=False).first())
    body = BODY | {"ratios": RATIOS, "versions": BODY["versions"] | {"tagger": "tagger-x"}}
    SessionReport.objects.create(chat=chat, status="ready", body=body)
    return chat


def as_(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def given(step: int = 4, decision: str = "signed_off", note: str = "You waited.") -> dict[str, str]:
    return {**dict.fromkeys(KEYS, str(step)), "decision": decision, "note": note}


def post(user, chat, **fields):
    return as_(user).post(reverse("feedback:mock", args=[chat.pk]), given(**fields))


def page(user, chat, name: str = "mock") -> str:
    return as_(user).get(reverse(f"feedback:{name}", args=[chat.pk])).content.decode()


def test_every_step_of_every_scale_is_described_once():
    words = [str(words) for scale in SCALES for words in scale.anchors]
    assert [len(scale.anchors) for scale in SCALES] == [5] * 4
    assert len(set(words)) == 20


def test_a_rating_reaches_the_volunteer_and_the_cohort(people, ended):
    assert "Rate it as a mock chat" in page(people.trainer, ended, "report")
    assert post(people.trainer, ended).status_code == 302
    volunteer = as_(people.volunteer)
    inbox = volunteer.get(reverse("feedback:inbox")).content.decode()
    assert "Your mock chat is signed off" in inbox and "You waited." in inbox and "1 new" in inbox
    assert "Signed off" in volunteer.get(reverse("feedback:progress")).content.decode()
    assert str(SCALES[3].anchor(4)) in page(people.volunteer, ended)
    north = Cohort.objects.get(name="North")
    [row] = [row for row in figures.volunteers(north) if row.pk == people.volunteer.pk]
    assert row.signed_chat == ended.pk
    assert (
        "signed off" in as_(people.trainer).get(reverse("feedback:cohort", args=[north.pk])).content.decode()
    )
    assert figures.totals(figures.volunteers(north)).signed is None  # fewer than five
    assert [line.object_kind for line in AuditEvent.objects.filter(verb="mock_rated")] == ["mockrating"]


@pytest.mark.parametrize(
    "change",
    [{"empathy": "6"}, {"empathy": ""}, {"decision": "perhaps"}, {"decision": "not_yet", "note": " "},
     {"note": "x" * 2001}],
)  # fmt: skip
def test_a_rating_that_is_not_whole_is_refused_and_keeps_what_was_chosen(people, ended, change):
    answer = as_(people.trainer).post(reverse("feedback:mock", args=[ended.pk]), {**given(), **change})
    assert answer.status_code == 400
    text = answer.content.decode()
    assert 'role="alert"' in text and 'value="4" required checked' in text
    assert not MockRating.objects.exists()


def test_only_whole_ended_practice_chats_are_rated(people, chat, ended):
    for wrong in (
        chat,
        PracticeChat(status="ended", kind="imported"),
        PracticeChat(status="ended", is_try=True),
    ):
        with pytest.raises(ValidationError, match="Only a whole practice chat"):
            ratings.rate(wrong, trainer=people.trainer, given=given())
    ratings.rate(ended, trainer=people.trainer, given=given())
    with pytest.raises(ValidationError, match="You have rated"):
        ratings.rate(ended, trainer=people.trainer, given=given())


def test_a_second_trainer_rates_without_seeing_the_first(people, ended):
    post(people.trainer, ended, note="Only for the volunteer yet.")
    second = second_trainer(Cohort.objects.get(name="North"))
    before = page(second, ended)
    assert "Another trainer has rated this chat" in before and "Only for the volunteer yet." not in before
    rating = MockRating.objects.get()
    address = reverse("feedback:mock-withdraw", args=[rating.pk])
    assert as_(second).post(address, {"reason": "x"}).status_code == 404
    post(second, ended, step=2, decision="not_yet")
    after = page(second, ended)
    assert "Only for the volunteer yet." in after and "Trainers differ" in after
    assert as_(people.volunteer).get(reverse("feedback:certificate", args=[ended.pk])).status_code == 404
    assert not ratings.signed_off().exists()


def test_a_cohorts_pages_tell_a_decision_to_nobody_who_has_yet_to_rate(people, ended):
    people.trainer.first_name, north = "Gwendolyn", Cohort.objects.get(name="North")
    people.trainer.save()
    second = second_trainer(north)
    addresses = [reverse(f"feedback:{name}", args=[north.pk]) for name in ("cohort", "cohort-mocks")]

    def pages(user) -> str:
        return " ".join(as_(user).get(address).content.decode() for address in addresses)

    for decision, words in (
        ("signed_off", ("signed off<", "Signed off</strong>")),
        ("not_yet", ("not yet<",)),
    ):
        post(people.trainer, ended, decision=decision)
        shown = pages(people.trainer)
        assert all(one in shown for one in words) and shown.count("Gwendolyn") > 1
        hidden = pages(second)
        assert not any(one in hidden for one in words) and "Gwendolyn" not in hidden
        assert "rated, not by you" in hidden and "told once you have rated it, too" in hidden
        seen = {one: figures.volunteers(north, one) for one in (people.trainer, second)}
        signed = [figures.totals(found, named=True).signed for found in seen.values()]
        assert signed == [int(decision == "signed_off"), 0]
        MockRating.objects.all().delete()
    post(people.trainer, ended)
    post(second, ended)
    assert "signed off<" in pages(second) and "Gwendolyn" in pages(second)
    MockRating.objects.filter(trainer=second).delete()
    MockRating.objects.update(trainer=None)  # an account that is gone hides nothing
    assert "signed off<" in pages(second) and "not by you" not in pages(second)


def test_the_certificate_shows_a_trainer_nothing_before_their_own_rating(people, ended, drain, monkeypatch):
    monkeypatch.setattr(files, "installed", lambda: True)
    monkeypatch.setattr(report_pdf, "as_pdf", lambda html: b"%PDF-" + html.encode())
    post(people.trainer, ended)
    addresses = [
        reverse(f"feedback:{name}", args=[ended.pk])
        for name in ("certificate", "certificate-make", "certificate-file")
    ]

    def answers(user) -> list[int]:
        client = as_(user)
        send = (client.get, client.post, client.get)
        return [one(address).status_code for one, address in zip(send, addresses, strict=True)]

    second = second_trainer(Cohort.objects.get(name="North"))
    assert answers(people.trainer)[:2] == [200, 302]
    drain("coach")
    assert answers(second) == [404, 404, 404]
    assert answers(people.trainer)[2] == answers(people.volunteer)[2] == 200
    post(second, ended, step=5)
    assert answers(second)[:2] == [200, 302]


def test_a_withdrawal_needs_a_reason_and_ends_the_certificate(people, ended):
    post(people.trainer, ended)
    rating = MockRating.objects.get()
    address = reverse("feedback:mock-withdraw", args=[rating.pk])
    trainer = as_(people.trainer)
    trainer.post(address, {"reason": " "})
    assert "no licence" in page(people.volunteer, ended, "certificate")
    trainer.post(address, {"reason": "I mixed up two chats."})
    trainer.post(address, {"reason": "again"})
    rating.refresh_from_db()
    assert (rating.withdrawn_by, rating.reason) == (people.trainer, "I mixed up two chats.")
    volunteer = as_(people.volunteer)
    assert "I mixed up two chats." in volunteer.get(reverse("feedback:inbox")).content.decode()
    assert volunteer.get(reverse("feedback:certificate", args=[ended.pk])).status_code == 404
    assert AuditEvent.objects.filter(verb="mock_withdrawn").count() == 1
    assert post(people.trainer, ended, step=5).status_code == 302  # and anew


def test_nobody_overturns_another_trainers_not_yet_alone(people, ended):
    second = second_trainer(Cohort.objects.get(name="North"))
    post(people.trainer, ended, decision="not_yet")
    post(second, ended)
    first = MockRating.objects.get(trainer=people.trainer)
    address = reverse("feedback:mock-withdraw", args=[first.pk])
    only = "Only this trainer can withdraw it"
    shown = page(second, ended)
    assert address not in shown and only in shown and "withdraws their own rating" in shown
    assert as_(second).post(address, {"reason": "I think otherwise."}).status_code == 403
    assert ratings.state(ratings.ratings_of(ended)) == "differ"
    assert not ratings.signed_off().exists()
    own = page(people.trainer, ended)
    assert address in own and only in own and only not in page(people.volunteer, ended)
    with pytest.raises(PermissionDenied):
        ratings.rating_for_user(people.volunteer, first.pk)


@pytest.mark.parametrize("how", ["closed", "left", "other role", "gone"])
def test_the_rating_of_a_trainer_who_has_gone_can_be_withdrawn_by_who_has_rated(people, ended, how):
    second = second_trainer(Cohort.objects.get(name="North"))
    post(people.trainer, ended, decision="not_yet")
    post(second, ended)
    first = MockRating.objects.get(trainer=people.trainer)
    if how == "left":
        people.trainer.memberships.update(until=timezone.now())
    elif how == "gone":
        erasure.erase_now(people.trainer, by=None)
    else:
        changed = {"is_active": False} if how == "closed" else {"role": "admin"}
        type(people.trainer).objects.filter(pk=people.trainer.pk).update(**changed)
    address = reverse("feedback:mock-withdraw", args=[first.pk])
    assert address in page(second, ended)
    as_(second).post(address, {"reason": "Its trainer has left."})
    first.refresh_from_db()
    assert first.withdrawn_by == second and ratings.signed_off().exists()


def test_the_certificate_keeps_the_figures_it_rests_on(people, ended):
    post(people.trainer, ended)
    SessionReport.objects.update(body={"ratios": {**RATIOS, "n_messages": 99}, "versions": {}})
    shown = page(people.volunteer, ended, "certificate")
    for words in ("Over 12 tagged messages", "tagger-x", "1.5 to 1", "What this certificate does not say"):
        assert words in shown
    assert "Over 99" not in shown
    assert AuditEvent.objects.filter(verb="read").count() == 0
    page(people.trainer, ended, "certificate")
    assert AuditEvent.objects.filter(verb="read").count() == 1


def test_a_rating_keeps_the_figures_of_the_tags_as_they_are_corrected(people, chat, say, drain):
    message = say("What weighs on you most?")
    drain()
    chats.end_chat(chat)
    drain("coach")
    chat.refresh_from_db()
    assert "since this report" not in page(people.trainer, chat)
    held = set(SkillTag.objects.filter(tagging__message=message).values_list("code", flat=True))
    assert "open_question" in held
    correct_tags(message, codes=[*held - {"open_question"}, "reflection_complex"], trainer=people.trainer)
    assert "2 corrections since this report." in page(people.trainer, chat)
    post(people.trainer, chat)
    [rating] = MockRating.objects.all()
    told = SessionReport.objects.get(chat=chat).body
    assert told["ratios"]["complex_reflections"]["count"] == 0
    assert rating.figures["ratios"]["complex_reflections"]["count"] == 1
    assert rating.figures["ratios"]["open_questions"]["count"] == 0
    assert rating.figures["tagger"] == told["versions"]["tagger"]
    shown = page(people.volunteer, chat, "certificate")
    assert "with trainers' corrections, as the tags stood when it was rated" in shown
    assert rating.figures["ratios"]["complex_reflections"]["text"] in shown
    del rating.figures["corrected"]  # of a rating made before
    rating.save()
    assert "as the report stood when it was rated" in page(people.volunteer, chat, "certificate")


def test_the_pdf_is_made_once_offered_and_goes_with_a_second_rating(people, ended, drain, monkeypatch):
    monkeypatch.setattr(files, "installed", lambda: True)
    monkeypatch.setattr(report_pdf, "as_pdf", lambda html: b"%PDF-" + html.encode())
    post(people.trainer, ended)
    volunteer = as_(people.volunteer)
    file, make = (reverse(f"feedback:certificate-{part}", args=[ended.pk]) for part in ("file", "make"))
    assert volunteer.get(file).status_code == 404
    volunteer.post(make)
    volunteer.post(make)
    assert "The PDF is being made." in page(people.volunteer, ended, "certificate")
    drain("coach")
    assert 'data-said="The PDF is ready."' in page(people.volunteer, ended, "certificate")
    made = volunteer.get(file)
    assert made["Content-Disposition"].startswith('attachment; filename="certificate-')
    assert b"no proof that talking" in made.content and b"You waited." not in made.content
    assert AuditEvent.objects.filter(verb="export", object_kind="mockrating").count() == 1
    post(second_trainer(Cohort.objects.get(name="North")), ended, step=5)
    assert volunteer.get(file).status_code == 404
    erasure.erase_now(people.volunteer, by=None)
    assert not MockRating.objects.exists() and not certificate.folder_of(people.volunteer.pk).exists()


@pytest.mark.skipif(find_spec("weasyprint") is None, reason="WeasyPrint (the extra `pdf`) is not installed")
def test_weasyprint_makes_a_pdf_of_it(people, ended):
    ratings.rate(ended, trainer=people.trainer, given=given())
    html = pdf.as_html(ended, certificate.standing_of(ended))
    assert "<use" not in html and 'href="/' not in html
    assert report_pdf.as_pdf(html).startswith(b"%PDF-")


def test_agreement_is_told_over_five_chats_and_not_before(people):
    north, scenario = Cohort.objects.get(name="North"), Scenario.objects.filter(active=True).first()
    second = second_trainer(north)
    for number in range(5):
        chat = ended_chat(people.volunteer, scenario)
        ratings.rate(chat, trainer=people.trainer, given=given(4))
        ratings.rate(chat, trainer=second, given=given(4 if number else 2))
        found = agreement.agreement(list(MockRating.objects.order_by("id")))
        assert (found.n, bool(found.rows)) == (number + 1, number == 4)
    row = found.rows[0]
    assert (row.same.count, row.near.count, row.same.n, found.decisions.count) == (4, 4, 5, 5)
    shown = as_(people.trainer).get(reverse("feedback:cohort-mocks", args=[north.pk])).content.decode()
    assert "4 of 5" in shown and "0.38–0.96" in shown


def test_own_data_holds_ratings_for_both_and_the_trainers_name_for_none(people, ended):
    people.trainer.first_name = "Gwendolyn"
    people.trainer.save()
    post(people.trainer, ended)
    for user, by in ((people.volunteer, False), (people.trainer, True), (people.peer, None)):
        rows = json.loads("".join(own_data.as_json(user)))["mock_ratings"]
        assert [row["by_you"] for row in rows] == ([] if by is None else [by])
    assert "Gwendolyn" not in "".join(own_data.as_json(people.volunteer))
    erasure.erase_now(people.trainer, by=None)
    assert MockRating.objects.get().trainer is None
    assert "a trainer whose account is gone" in page(people.volunteer, ended, "certificate")


def test_a_rating_counts_what_was_tagged_after_the_report(people, chat, say, drain):
    say("What weighs on you most?")
    drain()
    chats.end_chat(chat)
    drain("coach")
    chat.refresh_from_db()
    report = SessionReport.objects.get(chat=chat)
    report.body["tagged_by"] = {}  # the message could not be tagged in time
    report.body["ratios"]["open_questions"]["count"] = 0
    report.save()
    post(people.trainer, chat)
    assert MockRating.objects.get().figures["ratios"]["open_questions"]["count"] == 1
