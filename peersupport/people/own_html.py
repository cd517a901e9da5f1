"""The file of a person's own data as one HTML page that a browser opens: for reading, where JSON is for
programs. It is written while it is read, holds the same sections, and needs nothing beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from peersupport.people import own_data
from peersupport.people.models import User

STYLE = """
:root { color-scheme: light dark; }
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; }
dl { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: 0.1rem 1rem; margin: 0; }
dt { opacity: 0.7; } dd { margin: 0; min-width: 0; overflow-wrap: anywhere; white-space: pre-wrap; }
article { margin: 1rem 0; padding: 0.75rem 1rem; border: 1px solid #8888; border-radius: 0.6rem; }
.said { margin: 0.5rem 0; padding: 0.5rem 0.8rem; border-radius: 0.6rem; background: #8882; }
.said, pre { white-space: pre-wrap; }
.own { margin-left: 3rem; background: #1d5f5a33; } .small { font-size: 0.85rem; opacity: 0.75; }
"""


def as_html(user: User) -> Iterator[str]:
    """The page piece by piece."""
    made = timezone.localtime().strftime("%Y-%m-%d %H:%M %Z")
    yield format_html(
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>{}</title>'
        "<style>{}</style></head><body><h1>{}</h1>\n<p>{}</p>\n",
        _("Your data"),
        mark_safe(STYLE),  # noqa: S308 - our own text
        _("Your data"),
        _("Everything that is kept about %(name)s, as of %(made)s.") % {"name": user, "made": made},
    )
    names = _names()
    yield format_html("<nav><ul>{}</ul></nav>\n", mark_safe("".join(_links(names))))  # noqa: S308
    for section, rows in own_data.sections():
        title = names.get(section, section.replace("_", " ").capitalize())
        yield format_html('<section id="{}"><h2>{}</h2>\n', section, title)
        empty = True
        for row in rows(user):
            empty = False
            yield _chat(row) if section == "chats" else format_html("<article>{}</article>\n", _list(row))
        yield format_html("<p>{}</p></section>\n", _("Nothing.")) if empty else "</section>\n"
    yield "</body></html>\n"


def _names() -> dict[str, str]:
    return {
        "account": _("Your account"),
        "memberships": _("Your cohorts"),
        "signed_in": _("Where you are signed in"),
        "wrong_passwords": _("Wrong passwords given for your name"),
        "audit": _("Who did what: you, and others with what is yours"),
        "chats": _("Your chats"),
        "taggings": _("Tags that the program set"),
        "corrections": _("Corrections by trainers"),
        "reports": _("Your reports"),
        "goals": _("Your goals"),
        "notes": _("Notes by trainers"),
        "mock_ratings": _("Ratings of mock chats"),
        "own_scenarios": _("Scenarios that you began to write"),
        "consents": _("What you agreed to"),
        "organisation_versions": _("Settings of the organisation that you saved"),
    }


def _links(names: Mapping[str, str]) -> Iterator[SafeString]:
    for section, _rows in own_data.sections():
        title = names.get(section, section.replace("_", " ").capitalize())
        yield format_html('<li><a href="#{}">{}</a></li>', section, title)


def _chat(row: Mapping[str, Any]) -> SafeString:
    """A chat as a conversation; what the simulation noted beside each message is folded away."""
    said = [
        format_html(
            '<div class="said {}" dir="auto"><b class="small">{}</b>\n{}</div>',
            "own" if message["role"] == "counselor" else "",
            _("You") if message["role"] == "counselor" else _("Simulated seeker"),
            message["text"],
        )
        for message in row["messages"]
    ]
    rest = {name: value for name, value in row.items() if name not in ("messages", "scenario", "events")}
    return format_html(
        '<article><h3>{}</h3><div class="small">{}</div>{}<details class="small"><summary>{}</summary>'
        "<pre>{}</pre></details></article>\n",
        row["scenario"],
        _list(rest),
        mark_safe("".join(said)),  # noqa: S308 - each was escaped above
        _("All that is noted of this chat"),
        own_data.dumps({"messages": row["messages"], "events": row.get("events", [])}, indent=1),
    )


def _list(row: Mapping[str, Any]) -> SafeString:
    pairs = [
        format_html("<dt>{}</dt><dd>{}</dd>", name.replace("_", " "), _value(value))
        for name, value in json.loads(own_data.dumps(row)).items()
    ]
    return format_html("<dl>{}</dl>", mark_safe("".join(pairs)))  # noqa: S308 - each was escaped above


def _value(value: Any) -> Any:
    if isinstance(value, (dict, list)):
        summary = _("%(n)d entries") % {"n": len(value)}
        body = json.dumps(value, ensure_ascii=False, indent=1)
        return format_html("<details><summary>{}</summary>{}</details>", summary, body)
    if value is None:
        return "–"
    return (_("yes") if value else _("no")) if isinstance(value, bool) else value
