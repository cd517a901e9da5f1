"""What the engine asks of a request, whatever it is for: `rewording` has replies of reports, `seeker_line`
the simulated seeker's lines. One loop generates them together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Request(Protocol):
    """`seed` draws; `new_tokens` and `seconds` limit this request, None leaves that to the engine."""

    @property
    def seed(self) -> int: ...

    @property
    def new_tokens(self) -> int | None: ...

    @property
    def seconds(self) -> float | None: ...

    def messages(self) -> list[dict[str, str]]:
        """For tokenizers with a chat template: a system and a user message."""
        ...

    def plain(self) -> str:
        """For tokenizers without one."""
        ...

    def for_mini(self) -> tuple[str, str, str] | None:
        """(seeker's message, counselor's reply, code of the technique) for coach-mini, which knows nothing
        else; None for what it was not taught."""
        ...

    def turns(self) -> Mapping[str, float]:
        """How far which dial is turned: a share in [-1, 1] of the way to its upper or lower end stop."""
        ...

    def tidy(self, text: str) -> str:
        """The text out of what a model wrote."""
        ...
