"""The same few people in every test, and a fast, isolated Django."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from peersupport.jobs import running
from tests import leaks
from tests.installation import migrated  # noqa: F401

# These start real Celery workers or a PostgreSQL: they belong to the run that has a broker (see .ci/run).
_WITH_BROKER = [
    "peersupport/test_celery_runner.py",
    "peersupport/test_services.py",
    "peersupport/test_compose_commands.py",
    "peersupport/test_pool.py",
    "peersupport/test_frozen_worker.py",
]
# Tests of rooms that know no database: `-m "not pure"` leaves them out where they have run already.
_PURE = re.compile(
    r"skills/test_(tagger_(?!page)|train_tagger|corpora_|own_examples)"
    r"|feedback/(study/|test_(steering_|merging_|experts_|coach_|train_coach))"
    r"|peersupport/test_seeker_"
)
collect_ignore = [] if settings.CELERY_BROKER_URL else _WITH_BROKER


def pytest_collection_modifyitems(items):
    for item in items:
        if _PURE.search(item.path.as_posix()):
            assert not {"db", "transactional_db"} & set(item.fixturenames), f"{item.nodeid} uses the database"
            item.add_marker("pure")


def pytest_configure(config):
    # What tests write beside the database must not lie among the data of whoever runs them.
    folder = tempfile.TemporaryDirectory(prefix="peersupport-tests-")
    config.add_cleanup(folder.cleanup)
    settings.DATA_DIR = Path(folder.name)
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session", autouse=True)
def log_records_looked_at():
    leaks.install()


@pytest.fixture(autouse=True)
def no_text_in_log_records():
    leaks.watch.begin()
    yield
    assert leaks.watch.leaks == []


def pytest_report_header(config):
    engine = settings.DATABASES["default"]["ENGINE"].rsplit(".", 1)[-1]
    return f"database: {engine}; job runner: {'celery' if settings.CELERY_BROKER_URL else 'embedded'}"


@dataclass(frozen=True)
class People:
    """volunteer and peer share a cohort with trainer; outsider and other_trainer have another."""

    volunteer: object
    peer: object
    trainer: object
    admin: object
    outsider: object
    other_trainer: object


@pytest.fixture
def content(db):
    """Authored scenarios and the published study as rows."""
    from feedback.studies.rows import sync_published
    from peersupport.practice import scenarios

    scenarios.sync()
    sync_published()


@pytest.fixture
def people(content) -> People:
    from peersupport.people.models import Cohort, Membership, Role, User

    def make(username: str, role: str, cohort: Cohort | None) -> User:
        user = User.objects.create_user(username=username, password="a-long-password", role=role)
        if cohort:
            Membership.objects.create(user=user, cohort=cohort, since=timezone.now())
        return user

    north, south = Cohort.objects.create(name="North"), Cohort.objects.create(name="South")
    return People(
        volunteer=make("volunteer", Role.VOLUNTEER, north),
        peer=make("peer", Role.VOLUNTEER, north),
        trainer=make("trainer", Role.TRAINER, north),
        admin=make("admin", Role.ADMIN, None),
        outsider=make("outsider", Role.VOLUNTEER, south),
        other_trainer=make("other_trainer", Role.TRAINER, south),
    )


@pytest.fixture
def chat(people):
    """An open chat of the volunteer that starts with the seeker's first line."""
    from peersupport.practice import chats
    from peersupport.practice.models import Scenario

    return chats.start_chat(people.volunteer, Scenario.objects.filter(active=True, risk=False).first())


@pytest.fixture
def say(chat):
    """Post a counselor message in the chat; returns the message."""
    from peersupport.practice import chats

    def say(text: str, key: str | None = None):
        key = key or f"key-{chats.Message.objects.filter(chat=chat).count()}"
        return chats.post_message(chat, text=text, key=key).message

    return say


@pytest.fixture
def drain(db):
    """Run every claimable job of the lanes, as a worker would; returns how many ran."""

    def drain(*lanes: str) -> int:
        return sum(running.drain_lane(lane, worker="test") for lane in lanes or ("live", "coach", "batch"))

    return drain
