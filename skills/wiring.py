"""What this package offers to the pages and job runners below it."""

from __future__ import annotations

from peersupport.jobs import sweeper
from peersupport.jobs.models import Lane
from peersupport.jobs.registry import Kind
from peersupport.jobs.registry import register as register_kind
from peersupport.operations import versions
from peersupport.people import own_data
from peersupport.practice import slots
from skills.gold import serving
from skills.gold.runs import TRAIN
from skills.review import own_rows
from skills.review.disputes import disputed
from skills.review.shown import message_tags
from skills.tagger.card import look_in, read_card
from skills.tags import tagged_by
from skills.versions import RETAG


def register() -> None:
    slots.register(slots.MESSAGE_TAGS, message_tags)
    slots.register(slots.DISPUTED_TAGS, disputed)
    own_data.register("taggings", own_rows.taggings)
    own_data.register("corrections", own_rows.corrections)
    own_data.register("disputes", own_rows.disputes)
    own_data.register("reviews", own_rows.reviews, own_rows.objects)
    versions.register("tagger", lambda: read_card()["version"])
    versions.register_used(tagged_by)
    # It runs for hours, a stint at a time: a worker killed now and then must not set it aside.
    register_kind(Kind(name=RETAG, lane=Lane.BATCH, run="skills.retag.run", seconds=3600, attempts=8))
    look_in(serving.home)
    sweeper.register_chore(serving.chore)
    register_kind(
        Kind(
            name=TRAIN,
            lane=Lane.BATCH,
            run="skills.gold.job.run",
            on_quarantine="skills.gold.job.on_quarantine",
            on_requeue="skills.gold.job.on_requeue",
            seconds=3600,
            attempts=4,
        )
    )
