"""The admin's page of the tagger: what serves, whose tags the messages carry, and re-tagging them."""

from __future__ import annotations

import pytest
from django.urls import reverse

from peersupport.audit.models import AuditEvent
from peersupport.jobs import queue
from peersupport.jobs.models import Job
from skills import versions
from skills.models import Tagging
from skills.tagger.card import read_card

PAGE, START = reverse("skills:tagger"), reverse("skills:retag")
HTMX = {"HX-Request": "true"}


@pytest.fixture
def page(client, people):
    client.force_login(people.admin)

    def page(**headers) -> str:
        return client.get(PAGE, headers=headers).content.decode()

    return page


@pytest.fixture
def earlier(say, drain):
    """Three messages, two of them tagged by an earlier version."""
    for text in ("What has been hardest?", "You kept going.", "Tell them no."):
        say(text)
        drain("live")
    Tagging.objects.filter(message__index__lt=5).update(version="earlier")


def test_it_shows_the_serving_version_with_its_figures_and_their_source(page):
    card, shown = read_card(), page()
    assert reverse("skills:agreement") in shown
    assert f"<strong>{card['version']}</strong> serves" in shown
    for task in card["development"]:
        assert task["task"] in shown
        assert f"{task['macro_f1']:.3f}" in shown
    weak = sum(row["low_reliability"] for row in card["codes"].values())
    assert f"{weak} of 21 techniques are a weak reading" in shown
    assert "Source: the model card" in shown


def test_without_messages_there_is_nothing_to_do(page):
    shown = page()
    assert "There are no messages of counselors yet." in shown
    assert "Nothing to do: every message is tagged by the version that serves." in shown
    assert START not in shown


def test_it_counts_messages_by_version_and_offers_to_tag_the_rest_again(earlier, page, say):
    say("Not tagged yet.")
    shown = page()
    assert "50.0 %" in shown
    assert shown.count("25.0 %") == 2
    assert "no tags yet" in shown
    assert "Re-tag 3 messages" in shown


def test_started_once_and_written_down_once(earlier, page, client, people):
    page()
    for _ in range(2):
        assert client.post(START).status_code == 302
    [job] = Job.objects.filter(kind=versions.RETAG)
    [line] = AuditEvent.objects.filter(verb="retag")
    assert (line.actor_id, line.object_kind, line.object_id) == (people.admin.pk, "job", str(job.pk))
    shown = page()
    assert START not in shown
    assert "It waits for the batch worker." in shown


def test_progress_is_polled_by_itself_until_the_page_is_new(earlier, page, client, drain):
    page()
    client.post(START)
    Job.objects.filter(kind=versions.RETAG).update(
        status="running",
        progress=0.25,
        checkpoint={"version": "two", "done": 5000, "total": 20_000, "seconds": 100.0},
    )
    shown = page(**HTMX)
    assert "<html" not in shown
    assert 'hx-trigger="every 3s"' in shown
    assert "5,000 of 20,000 messages tagged again by two." in shown
    assert "50.0 messages a second: about 5 minutes left." in shown
    Job.objects.filter(kind=versions.RETAG).update(
        checkpoint={"version": "two", "done": 5000, "total": 500_000, "seconds": 100.0}
    )
    assert "about 2 h 45 min left." in page(**HTMX)
    Job.objects.filter(kind=versions.RETAG).update(status="queued", checkpoint={}, lease_until=None)
    drain("batch")
    assert client.get(PAGE, headers=HTMX)["HX-Refresh"] == "true"
    shown = page()
    assert 'data-said="Nothing to do' in shown
    assert "100.0 %" in shown
    assert "hx-trigger" not in shown


def test_looking_at_progress_asks_for_no_counts(earlier, page, client, django_assert_max_num_queries):
    page()
    client.post(START)
    with django_assert_max_num_queries(4):  # session, person, second factor, job
        page(**HTMX)


def test_a_job_set_aside_says_so_and_can_be_started_again(earlier, page, client):
    page()
    client.post(START)
    Job.objects.filter(kind=versions.RETAG).update(status="quarantined")
    shown = page()
    assert "was set aside after repeated failures" in shown
    assert "Re-tag 2 messages" in shown


def test_nothing_to_do_starts_nothing_and_says_so(page, client):
    page()
    answer = client.post(START, follow=True).content.decode()
    assert "Nothing to do" in answer
    assert not Job.objects.filter(kind=versions.RETAG).exists()
    assert not AuditEvent.objects.filter(verb="retag").exists()


def test_an_unreadable_card_is_said_and_nothing_can_be_started(earlier, page, client, monkeypatch, tmp_path):
    monkeypatch.setenv("TAGGER_WEIGHTS", str(tmp_path))
    monkeypatch.setattr("peersupport.operations.versions.serving", dict)
    shown = page()
    assert "model card cannot be read" in shown
    assert START not in shown
    client.post(START)
    assert not Job.objects.filter(kind=versions.RETAG).exists()


def test_it_is_in_the_admins_navigation_alone(page, client, people):
    assert f'href="{PAGE}"' in page()
    client.force_login(people.trainer)
    assert f'href="{PAGE}"' not in client.get(reverse("practice:chats")).content.decode()


def test_two_jobs_never_run_at_once(earlier):
    for _ in range(2):
        queue.enqueue(versions.RETAG, ordering_key=versions.RETAG)
    assert len(queue.claim("batch", "one")) == 1
    assert queue.claim("batch", "other") == []


def test_it_says_what_was_measured_on_own_lines_only_and_how_far_probabilities_are_off(page):
    shown = page()
    assert "13 of 21 techniques are measured on lines of our own only" in shown
    assert "easier than chat: Emphasize autonomy, Seek collaboration" in shown
    assert "measured on development splits" not in shown and "our own frozen lines" in shown
    assert "a probability of 0.1 or more, the share that was there is 0.063 off on average" in shown
    assert "n = 3,657 pairs" in shown
    assert "Over all 33,262 pairs it is 0.009, which says little" in shown and "would score 0.052" in shown
