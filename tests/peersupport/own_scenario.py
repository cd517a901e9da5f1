"""A scenario as a trainer would write it, without an error."""

from __future__ import annotations

from peersupport.authoring import publishing
from peersupport.authoring.body import DEFAULTS
from peersupport.authoring.models import ScenarioDraft
from peersupport.people.models import Cohort

BODY = {
    **DEFAULTS,
    "title": "The keys on the hook",
    "name": "Milan",
    "topic": "family",
    "persona": "Milan is 38 and drives a school bus. His father moved in last month.",
    "opening": "Hello. My father lives with us now and I can't do right by him.",
    "facts": "Milan, 38, school bus. Father Josef, 79, five weeks here. Wife Petra. No thoughts of suicide.",
    "tell-0": "He has the small room, the one with the boiler.\nWe moved the desk out for him.\n"
    "He is up at five. The kettle wakes the house.\nPetra says to give it time.",
    "reflect-0": "Yes. It's a full house.\nI suppose I am worn out, yes.\nThat's how it is here.",
    "answer-0": "how old is he / how old is your father | Seventy-nine in May.\n"
    "how long has he lived with you / when did he move in | Five weeks on Saturday.\n"
    "who lives with you / who else is there | Petra, me, and him.\nwhat is your job | I drive a school bus.",
    "disclose-1": "I took the car keys off him. I hung them on my own hook and said nothing.",
    "tell-1": "He looks at the hook when he goes by.\nHe used to drive a lorry to Trieste and back.\n"
    "He asks me where I parked. It's all he asks.\nI hide the keys in my coat at night.",
    "reflect-1": "Yes, I decided it for him.\nIt is like I'm the father now, and no good at it.\nRight, yes.",
    "answer-1": "how did he take it / what did he say | He said, well, then. And he went to his room.\n"
    "why did you take the keys | He came home with a mirror missing and didn't know it.",
    "disclose-2": "I shouted at him about a cup. He's my father, and he said sorry to me.",
    "tell-2": "I sit in the bus a while after the last child got off.\nI'm ashamed, if you want the word.\n"
    "I lie awake and listen whether he gets up.\nI don't know how to be soft with him. He never was with me.",
    "reflect-2": "It hurts, yes. I didn't think it would.\nYes. Angry and sorry at once.\n"
    "Nobody has said that to me yet.",
    "answer-2": "how did that feel / what was that like | Small. Like I was ten and had broken something.\n"
    "have you told petra | She heard it through the wall.",
    "disclose-3": "I think I'm afraid that I'm watching what becomes of me.",
    "tell-3": "He taught me to drive on the airfield. I was so proud.\n"
    "I'd like to sit beside him once more, that's all.",
    "reflect-3": "Yes. That is what's under it.\nI hadn't seen it like that.",
    "answer-3": "what would you want / what matters to you | That he feels at home, and me too.",
    "safety-0": "No, nothing like that. I'm tired, not in danger.",
}  # fmt: skip


def draft_of(cohort: Cohort, by, **changes: str) -> ScenarioDraft:
    """A saved draft with this body."""
    made = publishing.begin(cohort, by=by, title=BODY["title"])
    publishing.save(made, {**BODY, **changes}, revision=1)
    return made
