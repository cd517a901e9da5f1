"""Job kinds for measurements: one that works and leaves a countable trace, and some that misbehave."""

from django.apps import AppConfig


class FaultsConfig(AppConfig):
    name = "bench.faults"
    label = "faults"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from peersupport.jobs.models import Lane
        from peersupport.jobs.registry import Kind, register

        for lane in Lane.values:
            register(Kind(f"effect_{lane}", lane, "bench.faults.kinds.effect", batch=8, seconds=20))
            register(Kind(f"disk_{lane}", lane, "bench.faults.kinds.disk", seconds=20))
        for name in ("crash", "hang", "memory"):
            register(Kind(name, Lane.LIVE, f"bench.faults.kinds.{name}", seconds=3))
        broken = "bench.faults.kinds.broken"
        register(Kind("broken", Lane.LIVE, broken, on_quarantine=f"{broken}_again", seconds=20))
