"""Agreement: the figures against hand-made ones, their intervals, small numbers, and versions."""

from __future__ import annotations

import re

import krippendorff
import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from bench.reviewing import ended_chat, retag, second_trainer, tagged
from peersupport.people.models import Cohort
from peersupport.practice.models import Message
from skills.models import Review
from skills.review import agreement


def test_alpha_is_that_of_the_package_and_kappa_that_of_the_book():
    chance = np.random.default_rng(7)
    units = [[bool(a), bool(a ^ (chance.random() < 0.2))] for a in chance.integers(0, 2, 60)]
    chats = [number // 6 for number in range(60)]
    found = agreement._alpha(units, chats)
    counts = np.array([[unit.count(False), unit.count(True)] for unit in units])
    sums = np.array([[(counts[:, 0] * counts[:, 1]).sum(), *counts.sum(axis=0)]])
    assert found.value == pytest.approx(
        krippendorff.alpha(value_counts=counts, level_of_measurement="nominal")
    )
    assert found.value == pytest.approx(agreement._alpha_of(sums)[0])  # what the bootstrap resamples
    assert found.low < found.value < found.high
    # Cohen 1960: 20, 5, 10, 15 of 50 agree by .40.
    cells = [(True, True)] * 20 + [(True, False)] * 5 + [(False, True)] * 10 + [(False, False)] * 15
    kappa = agreement._kappa(cells, list(range(50)))
    assert kappa.value == pytest.approx(0.40)
    assert agreement._kappa(cells, list(range(50))) == kappa  # the same seed
    assert agreement._kappa(cells, [1] * 50).low is None  # one chat cannot be resampled
    assert agreement._kappa(cells[-16:], [1] * 16).value is None  # coded once


def test_a_technique_that_everybody_coded_in_every_message_has_no_alpha():
    """Nothing varies, so that Krippendorff's alpha is not defined; the page said "nan"."""
    found = agreement._alpha([[True, True]] * 8, list(range(8)))
    assert found == agreement.Measure(8, 8)
    assert agreement._alpha([[True, True]] * 8 + [[True, False]], list(range(9))).value is not None


@pytest.fixture
def coded(people, chat):
    """Six chats of four messages, coded by two trainers who differ in one of each."""
    second = second_trainer(Cohort.objects.get(name="North"))
    for _ in range(6):
        one = ended_chat(people.volunteer, chat.scenario)
        for number in range(4):
            message = tagged(one, affirm=0.9, version="tagger-old")
            retag(message, "tagger-new", **({"affirm": 0.9} if number % 2 else {"support": 0.9}))
            first = ["affirm"] if number % 2 else ["support"]
            other = ["affirm"] if number == 2 else first
            for trainer, codes in ((people.trainer, first), (second, other)):
                kept = {"trainer": trainer, "kind": "blind", "codes": codes, "holds": False}
                Review.objects.create(message=message, **kept)
    return second


def test_only_blind_codings_count_and_versions_are_compared_on_the_same_messages(coded, people):
    found = agreement.agreement_for(people.trainer)
    rows = {row.code: row for row in found.rows}
    assert (found.doubly, found.coded, found.chats) == (24, 24, 6)
    assert rows["affirm"].trainers.n == 24 and 0 < rows["affirm"].trainers.value < 1
    assert rows["warn"].trainers.value is None
    assert [row.version for row in found.versions] == ["tagger-new", "tagger-old"]
    new, old = found.versions
    # In six messages two trainers differ and nobody has settled it: there is nothing to be right in.
    assert (found.unsettled, new.kappa.n, rows["affirm"].tagger.n) == (6, 18, 18)
    assert (new.exact, old.exact) == (18, 12)
    assert new.kappa.value > old.kappa.value
    apart = Message.objects.filter(role="counselor").order_by("chat", "index")[2]
    settled = {"kind": "settled", "codes": ["affirm"], "note": "-"}
    Review.objects.create(message=apart, trainer=coded, **settled)
    found = agreement.agreement_for(people.trainer)
    assert (found.unsettled, found.versions[0].kappa.n) == (5, 19)
    assert [row.exact for row in found.versions] == [18, 13]
    Review.objects.update(kind="open")
    assert agreement.agreement_for(people.trainer).coded == 0


def test_the_page_for_trainers_of_the_cohort_and_admins(coded, people):
    def page(who) -> str:
        client = Client()
        client.force_login(getattr(people, who))
        return client.get(reverse("skills:agreement")).content.decode()

    assert "tagger-new" in page("trainer")
    assert "tagger-new" in page("admin")
    assert "mainly from the queue of uncertain tags" in page("trainer")
    Review.objects.update(codes=["affirm"])
    assert "nan" not in re.findall(r"\bnan\b", page("trainer"))
    assert "mainly from the queue" not in page("other_trainer")
    assert "No message was coded blind yet" in page("other_trainer")
    assert people.volunteer.username not in page("admin").replace("Volunteer", "")
