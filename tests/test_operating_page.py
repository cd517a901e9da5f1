"""docs/operating.md names metrics, commands, settings and processes that exist; so does its measurement."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.core.management import get_commands

from bench import growth
from bench.app import ROOT
from bench.servers import missing_programs
from peersupport.operations import figures, prometheus
from tests.compose import compose

PAGE = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")


@pytest.mark.django_db
def test_every_metric_of_the_page_is_told():
    told = prometheus.render(figures.collect())
    named = set(re.findall(r"peersupport_\w+", PAGE))
    assert len(named) > 4
    assert [name for name in named if f"# TYPE {name} gauge" not in told] == []


def test_every_command_and_module_of_the_page_exists():
    commands = set(re.findall(r"manage\.py ([a-z_]+)", PAGE))
    assert commands >= {"up", "backup", "restore", "healthcheck", "migrate"}
    assert commands - set(get_commands()) == set()
    for target in re.findall(r"`make (\w+)", PAGE):
        assert f"\n{target}:" in (ROOT / "Makefile").read_text()
    for link in re.findall(r"\]\(([^)#]+)\)", PAGE):
        assert (ROOT / "docs" / link).exists(), link


def test_every_process_and_setting_of_the_page_exists():
    services = compose(ALLOWED_HOSTS="x")["services"]
    for row in re.findall(r"(?m)^\| (`[a-z][^|]+) \|", PAGE)[: len(services)]:
        for name in re.findall(r"`([\w-]+)`", row):
            assert name in services or row.startswith("`peersupport_"), row
    known = (ROOT / "docker-compose.yml").read_text() + (ROOT / "peersupport" / "settings.py").read_text()
    named = set(re.findall(r"`([A-Z][A-Z_]{3,})[=`]|\b([A-Z]+_[A-Z_]+)\b", PAGE))
    settings = {one or two for one, two in named} - {"SIGTERM"}
    assert len(settings) > 10
    assert [name for name in settings if name not in known] == []


@pytest.mark.slow
@pytest.mark.skipif(bool(settings.CELERY_BROKER_URL), reason="once measures both")
def test_growth_is_measured_on_both_databases(capsys):
    growth.main(chats=10)
    said = capsys.readouterr().out
    per_thousand = [float(n) for n in re.findall(r"disk for 1,000 chats +([\d.]+) MiB", said)]
    assert len(per_thousand) == (1 if missing_programs() else 2)
    # Ten chats leave pages half empty; a thousand take 40 to 60 MiB.
    assert all(10 < size < 150 for size in per_thousand)
    assert "archive of 10,000 messages" in said
