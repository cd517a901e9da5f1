"""Every URL of the resolver against every kind of person. A URL that is not listed fails the run.

The status is that of a GET and of a POST without a body. 302 to the login page is "login".
"""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, get_resolver

OK, LOGIN, FORBIDDEN, MISSING, WRONG_VERB = 200, "login", 403, 404, 405
BAD = 400  # reached, and told that the empty form cannot be taken
GO = 302  # done, and sent on to another page
PEOPLE = ["anonymous", "volunteer", "peer", "outsider", "trainer", "other_trainer", "admin"]


def everyone(status) -> dict:
    return dict.fromkeys(PEOPLE, status)


def signed_in(**statuses) -> dict:
    return {"anonymous": LOGIN, **statuses}


def only(role: dict, others=FORBIDDEN) -> dict:
    return {**dict.fromkeys(PEOPLE, others), "anonymous": LOGIN, **role}


VOLUNTEERS = ["volunteer", "peer", "outsider"]
TRAINERS = ["trainer", "other_trainer"]
READ_CHAT = only(
    {"volunteer": OK, "trainer": OK, "peer": MISSING, "outsider": MISSING, "other_trainer": MISSING}
)
WRITE_CHAT = {**READ_CHAT, "trainer": FORBIDDEN}


def write_chat(status) -> dict:
    return {**WRITE_CHAT, "volunteer": status}


ADMIN_PAGE = only({"admin": OK})
NO_GET = only({}, others=WRONG_VERB)

# url name -> (what a GET gives, what an empty POST gives)
MATRIX: dict[str, tuple[dict, dict]] = {}


def urls(patterns=None, prefix: str = ""):
    """(full name, pattern) of every URL."""
    for pattern in patterns or get_resolver().url_patterns:
        if isinstance(pattern, URLResolver):
            space = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            yield from urls(pattern.url_patterns, space)
        elif isinstance(pattern, URLPattern):
            yield f"{prefix}{pattern.name}", pattern
