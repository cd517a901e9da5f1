"""An own study serves once two admins want it, or one where there is no second."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.test import Client
from django.urls import reverse

from feedback.evidence.published import published_study
from feedback.models import StudyPublication
from feedback.studies import publishing
from feedback.studies import rows as studies
from peersupport.audit.models import AuditEvent
from peersupport.people.models import Role, User


@pytest.fixture
def own(content):
    """A study of the organisation in which reflection goes with nothing."""
    shipped = published_study()
    effects = tuple(
        replace(effect, stars="", survives_bh=False) for effect in shipped.effects if effect.code_keys
    )
    return studies.save_study(
        replace(shipped, slug="own", version="1", kind="own", effects=effects, doi="", citation="Ours")
    )


@pytest.fixture
def second(people):
    return User.objects.create_user(username="second", password="a-long-password", role=Role.ADMIN)


def published(row: StudyPublication) -> bool:
    return row.published_at is not None and row.withdrawn_at is None


def serving() -> str:
    return studies.serving_name()


def test_a_study_that_nobody_published_does_not_serve(own):
    assert serving() == "yang2024 2024.1"
    assert studies.serving_study() == published_study()


def test_the_only_admin_publishes_alone(own, people):
    assert published(publishing.propose(own, people.admin))
    assert serving() == "own 1"
    assert studies.grades_for({"reflection_simple"})["reflection_simple"].key == "no_link"


def test_of_two_admins_the_second_publishes(own, people, second):
    assert not published(publishing.propose(own, people.admin))
    with pytest.raises(publishing.PublishingRefused, match="another admin"):
        publishing.publish(own, people.admin)
    assert serving() == "yang2024 2024.1"
    assert published(publishing.publish(own, second))
    assert serving() == "own 1"
    verbs = [row.verb for row in AuditEvent.objects.filter(object_kind="evidencestudy").order_by("id")]
    assert verbs == ["study_propose", "study_publish"]


def test_the_second_admin_left_and_the_first_may_publish(own, people, second):
    publishing.propose(own, people.admin)
    User.objects.filter(pk=second.pk).update(is_active=False)
    assert published(publishing.publish(own, people.admin))


def test_an_admin_who_was_invited_and_never_signed_in_is_no_second(own, people, second):
    second.set_unusable_password()
    second.save()
    assert published(publishing.propose(own, people.admin))
    assert serving() == "own 1"


def test_withdrawn_the_one_before_serves_again_and_it_can_be_proposed_anew(own, people):
    later = studies.save_study(replace(studies.study_of(own), version="2"))
    publishing.propose(own, people.admin)
    publishing.propose(later, people.admin)
    assert serving() == "own 2"
    publishing.withdraw(later, people.admin)
    assert serving() == "own 1"
    publishing.withdraw(own, people.admin)
    assert serving() == "yang2024 2024.1"
    publishing.propose(later, people.admin)
    assert serving() == "own 2"
    assert StudyPublication.objects.filter(study=later).count() == 2


def test_asked_twice_it_is_proposed_once(own, people, second):
    publishing.propose(own, people.admin)
    publishing.propose(own, people.admin)
    assert StudyPublication.objects.count() == 1


def test_the_shipped_study_needs_no_publishing_and_nothing_is_published_unproposed(own, people):
    with pytest.raises(publishing.PublishingRefused, match="ships"):
        publishing.propose(studies.serving_row(), people.admin)
    with pytest.raises(publishing.PublishingRefused, match="Propose"):
        publishing.publish(own, people.admin)


def test_the_card_shows_both_studies_side_by_side(own, people):
    publishing.propose(own, people.admin)
    client = Client()
    client.force_login(people.volunteer)
    page = client.get(reverse("feedback:evidence-card", args=["reflection_simple"])).content.decode()
    assert page.index("own study") < page.index("The published study")
    assert "No link found" in page and "Helpful" in page
    assert "stands beside it" in client.get(reverse("feedback:evidence")).content.decode()


def test_where_the_own_study_has_no_figure_the_list_shows_the_published_one(content, people):
    failed = "Part of the study failed: empathy on PHQ-2."
    shipped = published_study()
    effects = tuple(effect for effect in shipped.effects if effect.family == "mi")
    own = replace(shipped, slug="own", version="1", kind="own", effects=effects, caveats=("Ours.", failed))
    publishing.propose(studies.save_study(own), people.admin)
    client = Client()
    client.force_login(people.volunteer)
    page = client.get(reverse("feedback:evidence")).content.decode()
    warmth = page[page.index("Emotional reactions</a>") :].split("</dd>")[0]
    assert "Not in your own study. The published one:" in warmth and "n = " in warmth
    assert "No figure" not in warmth and "No figure" in page  # the untested stay so
    card = reverse("feedback:evidence-card", args=["reflection_simple"])
    assert "Ours." in page and failed not in page + client.get(card).content.decode()
    client.force_login(people.admin)
    assert failed in client.get(reverse("feedback:evidence")).content.decode()
    assert failed in client.get(card).content.decode()
