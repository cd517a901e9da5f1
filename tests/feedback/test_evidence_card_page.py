"""The evidence card as HTML: what its template shows of the card."""

from __future__ import annotations

from dataclasses import replace

from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from feedback.evidence.cards import evidence_card
from feedback.evidence.published import published_study
from skills import packing
from skills.models import Correction, SkillTag, Tagging
from skills.taxonomy import CODES

CLOSE = dict.fromkeys(CODES, 0.01) | {"persuade_with_permission": 0.5, "advise_without_permission": 0.4}


def _page(code: str, **options) -> str:
    card = evidence_card(code, options.pop("study", published_study()), **options)
    return render_to_string("feedback/_card.html", {"card": card})


def test_an_unsure_pair_shows_the_name_grade_and_reason_of_both(say):
    message = say("Maybe you could try a walk?")
    tagging = Tagging.objects.create(message=message, version="1", probabilities=packing.pack(CLOSE))
    SkillTag.objects.create(tagging=tagging, code="persuade_with_permission", probability=0.5, start=0, end=5)
    client = Client()
    client.force_login(message.chat.volunteer)
    address = reverse("feedback:evidence-card", args=["advise_without_permission"])
    page = client.get(address, {"message": message.pk}, headers={"HX-Request": "true"}).content.decode()
    assert "both notes are shown" in page
    for words in (
        "Persuade with permission", "Linked to worse", "slightly higher depression and anxiety scores",
        "Advise without permission", "Discouraged by guideline", "discourage unasked advice",
    ):  # fmt: skip
        assert words in page, words
    assert page.count('class="tag grade-') == 2
    assert "Probability of this tag: 0.50" in page and "Probability of this tag: 0.40" in page


def test_a_probability_is_given_of_a_tag_that_the_message_carries(say, people):
    message = say("Maybe you could try a walk?")
    probabilities = packing.pack(CLOSE | {"affirm": 0.3})
    tagging = Tagging.objects.create(message=message, version="1", probabilities=probabilities)
    SkillTag.objects.create(tagging=tagging, code="give_information", probability=0.81, start=0, end=5)
    Correction.objects.create(message=message, code="support", action="add", trainer=people.trainer)
    client = Client()
    client.force_login(message.chat.volunteer)

    def page(code: str) -> str:
        address = reverse("feedback:evidence-card", args=[code])
        return client.get(address, {"message": message.pk}).content.decode()

    assert "Probability of this tag: 0.81" in page("give_information")
    for code in ("affirm", "support", "advise_without_permission"):
        assert "Probability of this tag" not in page(code), code


def test_a_sure_tag_has_its_one_grade():
    page = _page("advise_without_permission", probabilities=CLOSE | {"persuade_with_permission": 0.05})
    assert page.count('class="tag grade-') == 1 and "both notes" not in page


def test_a_row_whose_plot_is_turned_round_says_so():
    effect = replace(
        published_study().effects_of("affirm")[0], instrument="Wellbeing", better="higher", beta=6.0,
        ci=(4.0, 8.0), stars="*", survives_bh=True,
    )  # fmt: skip
    page = _page("affirm", study=replace(published_study(), kind="own", effects=(effect,)))
    assert "left of the line is better" in page and "the plot is turned round" in page
    assert "+6.000" in page and "Associated with higher Wellbeing scores" in page
    assert "slightly" not in page.partition("Read this with care")[0]


def test_a_technique_that_was_measured_on_own_lines_only_is_marked():
    row = {"f1": 0.95, "ci": [0.89, 0.99], "n": 41, "source": "own frozen set"}
    assert "<strong>Own lines only.</strong>" in _page("seek_collaboration", reliability=row)
    assert "Own lines only" not in _page("affirm", reliability=row | {"source": "development test"})
