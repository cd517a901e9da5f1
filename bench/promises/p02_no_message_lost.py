"""Eight browsers post at once, double-click Send, and lose answers on the way."""

from __future__ import annotations

from bench.promises.place import BOTH, Place
from bench.promises.sheet import Figure
from bench.promises.talking import Talkers, kept_keys

NUMBER = 2
TITLE = "no message lost or doubled"
RUNNERS = BOTH
SMALL, FULL = 240, 10_000
BROWSERS = 8


def measure(place: Place, count: int) -> list[Figure]:
    place.migrate()
    port = place.start_web()
    place.start_worker("live")
    talkers = Talkers(place, port, BROWSERS, doubles=True).start(each=count // BROWSERS)
    talkers.join()
    kept = kept_keys(place)
    [(gaps,)] = place.rows(
        "SELECT count(*) FROM peersupport_practicechat c WHERE last_index != "
        "(SELECT count(*) FROM peersupport_message m WHERE m.chat_id = c.id)"
    )
    return [
        Figure("messages acknowledged", len(talkers.sent), "", count, at_least=True),
        Figure("of them lost", len(set(talkers.sent) - set(kept)), "", 0),
        Figure("doubled", len(kept) - len(set(kept)), "", 0),
        Figure("kept that nobody sent", len(set(kept) - set(talkers.sent)), "", 0),
        Figure("chats whose numbering has gaps", gaps, "", 0),
        Figure("posts refused on the way", len(talkers.refused), "", 0),
    ]
