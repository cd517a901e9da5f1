"""People: users with one role each, cohorts, and who belongs to which cohort at what time."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    VOLUNTEER = "volunteer", _("Volunteer")
    TRAINER = "trainer", _("Trainer")
    ADMIN = "admin", _("Admin")


class User(AbstractUser):
    """A person who signs in. The role says which pages exist for them, cohorts say whose chats."""

    role = models.CharField(max_length=16, choices=Role.choices, default=Role.VOLUNTEER)
    # As it begins, nobody chose it: `people.timezones`.
    time_zone = models.CharField(max_length=64, default="UTC")
    # Counts where the organisation lets volunteers choose (VOLUNTEERS_CHOOSE_SHARING).
    shares_new_chats = models.BooleanField(default=True)
    # A right apart from the role: files with names and words of people. Given by `manage.py full_export`.
    may_export_full = models.BooleanField(default=False)
    # Set where demo data are loaded alone: a name says nothing, since somebody real may have it too.
    is_demo = models.BooleanField(default=False, editable=False)

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    def get_session_auth_hash(self) -> str:
        """What a session is bound to: another password, role or active flag ends it."""
        return self._session_hash(settings.SECRET_KEY)

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        return (self._session_hash(secret) for secret in settings.SECRET_KEY_FALLBACKS)

    def _session_hash(self, secret: str) -> str:
        bound = f"{self.password}\n{self.role}\n{self.is_active}"
        return salted_hmac("peersupport.session", bound, secret=secret, algorithm="sha256").hexdigest()

    @property
    def keeps_new_chats(self) -> bool:
        """Whether chats that they begin now are kept from trainers."""
        return settings.VOLUNTEERS_CHOOSE_SHARING and not self.shares_new_chats

    @property
    def is_volunteer(self) -> bool:
        return self.role == Role.VOLUNTEER

    @property
    def is_trainer(self) -> bool:
        return self.role == Role.TRAINER

    @property
    def is_admin(self) -> bool:
        return self.role == Role.ADMIN


class Cohort(models.Model):
    name = models.CharField(max_length=120, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class MembershipQuerySet(models.QuerySet):
    def current(self) -> MembershipQuerySet:
        now = timezone.now()
        return self.filter(Q(until=None) | Q(until__gt=now), since__lte=now)


class Membership(models.Model):
    """One person in one cohort for a span of time; access follows it at the next request."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, related_name="memberships")
    since = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "cohort"], condition=Q(until=None), name="one_open_membership"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.cohort_id}"


class Consent(models.Model):
    """A person's yes to one use of what they wrote, in the words of one version; kept when withdrawn."""

    class Purpose(models.TextChoices):
        TAGGER = "tagger", _("Improving the tagger")
        RESEARCH = "research", _("Research")

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="consents")
    purpose = models.CharField(max_length=16, choices=Purpose.choices)
    version = models.CharField(max_length=16)
    given_at = models.DateTimeField(default=timezone.now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "purpose"], condition=Q(withdrawn_at=None), name="one_consent_per_purpose"
            )
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.version} of {self.person_id}"
