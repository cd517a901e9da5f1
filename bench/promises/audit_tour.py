"""Every address of the site, asked by trainer and admin: what each answer must leave in the audit log.

An answer that shows a message of somebody else's chat, or is found at an address that names a chat or a
message, must leave one line "read"; a file must leave one "export". What a POST must leave stands in
`POSTS`; an address that takes a POST and is not listed there counts as unlisted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from bench.app import PASSWORD
from bench.reviewing import basis_of
from feedback.bases import runs as bases
from feedback.dials import runs as dial_runs
from feedback.exports import files
from feedback.models import (
    CoachMerge,
    CoachSwitch,
    DialCalibration,
    DialSwitch,
    Export,
    MockRating,
    SessionReport,
)
from feedback.reports.goals import set_goal
from feedback.signoff.scales import KEYS
from feedback.study_imports import runs
from peersupport.audit.models import AuditEvent
from peersupport.jobs.models import Job
from peersupport.organisation.values import digest_of
from peersupport.people import invitations
from peersupport.people.models import User
from peersupport.practice import assignments, drafts, tries
from peersupport.practice.models import Message, PracticeChat, Scenario
from skills.gold import serving
from skills.models import ModelVersion, TaggerSwitch, TaggerTraining, Tagging
from skills.review import coding
from tests.feedback.bases import finished_merge
from tests.feedback.dial_reports import finished_calibration
from tests.feedback.study_imports import finished_import
from tests.peersupport.own_scenario import draft_of
from tests.skills.trainings import finished_training

Verbs = list[str]
TABLE = "name,role,cohort\nkim,volunteer,North"
WITH_CODE = {"password": PASSWORD, "code": "{code}"}
# address -> (fields of a POST that does something, the verbs it leaves; none where an audit wants none)
POSTS: dict[str, tuple[dict[str, str], Verbs]] = {
    "people:login": ({"username": "{who}", "password": PASSWORD}, ["sign_in"]),
    "people:logout": ({}, ["sign_out"]),
    "people:own-choices": ({"agree": "tagger"}, ["consent_given", "consent_withdrawn"]),
    "people:invite": (
        {"text": TABLE, "confirm": "1", "seen": invitations.digest_of(TABLE)},
        ["invite", "cohort_joined"],
    ),
    "people:new-link": ({}, ["password_link"]),
    "people:welcome": ({}, []),  # with a link that works: tests/peersupport/test_invitations.py
    "people:retention-start": ({}, []),  # nothing is over its time in the demo
    "organisation:settings": (
        {"name": "North Line", "on": "0", "do": "save", "seen": digest_of({"name": "North Line"})},
        ["organisation_set"],
    ),
    "organisation:demo": ({"do": "load"}, []),  # they are there; tests/peersupport/test_demo_panel.py
    "audit:check": ({}, ["audit_check"]),
    "people:set-role": ({"role": "trainer"}, ["made_trainer", "cohort_ended"]),
    "people:cohort-add": ({"cohort": "{cohort}"}, ["cohort_joined"]),
    "people:cohort-end": ({"cohort": "{cohort}"}, ["cohort_ended"]),
    "people:close": ({}, ["account_closed"]),
    "people:open": ({}, ["account_opened"]),
    "people:erase": ({"sure": "1"}, ["erase"]),
    "people:erase-own": ({"password": PASSWORD}, ["erase"]),
    # The same again, so that what comes after on this tour knows it.
    "people:account-password": (
        {"old_password": PASSWORD, "new_password1": PASSWORD, "new_password2": PASSWORD},
        ["password_changed"],
    ),
    "people:account-time-zone": ({"time_zone": "Europe/Berlin"}, []),
    "people:second-factor-set-up": (WITH_CODE, ["second_factor_set_up"]),
    "people:second-factor-check": ({"code": "{code}"}, ["second_factor_passed"]),
    # Two acts: the code is proved once more, then something changes.
    "people:second-factor-renew": (WITH_CODE, ["second_factor_passed", "recovery_codes_renewed"]),
    "people:second-factor-remove": (WITH_CODE, ["second_factor_passed", "second_factor_removed"]),
    "people:second-factor-reset": ({}, ["second_factor_reset"]),
    "jobs:retry": ({}, ["retry"]),
    "skills:retag": ({}, ["retag"]),
    "skills:tagger-train": ({}, []),  # the demo has too little to learn from
    "skills:tagger-switch": ({}, ["tagger_switch"]),
    "skills:tagger-undo": ({}, ["tagger_undo"]),
    # Vera disputed a tag of the message right before.
    "skills:correct": (
        {"codes": "chit_chat", "note": "small talk", "basis": "{basis}"},
        ["correct", "dispute_answered"],
    ),
    "skills:review-undo": ({}, ["review_undone"]),
    "authoring:new": ({"title": "The keys", "cohort": "{cohort}"}, ["scenario_begun"]),
    "authoring:edit": ({}, []),  # without a revision nothing is saved
    "authoring:preview": ({"say": "hello"}, []),
    "authoring:publish": ({}, ["scenario_published"]),
    "authoring:take-back": ({}, ["scenario_taken_back"]),
    "authoring:delete": ({}, ["scenario_deleted"]),
    "practice:start": ({}, []),
    "practice:post": ({"text": "hello", "key": "k"}, []),
    "practice:end": ({}, []),
    "practice:delete": ({}, []),  # the box is not ticked: tests/feedback/test_deleting.py
    "practice:retry": ({}, ["retry"]),
    "practice:transcript-new": ({"text": "Anna: hello there", "consent": "1"}, []),
    "practice:transcript-preview": ({}, []),
    "practice:transcript-confirm": ({"shared": "1"}, ["share"]),
    "practice:transcript-discard": ({}, []),
    "practice:try-again": ({}, []),
    "practice:rate": ({"understood": "4"}, []),
    "practice:debrief": ({"stays": "a word"}, []),
    "skills:dispute": ({"reason": "not_there"}, []),
    "feedback:report-retry": ({}, ["retry", "retry"]),  # of the report, and of a message that was not tagged
    "feedback:report-file-make": ({}, []),
    "feedback:rate-suggestion": ({"helpful": "yes"}, []),
    "feedback:other-wording": ({"warmth": "1"}, []),
    "feedback:dial-calibrate": ({}, ["dial_calibrate"]),
    "feedback:dial-cancel": ({}, ["dial_cancel"]),
    "feedback:dial-switch": ({"use": "off"}, ["dial_switch"]),
    "feedback:dial-undo": ({}, ["dial_undo"]),
    "feedback:coach-base-merge": ({}, []),  # the demo has no language model to merge
    "feedback:coach-base-step": ({"step": "cancel"}, ["coach_merge_cancel"]),
    "feedback:coach-base-undo": ({}, ["coach_undo"]),
    "feedback:note": ({"text": "Well listened."}, ["note"]),
    "feedback:mock": ({**dict.fromkeys(KEYS, "4"), "decision": "signed_off"}, ["mock_rated"]),
    "feedback:mock-withdraw": ({"reason": "too early"}, ["mock_withdrawn"]),
    "feedback:certificate-make": ({}, []),
    "feedback:goal-set": ({"technique": "affirm"}, []),
    "feedback:goal-close": ({}, []),
    "feedback:inbox-read": ({}, []),
    "feedback:cohort-change": ({"name": "North of the river"}, ["cohort_renamed"]),
    "feedback:assign": ({"scenario": "1", "begins": "2126-01-01", "due": "2126-02-01"}, ["assign"]),
    "feedback:assignment-close": ({}, ["assignment_closed"]),
    "feedback:export-make": ({"table": "audit", "format": "csv"}, ["export_asked"]),
    "feedback:study-new": ({}, []),  # without a file there is nothing to bring
    "feedback:study-import-step": ({"step": "cancel"}, ["study_cancel"]),
    "feedback:study-step": ({"step": "withdraw"}, []),  # the shipped study was never proposed
}
LAST = ("people:logout", "people:erase", "people:erase-own")  # they take something away
DAY = timedelta(days=1)
KEY = "3132333435363738393031323334353637383930"


@dataclass
class Tour:
    due: int = 0
    exact: int = 0
    quiet: int = 0
    noisy: int = 0
    unlisted: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def judge(self, what: str, left: Verbs, due: Verbs) -> None:
        """`due` is empty where the answer showed and did nothing that an audit wants."""
        if due:
            self.due += 1
            self.exact += left == due
        else:
            self.quiet += 1
            self.noisy += bool(left)
        if left != due:
            self.wrong.append(f"{what}: {left}, due {due}")


def names(patterns=None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns or get_resolver().url_patterns:
        if isinstance(pattern, URLResolver):
            space = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            yield from names(pattern.url_patterns, space)
        else:
            yield f"{prefix}{pattern.name}", pattern


def run() -> dict[str, Any]:
    """The tour over the demo people's chats."""
    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    tour, values = Tour(), _values()
    texts = [text for text in Message.objects.values_list("text", flat=True) if len(text) > 20]
    addresses = sorted(names(), key=lambda item: LAST.index(item[0]) if item[0] in LAST else -1)
    _wrong_password(tour)
    for name, pattern in addresses:
        for who in ("vera", "tara", "ada"):
            for verb in ("GET", "POST"):
                _visit(tour, name, pattern, who, verb, values, texts)
    return vars(tour)


def _values() -> dict[str, Any]:
    """Something of vera's for every part of an address: her trainer is tara, ada is the admin."""
    chat = PracticeChat.objects.filter(volunteer__username="vera", status="ended").first()
    message = Message.objects.filter(chat=chat, role="counselor").first()
    return {
        "chat_id": chat.pk,
        "message_id": message.pk,
        "try_id": tries.try_again(message).pk,
        "scenario_id": chat.scenario_id,
        "job_id": Job.objects.create(kind="canary", lane="live", status="quarantined").pk,
        "person_id": User.objects.get(username="olga").pk,
        "study_id": 1,
        "import_id": finished_import().pk,
        "draft_id": drafts.make(chat.volunteer, b"Anna: hello there\nBen: hi, thank you\n").pk,
        "code": "open_question",
        "training_id": finished_training(User.objects.get(username="ada"), whole=True).pk,
        "behaviour": "warmth",
        "merge_id": finished_merge(User.objects.get(username="ada")).pk,
        "index": 2,
        "goal_id": set_goal(User.objects.get(username="vera"), technique="support").pk,
        **_of_staff(chat),
    }


def _of_staff(chat: PracticeChat) -> dict[str, Any]:
    ada, tara = (User.objects.get(username=name) for name in ("ada", "tara"))
    export = Export.objects.create(
        by=ada, table="audit", status="ready", finished_at=timezone.now(), expires_at=timezone.now() + DAY
    )
    files.path_of(export.pk).write_bytes(b"a file")
    cohort = chat.volunteer.memberships.first().cohort
    today = timezone.localdate()
    assigned = assignments.assign(cohort, chat.scenario, by=tara, begins=today, due=today)
    # By a colleague whose account is gone: tara rates the chat anew, sees this one, and may withdraw it.
    rated = MockRating.objects.create(chat=chat, **dict.fromkeys(KEYS, 4), decision="signed_off")
    return {
        "own_id": draft_of(cohort, tara).pk,
        "rating_id": rated.pk,
        "cohort_id": cohort.pk,
        "assignment_id": assigned.pk,
        "export_id": export.pk,
        "table": "tags",
        "kind": "codebook",
        "uidb64": "MQ",
        "token": "used-up",
    }


def _client() -> Client:
    return Client(headers={"host": "localhost"})


def _newest() -> int:
    return AuditEvent.objects.order_by("-id").values_list("id", flat=True).first() or 0


def _left(since: int) -> Verbs:
    return list(AuditEvent.objects.filter(id__gt=since).order_by("id").values_list("verb", flat=True))


def _wrong_password(tour: Tour) -> None:
    since = _newest()
    _client().post(reverse("people:login"), {"username": "vera", "password": "wrong"})
    tour.judge("a wrong password", _left(since), ["sign_in_failed"])


def _visit(tour: Tour, name: str, pattern, who: str, verb: str, values: dict, texts: list[str]) -> None:
    address = reverse(name, kwargs={key: values[key] for key in pattern.pattern.converters})
    if "code" in pattern.pattern.converters:
        address += f"?message={values['message_id']}"
    user = User.objects.filter(username=who, is_active=True).first()
    if user is None:  # erased themselves at the end of the tour
        return
    client = _client()
    if name != "people:login":
        client.force_login(user)
    fields, leaves = POSTS.get(name, ({}, []))
    code = _prepare(client, name, user, values) if verb == "POST" and name in POSTS else ""
    basis = _basis(user, values) if name == "skills:correct" else ""
    since = _newest()
    data = {
        key: value.format(who=who, code=code, basis=basis, cohort=values["cohort_id"])
        for key, value in fields.items()
    }
    response = client.get(address) if verb == "GET" else client.post(address, data)
    follows = response.get("Content-Type", "").startswith("text/event-stream")
    body = "" if follows else b"".join(response).decode(errors="replace")
    due: Verbs = []
    if response.status_code < 400:
        due = leaves if verb == "POST" else _due(response, pattern, body, who, texts)
        if verb == "POST" and name not in POSTS:
            tour.unlisted.append(name)
    tour.judge(f"{verb} {name} by {who} ({response.status_code})", _left(since), due)
    response.close()
    TOTPDevice.objects.all().delete()


def _basis(user: User, values: dict) -> str:
    """What the form of the message rests on."""
    return basis_of(Message.objects.get(pk=values["message_id"]), user)


def _due(response, pattern, body: str, who: str, texts: list[str]) -> Verbs:
    if "attachment" in response.get("Content-Disposition", ""):
        return ["export"]
    named = {"chat_id", "try_id", "message_id", "code", "import_id"} & set(pattern.pattern.converters)
    if who != "vera" and response.status_code == 200 and (named or any(text in body for text in texts)):
        return ["read"]
    return []


def _nothing_switched() -> None:
    """The shipped tagger serves."""
    TaggerSwitch.objects.filter(undoes__isnull=False).delete()
    TaggerSwitch.objects.all().delete()
    ModelVersion.objects.update(active=False)
    serving.point()


def _a_dial_switched(name: str, admin: User) -> None:
    """A dial of coach-mini's was switched on, which can be taken back."""
    settings.COACH_MODEL = "coach-mini"
    calibrated = DialCalibration.objects.filter(model="coach-mini", finished_at__isnull=False)
    finished = calibrated.exclude(fingerprint="").exclude(report={})
    made = finished.first() or finished_calibration(admin, "coach-mini")
    DialSwitch.objects.filter(undoes__isnull=False).delete()
    DialSwitch.objects.all().delete()
    DialSwitch.objects.create(
        behaviour=made.behaviour, fingerprint=made.fingerprint, before_on=False, on=True, after=made
    )
    if name == "feedback:dial-cancel":
        dial_runs.start("warmth", admin)
    elif name == "feedback:dial-calibrate":
        dial_runs.cancel("warmth", admin)


def _prepare(client: Client, name: str, user: User, values: dict) -> str:
    """Make it so that the POST has something to do: a failed turn, a job set aside, a second factor.
    Returns the code that the person's phone shows."""
    key = KEY
    if name == "practice:retry":
        Message.objects.filter(pk=values["message_id"]).update(turn="failed")
    elif name == "skills:retag":
        Tagging.objects.update(version="earlier")
    elif name.startswith("skills:tagger-") and user.is_admin:
        _nothing_switched()
        if name == "skills:tagger-undo":
            serving.switch(TaggerTraining.objects.get(pk=values["training_id"]), user)
    elif name == "feedback:coach-base-step":
        Job.objects.create(kind=bases.MERGE, lane="batch", subject=str(values["merge_id"]))
    elif name == "feedback:coach-base-undo" and user.is_admin:
        CoachMerge.objects.filter(pk=values["merge_id"]).update(active=True)
        CoachSwitch.objects.create(after_id=values["merge_id"], person=user)
    elif name == "skills:review-undo":
        message = Message.objects.get(pk=values["message_id"])
        coding.save(message, trainer=user, codes=["affirm"], spans={})
    elif name in ("authoring:publish", "authoring:take-back"):
        Scenario.objects.filter(own=True).update(active=name == "authoring:take-back")
    elif name.startswith("feedback:dial-") and user.is_admin:
        _a_dial_switched(name, user)
    elif name == "feedback:study-import-step":
        Job.objects.create(kind=runs.CHECK, lane="batch", subject=str(values["import_id"]))
    elif name == "jobs:retry":
        Job.objects.filter(pk=values["job_id"]).update(status="quarantined")
    elif name == "feedback:report-retry":
        SessionReport.objects.update(status="ready")
    elif name == "people:second-factor-set-up":
        client.get(reverse(name))
        key = client.session["second_factor_key"]
    elif name.startswith("people:second-factor"):
        whose = values["person_id"] if name.endswith("reset") else user.pk
        device = TOTPDevice.objects.create(user_id=whose, key=key, confirmed=True)
        if name.endswith(("renew", "remove")):
            session = client.session
            session[DEVICE_ID_SESSION_KEY] = device.persistent_id
            session.save()
    return f"{totp(bytes.fromhex(key)):06d}"
