"""Everyday words beside a cue in the crisis rules: an exception reaches no further than its clause."""

from __future__ import annotations

import pytest

from peersupport.safety import assess
from tests.peersupport import crisis_clauses_home as home
from tests.peersupport import crisis_clauses_own as own
from tests.peersupport import crisis_near_seeker as seeker
from tests.peersupport import crisis_near_volunteer as volunteer
from tests.peersupport.crisis_near_everyday import EVERYDAY
from tests.peersupport.crisis_near_home import AT_HOME

CUES = (
    "i want to kill myself",
    "i want to die",
    "i am suicidal",
    "i will end my life tonight",
    "i took all my pills",
    "i cut my arms",
    "i hurt myself on purpose",
    "i tried to hang myself",
    "i dont want to live any more",
    "im going to jump off the bridge",
    "i have a plan to kill myself",
    "i have a rope ready",
    "i wrote a goodbye letter",
    "i think about suicide every day",
    "my dad beats me",
    "he strangled me",
    "he threatens to kill me",
    "i want to kill him",
    "i took an overdose",
    "i want to end it all",
    "i want to end my life",
    "im gonna kms",
    "i self harm",
    "he raped me",
    "he locks me in the bedroom",
)
# None of it changes what the cue says.
AROUND = (
    "after the football match",
    "since the film last night",
    "after my shift at work",
    "because my mum died",
    "and my brother laughed",
    "because of the exam",
    "when my phone battery died",
    "since the surgery",
    "because the doctor said im fine",
    "and my flatmate is at the gym",
    "after the party",
    "since my ex left",
    "because he left me",
    "after school",
    "since the accident",
    "and my wedding is next week",
    "before the meeting",
    "and nobody at the office knows",
    "because my job is awful",
    "while my kids play",
    "since the article in the news",
    "and my cat is sick",
    "in the kitchen",
    "on holiday",
    "because of my boss",
    "at the beach",
    "and im late for work",
    "on my birthday",
    "after cooking dinner",
    "since i fell out with my sister",
    "when they laughed at me",
    "and she said good luck",
    "because i read a book about it",
    "and im scared",
    "after the chat with my teacher",
    "because my doctor prescribed nothing",
)
# A word within another is none ("the rope" is no "he … rope"), and a small thing excuses only its own.
PLAIN = (
    "next time the rope will hold",
    "i had the belt round my neck last night",
    "after the operation kms isnt a joke for me any more",
    "i put the gun in my mouth",
    "i deserve to die for what i did",
    "I can't keep myself safe any more and my wife wants a divorce.",
    "the voices tell me to do it since the operation",
    "because the relationship ended i jumped off a bridge",
    "the suicidal thoughts dont leave me alone even at work",
    "since the accident i relapsed and cut again",
)


def holds(wanted, level):
    return level != "none" if wanted == "any" else level == wanted


def misses(table, role):
    """The sentences of a table by wanted level that are read otherwise, with what they are read as."""
    read = [(wanted, text, assess(text, role=role).level) for wanted in table for text in table[wanted]]
    return [row for row in read if not holds(row[0], row[2])]


@pytest.mark.parametrize(
    "table",
    [seeker.PILLS, AT_HOME, seeker.CHAT, home.VIOLENCE, home.THREATS, own.PILLS, own.HURT, own.DENIED],
    ids=["pills", "home", "chat", "violence", "threats", "swallowed", "hurt", "denied"],
)
def test_what_a_seeker_writes(table):
    assert misses(table, "seeker") == []


@pytest.mark.parametrize(
    "table", [volunteer.PILLS, volunteer.OWN, own.VOLUNTEER], ids=["pills", "own", "near"]
)
def test_what_a_volunteer_writes(table):
    assert misses(table, "counselor") == []


def test_what_is_plain():
    assert misses({"explicit": PLAIN}, "seeker") == []


@pytest.mark.parametrize("cue", CUES)
def test_everyday_words_before_or_behind_a_cue_change_nothing(cue):
    said = [text for around in AROUND for text in (f"{cue} {around}", f"{around} {cue}")]
    assert misses({"explicit": said}, "seeker") == []


def test_those_everyday_words_alone_are_no_cue():
    assert misses({"none": (*AROUND, *EVERYDAY)}, "seeker") == []


THREATENED = (
    "he said hell kill me",
    "my husband says hell kill me",
    "my dad told me hell kill me",
    "she said shell stab me",
)
WHATEVER = (
    "if i leave",
    "if i burn the dinner",
    "if im late",
    "for going out",
    "if i break a plate",
    "if i fail my exam",
    "if i lose my phone",
    "for the mess",
    "if i watch that film",
    "if i eat his food",
    "lol",
)


@pytest.mark.parametrize("threat", THREATENED)
def test_a_threat_is_one_whatever_it_is_about(threat):
    assert misses({"explicit": [f"{threat} {reason}" for reason in WHATEVER]}, "seeker") == []


# A "not" or "never" that belongs to something else, and one that denies.
NO_DENIAL = (
    "he never listens",
    "never have i been so tired",
    "not once have i felt safe",
    "i never told anyone",
    "not even my mum knows",
    "never did i tell anyone",
    "in no way do i feel better",
    "not for a second do i feel ok",
    "never again will i trust",
)
SAID = (
    "i am suicidal",
    "i want to kill myself",
    "i cut myself",
    "i want to end it all",
    "i think about suicide",
)
DENIAL = ("not once did i", "never ever would i", "at no point did i", "never in my life did i")
DENIED = ("want to die", "want to kill myself", "want to end my life", "want to hurt myself")


def test_a_denial_denies_its_own_clause_alone():
    said = [
        f"{lead} {cue}" for lead in NO_DENIAL for cue in SAID if "not even my mum" not in lead or "cut" in cue
    ]
    assert (
        misses({"explicit": said, "none": [f"{no} {cue}" for no in DENIAL for cue in DENIED]}, "seeker") == []
    )


TAKEN = ("i took all my pills", "i took 20 paracetamol", "i swallowed a whole box of ibuprofen")
DAILY = (
    "",
    "last night",
    "for my heart",
    "the doctor gave me",
    "as always when he shouts",
    "each night to forget",
    "at once",
)


def test_too_many_pills_are_too_many_beside_words_for_every_day():
    said = [f"{taken} {when}".strip() for taken in TAKEN for when in DAILY]
    assert misses({"explicit": said}, "seeker") == []


BLOWS = ("he hits me", "my dad punched me", "my ex strangled me", "he broke my arm", "he raped me")
BESIDE = (
    "when i hold the baby {}",
    "in front of the toddler {}",
    "after the divorce {}",
    "since the illness {}",
    "{} and then hugged me",
    "{} but said it was an accident",
    "he said sorry, {}",
    "we were playing a game and {}",
    "{} for losing my phone",
    "{} because dinner was late lol",
    "he kicked me out and {}",
    "she slapped me on the back and {}",
)


@pytest.mark.parametrize("blow", BLOWS)
def test_no_exception_reaches_a_blow_in_another_clause(blow):
    assert misses({"explicit": [around.format(blow) for around in BESIDE]}, "seeker") == []
