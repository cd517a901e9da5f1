"""The four global ratings of MITI 4 (Moyers et al. 2016), 1 to 5, each step described in our own words.

Names and idea are the instrument's; the descriptions are ours, so ratings are "in the manner of MITI 4" and
no substitute for a trained coder's. Globals are given by people and are never computed.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

STEPS = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Scale:
    """`key` is the column of `MockRating`; `anchors` describe steps 1 to 5."""

    key: str
    name: str | Promise
    asks: str | Promise
    anchors: tuple[str | Promise, ...]

    def anchor(self, step: int) -> str | Promise:
        return self.anchors[step - 1]

    @property
    def steps(self) -> list[tuple[int, str | Promise]]:
        return list(zip(STEPS, self.anchors, strict=True))


SCALES = (
    Scale(
        "cultivating",
        _("Cultivating change talk"),
        _("What becomes of the seeker's own wishes, reasons and steps towards something better?"),
        (
            _("They go by unheard; the questions are about something else."),
            _("One is picked up now and then and dropped again at once."),
            _("Some are taken up for a moment; several open doors stay closed."),
            _("Most are noticed, and the seeker is asked to tell more of them."),
            _("They carry the chat: each is opened further, until the seeker says what they want and why."),
        ),
    ),
    Scale(
        "softening",
        _("Softening sustain talk"),
        _("What becomes of reasons why nothing can change?"),
        (
            _("They are argued with, or asked for so often that the chat is about little else."),
            _("The chat keeps going back to hurdles, and each question finds another one."),
            _("Sometimes a hurdle is left in peace, sometimes it is dug into."),
            _("A hurdle is heard in a sentence and then mostly left where it is."),
            _("Hesitation is met as something that makes sense; without a push the chat finds its way on."),
        ),
    ),
    Scale(
        "partnership",
        _("Partnership"),
        _("Who knows, and who decides where the chat goes?"),
        (
            _("The counselor alone: one side asks and knows best, the other one answers."),
            _("The seeker's view is asked for once or twice, and the plan stays what it was."),
            _("The seeker has a say when they take it; it is seldom offered."),
            _("Ideas are asked for and built on; decisions stay with the seeker."),
            _("Both steer: what the seeker knows about their own life shapes every next step."),
        ),
    ),
    Scale(
        "empathy",
        _("Empathy"),
        _("How well is the seeker's own view understood, and told back?"),
        (
            _("No try to see it as the seeker does."),
            _("A try here and there, which catches facts and misses what they mean."),
            _("What was said comes back correctly, close to the words."),
            _("More than the words comes back in many places, and it fits."),
            _("What lay unsaid is put in words, and the seeker finds themselves in it."),
        ),
    ),
)
KEYS = tuple(scale.key for scale in SCALES)
