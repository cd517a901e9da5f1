"""The page "What is running": lanes, workers with the version they used, jobs set aside, refreshing."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from peersupport.jobs import queue, sweeper
from peersupport.jobs.models import Job

PAGE = reverse("jobs:list")


@pytest.fixture
def page(client, people):
    client.force_login(people.admin)

    def page(query: str = "") -> str:
        return client.get(PAGE + query).content.decode()

    return page


def test_a_worker_is_shown_with_the_version_it_last_used(page, say, drain):
    from skills.tagger.card import read_card

    assert "None: nothing has run for ten minutes" in page()
    say("What would you like to talk about?")
    sweeper.sweep_once()
    drain()
    rows = re.findall(r'<tr><th scope="row">test</th><td>(\w+)</td>.*?<td>([^<]*)</td></tr>', page())
    assert rows == [("batch", "–"), ("coach", "–"), ("live", read_card()["version"])]


def test_a_job_set_aside_shows_its_class_and_can_be_tried_again(client, page, chat, say):
    say("What would you like to talk about?")
    for _ in range(3):
        Job.objects.update(available_at="2020-01-01T00:00:00Z")
        [job] = queue.claim("live", "w")
        queue.fail(job, "onnxruntime.Fail\nskills/tagger/runtime.py:1 run")
    shown = page()
    assert f'<summary id="error-{job.pk}">onnxruntime.Fail</summary>' in shown

    def looked_again(aside: object):
        return client.get(PAGE, {"aside": aside}, headers={"HX-Request": "true"})

    assert f'hx-get="{PAGE}?aside={job.pk}"' in shown
    assert looked_again(job.pk).status_code == 204  # an error that somebody reads stays open
    assert "onnxruntime.Fail" in looked_again("").text
    client.post(reverse("jobs:retry", args=[job.pk]))
    assert "Nothing: every job came through." in page()
    assert "Nothing: every job came through." in looked_again(job.pk).text


def test_it_refreshes_by_itself_until_asked_not_to(page):
    assert 'hx-trigger="every 5s"' in page()
    assert 'href="/jobs/?still"' in page()
    assert "hx-trigger" not in page("?still")


def test_the_number_of_queries_does_not_grow(page, django_assert_max_num_queries):
    Job.objects.bulk_create(Job(kind="turn", lane="live", worker=f"w{n % 30}") for n in range(300))
    with django_assert_max_num_queries(14):
        page()
