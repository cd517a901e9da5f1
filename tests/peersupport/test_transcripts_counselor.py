from __future__ import annotations

import pytest

from peersupport.practice.transcripts import (
    TranscriptError,
    find_speaker,
    guess_counselor,
    read_transcript,
)


def transcript(*turns):
    return read_transcript(
        "\n".join(f"{speaker}: {text}" for speaker, text in turns).encode(), filename="a.txt"
    )


@pytest.mark.parametrize(
    "name", ["Counselor", "volunteer", "Helper 2", "THERAPIST", "agent_7", "sys", "Peer supporter"]
)
def test_a_role_name_needs_no_notice(name):
    guess = guess_counselor(transcript(("Kim", "I feel low"), (name, "I see"), ("Kim", "yes"), (name, "ok")))
    assert guess.speaker == name and guess.notice == ""


def test_the_one_who_is_not_called_a_seeker():
    guess = guess_counselor(transcript(("client", "hi"), ("Kim", "hello"), ("client", "ok"), ("Kim", "bye")))
    assert guess.speaker == "Kim" and "Kim was taken as the counselor" in guess.notice


def test_manner_decides_between_plain_names():
    guess = guess_counselor(
        transcript(
            ("Anna", "I can't sleep and I feel awful about my job"),
            ("Ben", "Thanks for reaching out. What is it about your job that weighs on you?"),
            ("Anna", "My boss shouts at me, I dread it"),
            ("Ben", "It sounds like you never feel safe there. How long has that been?"),
        )
    )
    assert guess.speaker == "Ben" and "guessed" in guess.notice


def test_a_lone_speaker_is_taken_and_said():
    guess = guess_counselor(transcript(("Anna", "hello"), ("Anna", "again")))
    assert guess.speaker == "Anna" and "one speaker only" in guess.notice


def test_several_counselors_are_said():
    guess = guess_counselor(transcript(("Helper 1", "a"), ("Helper 2", "b"), ("client", "c")))
    assert guess.speaker == "Helper 1" and "Helper 2" in guess.notice


def test_finding_by_name_ignores_case_and_lists_who_is_there():
    chat = transcript(("Anna", "hello"), ("Ben", "hi"))
    assert find_speaker(chat, " ben ") == "Ben"
    with pytest.raises(TranscriptError, match=r"The speakers are: Anna, Ben\."):
        find_speaker(chat, "Cleo")
