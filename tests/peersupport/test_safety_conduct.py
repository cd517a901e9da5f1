"""Insults, belittling and private contact: what the written rules point at, and what they let pass."""

from __future__ import annotations

import time

import pytest

from peersupport.safety.conduct import KINDS, concerns, hurts, load_rules

POINTED_AT = {
    "insult": (
        "You're an idiot.",
        "you’re such a loser",
        "You are so pathetic.",
        "Honestly I think you are an idiot.",
        "you idiot!",
        "Are you a complete moron?",
        "ur stupid and you know it",
        "Not to be mean, but you're a coward.",
        "you stupid bitch",
        "Just shut up.",
        "I hate you.",
        "You are an idiot if you think that helps.",
        "You are a liar, you said you would call.",
        "You asked for it, you idiot.",
        "fuck off",
        "I can see that. You are lazy, that is all.",
    ),
    "minimising": (
        "Other people have it much worse.",
        "At least you still have your health.",
        "At least you still have a job.",
        "At least he didn't die.",
        "At least it wasn't a real child yet.",
        "Don't be so dramatic, it will be fine.",
        "I think you are overreacting a bit.",
        "Come on, at least you have a job!",
        "There are people with real problems.",
        "Just get over it.",
        "Cheer up!",
        "It could be worse.",
        "You should just snap out of it.",
        "Stop whining, everybody has bad days.",
        "It's all in your head.",
        "Oh, at least it wasn't cancer.",
        "You have no reason to feel sad.",
        "You have no reason to complain.",
        "It's just a phase.",
        "It's not that bad.",
        "It's not that bad, really.",
        "Cheer up, it will get better!",
        "Just get over it, nobody died.",
        "Other people have it worse and they don't complain.",
        "stop being so sensitive",
    ),
    "contact": (
        "Can you give me your phone number so we can meet?",
        "What's your number?",
        "What's your instagram?",
        "Can I have your number?",
        "share your number with me",
        "Let's grab a drink.",
        "Can we meet outside the chat?",
        "I'd really like to meet you.",
        "Would you like to go on a date?",
        "Are you single?",
        "Are you single by any chance?",
        "Can you send nudes?",
        "Could we meet tomorrow?",
        "Add me on Instagram, ok?",
        "Here is my phone number: 0151 000",
        "Do you want to meet me in town?",
        "let's grab a coffee",
        "I'll come over tonight.",
        "you are so sexy",
        "send me your email address",
    ),
}
LET_PASS = (
    "He called me an idiot",
    "So he called you an idiot in front of everybody.",
    "You feel like you're an idiot for trusting him.",
    "Do you think you are an idiot?",
    "It sounds like you felt useless at work.",
    "You are not an idiot.",
    "You aren't lazy, you are exhausted.",
    "I don't think you're overreacting at all.",
    "Your boss said you are overreacting, and that hurt.",
    'When she says "you are pathetic", what goes through your mind?',
    "Did you freak out when the letter came?",
    "You fool yourself a little, you said.",
    "It's so hard when people say other people have it worse.",
    "They tell you to just get over it.",
    "You can't just snap out of it, and nobody should ask you to.",
    "You don't have to cheer up for me.",
    "How do you get over something like that?",
    "At least you tried, and that counts.",
    "It sounds like you want at least your sister to know.",
    "Could things get worse if you told her?",
    "At least you have taken a first step.",
    "That would make anybody cry.",
    "It's not all in your head.",
    "Do you have the number of the crisis line?",
    "The emergency number is 112.",
    "I can give you the number of a help line.",
    "Would you like to meet new people?",
    "Where would you meet your friends before?",
    "We can't meet outside this chat, I'm sorry.",
    "I can't give you my number, but I am here now.",
    "Would a coffee with your sister help?",
    "If you are lazy on a Sunday, what do you do?",
    "You seem so tired and weak today.",
    "What is the hardest part of the day?",
    "Are you thinking of killing yourself?",
    "It must be hard to hear that you are ungrateful.",
    "You must be so disappointed.",
    "I hear how sensitive this is for you.",
    "You have every reason to be sad.",
    "Thank you for telling me. You are brave.",
)

# By the rule that they come near to.
WARM = {
    "called_names": (
        "What makes you a coward in your own eyes?",
        "Does crying make you a loser? I see somebody who carries a lot.",
        "Are you a coward because you cried?",
        "Part of you whispers: you are a liar, the voice says so again and again.",
        "It says you are a fool for trusting people, that inner critic.",
        "They call you a freak, and that cuts deep.",
        "You are a fool, you tell yourself at night.",
        "You are a kind person who was treated as a liar.",
        "You are in grief, and no drama queen.",
        "Who made you believe you are such a loser?",
    ),
    "called_stupid": (
        "Depression lies: it says you are useless.",
        "You are selfish, she said, and you believed it.",
        "You are worthless? That is not what I read here.",
        "Your illness tells you that you are lazy.",
        "You must be crazy with worry.",
        "The feeling that you are ugly comes back in the evening.",
        "You are crazy about your kids, that shows.",
        "The thought you are stupid hurts, and it is only a thought.",
        "Many who are ill fear that they are lazy; you are ill.",
        "When your head says you are pathetic, what would a friend say?",
    ),
    "sent_away": (
        "I hate you having to go through this alone.",
        "So you just shut up and took it, for years.",
        "I hate you, she shouted, and then she left.",
        "You feel so shut up in that house.",
        "They just shut up when you came in?",
        "Well, screw you, he said, and you stood there.",
        "Go to hell and back, that is what these weeks were.",
        "Shut up in one room all winter, that wears anybody down.",
        "You wanted to tell him to piss off.",
        "It is fine to hate what happened.",
    ),
    "overreacting": (
        "You are too sensitive, they say, and you hear it everywhere.",
        "The idea that you are overreacting, where does it come from?",
        "Don't exaggerate how much you can carry alone.",
        "You are not exaggerating.",
        "You wonder whether you are being dramatic.",
        "You are sensitive, and that is a strength.",
        "Anyone would be shaken, you are not making a fuss.",
        "It is a big deal, and I am glad that you told me.",
        "You hope that you are overreacting.",
        "Your thoughts say that you are oversensitive, do mine need to agree?",
    ),
    "others_worse": (
        "Have you had thoughts that it could be worse?",
        "It could be worse, but it is bad enough.",
        "Some people are worse at showing it.",
        "Other people have it worse, you tell yourself, and then you feel guilty.",
        "That other people have it worse doesn't make your pain smaller.",
        "Many people are worse at asking for help than you are.",
        "Others have it worse, you say, but this is about you.",
        "Are you afraid that it could be worse tomorrow?",
        "It could be worse at night than in the morning, is that so?",
        "Your problems are real problems.",
        "You had hoped that nothing could be worse.",
    ),
    "at_least": (
        "At least you have someone to talk to tonight.",
        "At least they did not hurt you tonight. Are you safe now?",
        "At least it is not your fault.",
        "At least your sister is with you.",
        "At least you have a plan for tonight.",
        "At least he isn't there right now.",
        "At least you have her to call when it gets dark.",
        "At least it wasn't your decision.",
        "At least you have a first idea of what helps.",
        "At least you have friends who are with you.",
        "At least your kids are safe.",
    ),
    "not_that_bad": (
        "You have no reason to feel guilty.",
        "Of course you are sad. You have no reason to be ashamed of crying.",
        "It is just a phase of grief, and it hurts.",
        "It is not that bad to cry.",
        "It's in your head all day long, isn't it?",
        "So on some days it is not that bad.",
        "You hope it is just a phase.",
        "It is a phase that many new parents know, and it is hard.",
        "You have no reason to hide your tears here.",
        "It's not that bad to need somebody.",
    ),
    "get_over_it": (
        "You should not have to pull yourself together here.",
        "When did you stop crying?",
        "Where did you grow up?",
        "You can't just snap out of it, and nobody should.",
        "Who could just get over him after twelve years?",
        "Everyone told you to man up.",
        "How could anyone just get over it?",
        "You just cheer up everybody else and forget yourself.",
        "Children should grow up with love.",
        "Do you just stop crying, or does it go on for hours?",
    ),
    "asks_for_contact": (
        "What is your address, so that I can send help to you?",
        "Give your number to the nurse.",
        "Do you have your address book?",
        "Get your number one supporter to sit with you.",
        "How strong is it, can you give me your number between one and five?",
        "What is your number one worry?",
        "Give me your number: 0 is calm and 10 is panic.",
        "Tell me your address so that the ambulance finds you.",
        "Did you give your email to the clinic?",
        "You could share your number with your new neighbour.",
        "Do they have your email, so that they can answer you?",
    ),
    "asks_to_meet": (
        "Shall we grab a drink of water first?",
        "Can we meet you where you are?",
        "Let me pick you up on that word.",
        "Could we meet tomorrow in this chat?",
        "Does your family want to meet you?",
        "Could we hang out with that feeling for a moment?",
        "Let's have a coffee break each and go on afterwards.",
        "I would love to meet you where you are.",
        "I'll come over to that in a moment.",
        "Would your friends like to meet you at the weekend?",
    ),
    "flirts": (
        "Are you single-handedly raising three children?",
        "What are you wearing yourself out for?",
        "Does he want to kiss you when you do not?",
        "Did he ask you to send nudes?",
        "Did you send nudes to him because he pushed?",
        "Are you single or is there somebody at home with you?",
        "Are you a single parent?",
        "It is cold out there, what are you wearing?",
        "You are sexy, he says, and you want him to stop.",
        "They forced you to send nudes, and that is not your fault.",
    ),
}


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind in KINDS for text in POINTED_AT[kind]])
def test_what_is_pointed_at(kind, text):
    found = concerns(text)
    assert [concern.kind for concern in found] == [kind]
    assert found[0].note == load_rules().notes[kind]
    assert hurts(text) == (kind != "contact")


@pytest.mark.parametrize("text", LET_PASS)
def test_what_is_let_pass(text):
    assert concerns(text) == ()


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule in WARM for text in WARM[rule]])
def test_a_warm_sentence_near_to_a_rule_is_let_pass(rule, text):
    assert rule in {known.id for known in load_rules().rules}
    assert concerns(text) == ()


def test_every_rule_finds_something():
    found = {concern.rule for texts in POINTED_AT.values() for text in texts for concern in concerns(text)}
    assert found == {rule.id for rule in load_rules().rules}


def test_a_message_of_two_kinds_carries_both_and_a_long_one_takes_no_time():
    both = concerns("You're an idiot. What's your number?")
    assert [concern.kind for concern in both] == ["insult", "contact"]
    began = time.perf_counter()
    concerns("you are so so so such a really just " * 110)
    assert time.perf_counter() - began < 1
