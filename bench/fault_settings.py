"""The product with job kinds that misbehave on purpose (bench/faults) and, if asked, a wrong clock."""

import os
from datetime import timedelta

from django.utils import timezone

from peersupport.settings import *  # noqa: F403
from peersupport.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "bench.faults"]

# What this process believes the time to be, off by so many seconds, as on a host whose clock is not kept.
if skew := int(os.environ.get("FAULT_CLOCK_SECONDS", "0")):
    _right = timezone.now
    timezone.now = lambda: _right() + timedelta(seconds=skew)
