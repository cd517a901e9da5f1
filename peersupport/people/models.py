"""People: users with one role each, cohorts, and who belongs to which cohort at what time."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    VOLUNTEER = "volunteer", _("Volunteer")
    TRAINER = "trainer", _("Trainer")
    ADMIN = "admin", _("Admin")


class User(AbstractUser):
    """A person who signs in. The role says which pages exist for them, cohorts say whose chats."""

    role = models.CharField(max_length=16, choices=Role.choices, default=Role.VOLUNTEER)
    time_zone = models.CharField(max_length=64, default="UTC")

    def __str__(self) -> str:
        return self.get_full_name() or self.username

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
