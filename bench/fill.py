"""Fill the database with counselor messages, so that a batch job has something to do.

python -m bench.fill 3000
"""

from __future__ import annotations

import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "peersupport.settings")
BLOCK = 100


def main(count: int) -> None:
    import django

    django.setup()
    from bench.lines import LINES
    from peersupport.people.models import User
    from peersupport.practice.models import Message, PracticeChat, Scenario

    volunteer, scenario = User.objects.get(username="paul"), Scenario.objects.filter(active=True).first()
    for start in range(0, count, BLOCK):
        chat = PracticeChat.objects.create(volunteer=volunteer, scenario=scenario, seed=start, status="ended")
        Message.objects.bulk_create(
            Message(
                chat=chat,
                index=number + 1,
                role="counselor",
                text=f"{LINES[number % len(LINES)]} ({start + number})",
                idempotency_key=str(number),
            )
            for number in range(min(BLOCK, count - start))
        )


if __name__ == "__main__":
    main(int(sys.argv[1]))
