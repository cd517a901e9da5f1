"""What a job did, one row each time it was done: two rows for one job are a doubled effect."""

from django.db import models


class Effect(models.Model):
    job_id = models.BigIntegerField(db_index=True)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"effect of job {self.job_id}"
