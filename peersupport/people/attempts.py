"""What is kept of a failed sign-in: the name, when and from where; never what the form said.

django-axes keeps the form's fields and masks those that it knows. Ours ask for the password under other names
too, beside new passwords and recovery codes that are valid still.
"""

from __future__ import annotations

from axes.models import AccessAttempt
from django.db.models.signals import pre_save
from django.dispatch import receiver


@receiver(pre_save, sender=AccessAttempt)
def keep_no_form(instance: AccessAttempt, **kwargs) -> None:
    instance.get_data = instance.post_data = ""
