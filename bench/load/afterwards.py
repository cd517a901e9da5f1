"""What the database says afterwards: every message once, how long jobs waited, what the rows weigh."""

from __future__ import annotations

from collections import Counter

from bench.promises.place import Place
from bench.promises.sheet import percentile

POSTGRES_AGES = """
SELECT kind, extract(epoch FROM started_at - created_at)::float8,
       extract(epoch FROM finished_at - created_at)::float8
FROM peersupport_job WHERE kind IN ('turn', 'report') AND status = 'done'
"""
SQLITE_AGES = """
SELECT kind, (julianday(started_at) - julianday(created_at)) * 86400,
       (julianday(finished_at) - julianday(created_at)) * 86400
FROM peersupport_job WHERE kind IN ('turn', 'report') AND status = 'done'
"""
SAID = """
SELECT m.chat_id, m.idempotency_key, m.turn FROM peersupport_message m
JOIN peersupport_practicechat c ON c.id = m.chat_id JOIN peersupport_user u ON u.id = c.volunteer_id
WHERE m.role = 'counselor' AND u.username LIKE 'load%'
"""
REPORTS = """
SELECT r.status, count(*) FROM feedback_sessionreport r JOIN peersupport_practicechat c ON c.id = r.chat_id
JOIN peersupport_user u ON u.id = c.volunteer_id WHERE u.username LIKE 'load%' GROUP BY r.status
"""
SIZES = """
SELECT c.relname, pg_total_relation_size(c.oid)::int8, pg_indexes_size(c.oid)::int8
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname = 'public'
"""


def messages(place: Place, sent: list[list[str]]) -> dict[str, int]:
    """Accepted messages that are not there, that are there twice, and those without feedback."""
    rows = place.rows(SAID)
    kept = Counter((str(chat).replace("-", ""), key) for chat, key, _ in rows)
    accepted = {(chat.replace("-", ""), key) for chat, key in sent}
    return {
        "accepted": len(accepted),
        "lost": len(accepted - kept.keys()),
        "doubled": sum(count - 1 for count in kept.values()),
        "without_feedback": sum(turn not in ("done", "failed") for _, _, turn in rows),
        "feedback_failed": sum(turn == "failed" for _, _, turn in rows),
    }


def reports(place: Place) -> dict[str, int]:
    return dict(place.rows(REPORTS))


def queue_seconds(place: Place) -> dict[str, dict[str, float]]:
    """Per kind: how long its rows waited for a worker (every row, not a sample), and until done."""
    ages: dict[str, list[tuple[float, float]]] = {}
    for kind, waited, done in place.rows(POSTGRES_AGES if place.postgres else SQLITE_AGES):
        ages.setdefault(kind, []).append((waited, done))
    return {
        kind: {
            "jobs": len(rows),
            "waited_p50": round(percentile([row[0] for row in rows], 0.5), 3),
            "waited_p95": round(percentile([row[0] for row in rows], 0.95), 3),
            "waited_max": round(max(row[0] for row in rows), 3),
            "done_p95": round(percentile([row[1] for row in rows], 0.95), 3),
        }
        for kind, rows in ages.items()
    }


def sizes(place: Place) -> dict[str, dict[str, int]]:
    """Bytes of each table of PostgreSQL, indexes and all, with its rows; empty on SQLite."""
    if place.postgres is None:
        return {}
    found = {}
    for name, total, indexes in place.rows(SIZES):
        [(rows,)] = place.rows(f'SELECT count(*) FROM "{name}"')
        found[name] = {"bytes": total, "index_bytes": indexes, "rows": rows}
    return found
