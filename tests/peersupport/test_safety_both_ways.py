"""Sentences near to each other on both sides of a rule: what must be noticed, and what must not alarm."""

from __future__ import annotations

import pytest

from peersupport.safety import assess

ASKED = (
    "Can I ask about suicide?",
    "May I ask about thoughts of suicide?",
    "I'd like to ask a hard question: is suicide on your mind?",
    "Let me ask plainly about suicide.",
    "I wonder if suicide has been on your mind.",
    "I want to talk openly about suicide with you.",
    "I know suicide is hard to talk about.",
    "I take suicide seriously.",
    "I feel it is important to ask about self-harm.",
    "I ask everybody about suicide, it is nothing special.",
    "I'm not afraid of the word suicide.",
    "I have one more question, about self-harm.",
    "I was trained to listen when suicide comes up.",
    "I lost a colleague to suicide and I still don't find this easy.",
    "I understand that self-harm gives you a minute of quiet.",
    "I believe suicide is something we should be able to name here.",
    "I want to check about a suicide plan before we go on.",
    "I've read your line about suicide again and I'm still here.",
    "I'll stay with you while we speak about suicide.",
    "I would never judge somebody for an attempt.",
    "I take suicidal thoughts seriously, every time.",
    "I've learned that suicidal thoughts come and go.",
    "I heard you say that you self-harm.",
    "I noticed the words about ending it, may I ask what they mean?",
    "I have a question about suicidal thoughts.",
    "I want to die, you wrote, and then you deleted it.",
    "He hits me, you said, and I believe you.",
    "I want the pain to ease for you.",
    "I want to hold the pain with you.",
    "I'd want the pain to stop too.",
    "I want to cut in here for a moment.",
    "I want to cut to the point.",
    "My partner beats me to the dishes every night, haha.",
    "I took a lot of medication after my surgery, so I know that fog.",
    "I took a lot of notes so that I do not forget what you told me.",
)
OWN = {
    "explicit": (
        "I am suicidal myself, if I am honest.",
        "I've been thinking about suicide since last winter.",
        "I have thoughts of suicide every day.",
        "I keep having suicidal thoughts at work.",
        "I attempted suicide two years back.",
        "I tried suicide once, and it is coming back.",
        "Suicide is on my mind too, all the time.",
        "I can't stop thinking about suicide.",
        "I struggle with self-harm.",
        "I still self-harm on bad days.",
        "I started self-harming again in spring.",
        "My suicidal thoughts scare me.",
        "I feel so suicidal tonight, I can't do this.",
        "I want to commit suicide.",
        "I have urges to self-harm.",
        "Suicide seems the only way out for me.",
        "I wrote a suicide note this morning.",
        "I think I'm suicidal.",
        "Answering you makes me suicidal, I mean it.",
        "I had a suicide plan ready last night.",
        "I was going to ask you, but I am suicidal.",
        "My husband says he'll kill me if I leave.",
        "My boyfriend threatened me with a hammer.",
        "I want to hurt myself after this chat.",
        "I want to cut again.",
    ),
    "passive": (
        "I don't want to wake up tomorrow.",
        "I used to be suicidal, so I know that place.",
        "Nobody would notice if I died.",
        "I'm tired of being alive, same as you.",
        "I just want to disappear forever.",
    ),
}
NOTICED = {
    "suicide": (
        "The exam is over and I still don't want to be here any more.",
        "I don't want to be here any more, my parents don't even look at me.",
        "I feel like a burden to my housemates.",
        "My boss told me off again and I feel like a burden.",
        "I'm so tired of living, every month the same.",
        "Since my shift ended I keep hoping I don't wake up.",
        "My boss humiliated me again and I have no reason to go on.",
        "My parents would be better off without me.",
        "I'm just a burden to my parents.",
        "After school I lie there and wish I was dead.",
        "The meeting ended and I thought that I don't want to be alive any more.",
        "lol my parents would be better off without me",
        "The weather is lovely and I am tired of living.",
        "My class laughed and I wanted to die, I still want to.",
        "I thought about walking in front of a bus lol",
        "I took all of the tablets in the drawer.",
        "I have been saving up my pills for weeks.",
        "I took too many pills last night.",
    ),
    "self_harm": (
        "I want to feel pain again.",
        "I want to cut myself.",
        "I want to burn my arm again.",
        "I need to bleed.",
        "I'm tempted to cut tonight.",
        "The urge to hurt myself is back.",
    ),
    "abuse": (
        "My husband says he'll kill me if I leave.",
        "He said if I tell anyone he will kill me.",
        "He threatens me with a knife.",
        "My boyfriend put his hands around my throat.",
        "He squeezed my throat until I couldn't breathe.",
        "He forces himself on me.",
        "My husband makes me have sex when I don't want to.",
        "My wife won't let me leave the house.",
        "My partner locks me in the flat.",
        "He broke my arm last year.",
        "My partner hits our kids.",
        "My mum throws plates at me.",
        "My ex swore that he would burn my house and kill me.",
        "My stepfather slaps my little sister when he is drunk.",
        "He held me by the throat against the wall.",
        "My girlfriend threw a glass at me.",
        "My dad broke my nose when I was twelve.",
        "He has sex with me while I am asleep.",
        "My brother pushed me down the stairs and laughed.",
        "He won't let me call my family.",
        "My boyfriend beats me at home.",
        "He beats me with his belt.",
    ),
}
EVERYDAY = (
    "I want my knee pain checked by a doctor.",
    "I want to avoid pain.",
    "I want to burn my old letters.",
    "I want a pain au chocolat.",
    "I want a new cut, my fringe is too long.",
    "I want to burn some calories.",
    "My boss beats me at tennis.",
    "My brother beats me at chess every time.",
    "My teacher pushes me every day.",
    "My sister slapped me on the back and congratulated me.",
    "He attacked me in the comments.",
    "My boss beats me down in every meeting.",
    "I collected my meds this morning.",
    "I'm looking at the medication leaflet.",
    "I'm counting my pills every day because the doctor told me to.",
    "There's no way out of this lease.",
    "I took the whole week off.",
    "I took a lot of photos at the lake.",
    "I took too much on this term.",
    "Mum says she'll kill me if I forget her birthday again.",
    "My brother throws a ball at me and runs.",
    "My mum won't let me leave the house without a scarf.",
    "My dad beat my brother at chess yesterday.",
    "She broke my favourite cup.",
    "The bank locked me into a contract.",
    "My nephew throws snowballs at me.",
    "My boss throws work at me all day.",
    "My sister hit the brakes and my head hurt for a day.",
    "My husband makes me have breakfast when I don't want to.",
    "I can't go on holiday this year.",
    "No point in going on with this course.",
)


def read_as(texts, role):
    return {text: assess(text, role=role).level for text in texts}


def test_a_volunteer_who_asks_or_gives_back_discloses_nothing():
    assert {text: level for text, level in read_as(ASKED, "counselor").items() if level != "none"} == {}


@pytest.mark.parametrize("level", OWN)
def test_a_volunteer_who_speaks_of_themselves_is_noticed(level):
    assert {text: got for text, got in read_as(OWN[level], "counselor").items() if got != level} == {}


@pytest.mark.parametrize("kind", NOTICED)
def test_a_cue_beside_everyday_words_is_noticed(kind):
    found = {text: assess(text, role="seeker") for text in NOTICED[kind]}
    missed = [text for text, seen in found.items() if kind not in seen.kinds]
    low = [text for text, seen in found.items() if seen.level != "explicit" and kind != "suicide"]
    assert (missed, low) == ([], [])


def test_everyday_words_raise_no_alarm():
    assert {text: level for text, level in read_as(EVERYDAY, "seeker").items() if level != "none"} == {}


def test_the_wish_that_pain_stops_is_no_self_harm():
    assert assess("I just want the pain to stop.", role="seeker").level != "explicit"


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("i think hes going to kill me tonight", ("abuse",)),
        ("i keep thinking of killing myself", ("suicide",)),
        ("i think my husband wants to kill me", ("abuse",)),
    ],
)
def test_whose_hand_is_feared_says_what_kind_it_is(text, kinds):
    assert assess(text, role="seeker").kinds == kinds
