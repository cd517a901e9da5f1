"""Requests that are generated together: the same text for a seed, and trouble that stays with its own."""

from __future__ import annotations

import threading
import time

import pytest
import torch

from feedback.coach import batching
from feedback.coach.batching import Asked, BusyError, Loop
from feedback.coach.kv_cache import plain_attention
from feedback.coach.sampling import Draw, RowDraws
from feedback.coach.whole_batches import WholeBatches
from tests.feedback.steering_models import tiny, vector

NEW = 9


@pytest.fixture(scope="module")
def model():
    return tiny()


def loop_of(model, kind=Loop, **options):
    return kind(model, **{"rows": 4, "waiting": 64, "ends": [7]} | options)


def asked(number: int, *, temperature: float = 1.0, **options) -> Asked:
    """Prompts of different lengths, so that rows never end where others do."""
    ids = tuple(8 + (number * 7 + i * i) % 40 for i in range(3 + (number * 5) % 17))
    draw = Draw(seed=number, temperature=temperature, top_p=0.95)
    return Asked(ids, draw, options.pop("new_tokens", NEW), options.pop("seconds", 60.0), **options)


def alone(model, one: Asked, **options) -> list[int]:
    loop = loop_of(model, rows=1, **options)
    ticket = loop.submit(one)
    loop.finish([ticket])
    assert ticket.error is None
    return ticket.tokens


def generated(model, one: Asked, ends: int = 7) -> list[int]:
    """What transformers' own generate says, greedily."""
    ids = torch.tensor([one.ids])
    with torch.inference_mode():
        output = model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=one.new_tokens,
            do_sample=False,
            eos_token_id=ends,
            pad_token_id=0,
        )
    tokens = output[0, len(one.ids) :].tolist()
    return tokens[: tokens.index(ends)] if ends in tokens else tokens


@pytest.mark.parametrize("kind", [Loop, WholeBatches])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_seed_gives_the_same_tokens_whatever_else_is_in_the_batch(model, kind, temperature):
    work = [asked(number, temperature=temperature, new_tokens=3 + number % 9) for number in range(24)]
    expected = [alone(model, one) for one in work]
    for rows in (2, 5, 16):
        loop = loop_of(model, kind, rows=rows)
        tickets = [loop.submit(one) for one in work]
        loop.finish(tickets)
        assert [ticket.tokens for ticket in tickets] == expected
    if temperature == 0.0:
        assert expected == [generated(model, one) for one in work]
    else:
        assert len({tuple(tokens) for tokens in expected}) > 12


def test_requests_join_and_leave_between_two_tokens(model):
    sizes = []
    forward = model.forward
    loop = loop_of(model, rows=3, ends=[])
    model.forward = lambda *a, **k: sizes.append(k["input_ids"].shape) or forward(*a, **k)
    try:
        long, short = loop.submit(asked(1, new_tokens=8)), loop.submit(asked(2, new_tokens=2))
        loop.step()  # both prompts are read, two tokens of each are there: the short one is through
        assert short.done and not long.done and len(long.tokens) == 2
        late = loop.submit(asked(3, new_tokens=3))
        loop.step()
        assert [len(long.tokens), len(late.tokens)] == [3, 2]
        loop.finish([long, late])
    finally:
        model.forward = forward
    assert [rows for rows, width in sizes if width == 1] == [2, 2, 2, 1, 1, 1, 1]
    assert long.tokens == alone(model, asked(1, new_tokens=8), ends=[])
    assert late.tokens == alone(model, asked(3, new_tokens=3), ends=[])


def test_a_cancelled_request_frees_its_row_and_changes_no_other(model):
    loop = loop_of(model, ends=[])
    tickets = [loop.submit(asked(number)) for number in range(4)]
    waiting = loop.submit(asked(9))
    loop.step()
    tickets[0].cancel()
    waiting.cancel()
    loop.finish(tickets)
    assert str(tickets[0].error) == str(waiting.error) == "the request was cancelled"
    assert [t.tokens for t in tickets[1:]] == [alone(model, asked(n), ends=[]) for n in (1, 2, 3)]
    done = tickets[1]
    done.cancel()
    assert done.error is None


def test_a_full_line_refuses_in_words_and_takes_more_once_it_moved(model):
    loop = loop_of(model, rows=1, waiting=2)
    tickets = [loop.submit(asked(number)) for number in range(2)]
    with pytest.raises(BusyError, match="busy: 2 requests wait already"):
        loop.submit(asked(3))
    tickets[0].cancel()  # those who gave up hold no place
    loop.finish([loop.submit(asked(3)), tickets[1]])


@pytest.mark.parametrize("kind", [Loop, WholeBatches])
def test_a_late_request_ends_and_the_others_go_on(model, kind):
    loop = loop_of(model, kind, ends=[])
    tickets = [loop.submit(asked(1)), loop.submit(asked(2, seconds=0.0)), loop.submit(asked(3))]
    time.sleep(0.01)
    loop.finish(tickets)
    assert str(tickets[1].error) == "the language model took longer than 0 seconds"
    assert [tickets[0].tokens, tickets[2].tokens] == [alone(model, asked(n), ends=[]) for n in (1, 3)]


def broken_for(model, token):
    """The model's forward with no numbers for the row that goes on from `token`."""
    forward = model.forward

    def wrapped(*args, **options):
        output = forward(*args, **options)
        rows = (options["input_ids"] == token).any(dim=1)
        output.logits[rows] = float("nan")
        cache = options["past_key_values"]
        if hasattr(cache, "_keys"):
            for keys in (*cache._keys, *cache._values):
                keys[: len(rows)][rows] = float("nan")
        return output

    return wrapped


def test_scores_that_are_no_numbers_end_their_own_request_only(model, monkeypatch):
    bad = Asked((50, 51, 52), Draw(1), NEW, 60.0)
    expected = [alone(model, asked(number), ends=[]) for number in range(12)]
    monkeypatch.setattr(model, "forward", broken_for(model, 51))
    loop = loop_of(model, ends=[])
    tickets = [loop.submit(asked(number)) for number in range(3)]
    worse = loop.submit(bad)
    tickets += [
        loop.submit(asked(number)) for number in range(3, 12)
    ]  # who comes into the broken row's place
    loop.finish([*tickets, worse])
    assert "not numbers" in str(worse.error)
    for ticket, tokens in zip(tickets, expected, strict=True):
        assert ticket.tokens == tokens or 51 in tokens  # who draws that token breaks as well


def test_a_row_that_breaks_halfway_leaves_nothing_behind(model, monkeypatch):
    expected = {number: alone(model, asked(number), ends=[]) for number in range(12)}
    victim = expected[0][3]  # its fifth step goes on from this token
    monkeypatch.setattr(model, "forward", broken_for(model, victim))
    loop = loop_of(model, rows=3, ends=[])
    tickets = {number: loop.submit(asked(number)) for number in range(12)}
    loop.finish(list(tickets.values()))
    assert tickets[0].error is not None
    whole = [number for number, ticket in tickets.items() if ticket.error is None]
    assert whole and all(tickets[number].tokens == expected[number] for number in whole)


@pytest.mark.parametrize(
    ("error", "memory"),
    [
        (MemoryError(), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), True),
        (RuntimeError("std::bad_alloc"), True),
        (RuntimeError("size mismatch"), False),
    ],
)
def test_running_out_of_memory_is_told_from_other_errors(error, memory):
    assert batching.out_of_memory(error) is memory


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("cannot allocate memory"), ValueError("odd")])
def test_what_breaks_together_is_tried_with_fewer(model, monkeypatch, error):
    expected = [alone(model, asked(number)) for number in range(6)]
    forward = model.forward
    calls = []

    def narrow(*args, **options):
        calls.append(options["input_ids"].shape[0])
        if calls[-1] > 2:
            raise error
        return forward(*args, **options)

    monkeypatch.setattr(model, "forward", narrow)
    loop = loop_of(model)
    tickets = [loop.submit(asked(number)) for number in range(6)]
    loop.finish(tickets)
    assert [ticket.tokens for ticket in tickets] == expected
    assert calls[0] == 4
    loop.finish([loop.submit(asked(number)) for number in range(4)])
    assert calls.count(4) == 2  # after a rest it tries again


def test_a_request_that_breaks_alone_fails_alone(model, monkeypatch):
    expected = [alone(model, asked(number)) for number in range(3)]
    forward = model.forward

    def picky(*args, **options):
        if (options["input_ids"] == 51).any():
            raise RuntimeError("no such thing")
        return forward(*args, **options)

    monkeypatch.setattr(model, "forward", picky)
    loop = loop_of(model)
    bad = loop.submit(Asked((50, 51, 52), Draw(1), NEW, 60.0))
    tickets = [loop.submit(asked(number)) for number in range(3)]
    loop.finish([bad, *tickets])
    assert str(bad.error) == "the language model failed while writing (RuntimeError)"
    assert [ticket.tokens for ticket in tickets] == expected


def test_an_interrupt_leaves_nobody_waiting(model, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(model, "forward", stop)
    loop = loop_of(model)
    ticket = loop.submit(asked(1))
    with pytest.raises(KeyboardInterrupt):
        loop.finish([ticket])
    assert "interrupted" in str(ticket.error)


def test_threads_are_answered_together(model):
    loop = loop_of(model, rows=8, ends=[])
    expected = [alone(model, asked(number, new_tokens=40), ends=[]) for number in range(8)]
    found, widest = {}, []
    forward = model.forward
    model.forward = lambda *a, **k: widest.append(k["input_ids"].shape[0]) or forward(*a, **k)
    start = threading.Barrier(8)

    def work(number):
        start.wait()
        ticket = loop.submit(asked(number, new_tokens=40))
        loop.finish([ticket])
        found[number] = ticket.tokens

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    finally:
        model.forward = forward
    assert [found[number] for number in range(8)] == expected
    assert max(widest) > 1


def test_each_row_has_its_own_strength(model):
    from feedback.coach.steering.injection import Injection

    own = tiny()
    injection = Injection(own, {"x": vector(own)}, rows=4, unbounded=True)
    work = [asked(n, temperature=0.0, strengths={"x": 20.0 * (n % 3)}) for n in range(9)]
    expected = [alone(own, one, steering=injection) for one in work]
    assert expected != [alone(model, one) for one in work]
    loop = loop_of(own, steering=injection)
    tickets = [loop.submit(one) for one in work]
    loop.finish(tickets)
    assert [ticket.tokens for ticket in tickets] == expected
    assert alone(own, asked(4, temperature=0.0), steering=injection) == alone(
        model, asked(4, temperature=0.0)
    )


@pytest.mark.parametrize("family", ["qwen2", "mistral", "gemma", "gpt_neox"])
def test_other_families_write_what_generate_writes(family):
    own = tiny(family)
    kind = Loop if plain_attention(own) else WholeBatches
    assert (kind is WholeBatches) == (family == "mistral")
    work = [asked(number, temperature=0.0) for number in range(6)]
    loop = loop_of(own, kind)
    tickets = [loop.submit(one) for one in work]
    loop.finish(tickets)
    assert [ticket.tokens for ticket in tickets] == [generated(own, one) for one in work]


def test_models_whose_layers_forget_are_generated_in_whole_batches(model):
    from transformers import MistralConfig, MistralForCausalLM

    sliding = MistralForCausalLM(
        MistralConfig(
            vocab_size=64,
            hidden_size=16,
            intermediate_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=2,
            sliding_window=4,
        )
    ).eval()
    assert plain_attention(model) and not plain_attention(sliding)
    work = [asked(number, temperature=0.0) for number in range(5)]
    loop = loop_of(sliding, WholeBatches)
    tickets = [loop.submit(one) for one in work]
    loop.finish(tickets)
    assert [ticket.tokens for ticket in tickets] == [generated(sliding, one) for one in work]


def test_a_nucleus_holds_what_transformers_keeps_and_draws_follow_the_scores():
    from transformers import TopPLogitsWarper

    scores = torch.randn(1, 2000, generator=torch.Generator().manual_seed(1)) * 3
    kept = torch.isfinite(TopPLogitsWarper(0.8)(None, scores / 0.9)).sum().item()
    seen: dict[int, int] = {}
    for seed in range(600):
        draws = RowDraws()
        draws.add(Draw(seed, temperature=0.9, top_p=0.8))
        (token,) = draws.pick(scores)
        seen[token] = seen.get(token, 0) + 1
    assert len(seen) <= kept
    chances = torch.softmax(TopPLogitsWarper(0.8)(None, scores / 0.9), dim=-1)[0]
    likeliest = int(chances.argmax())
    assert abs(seen[likeliest] / 600 - float(chances[likeliest])) < 0.06
    assert all(chances[token] > 0 for token in seen)


def test_a_flat_row_is_drawn_from_all_its_tokens():
    draws = RowDraws()
    draws.add(Draw(3, temperature=1.0, top_p=1.0))
    found = {draws.pick(torch.zeros(1, 1000))[0] for _ in range(200)}
    assert len(found) > 150 and max(found) > 700


def test_a_score_of_minus_infinity_is_no_fault_and_a_row_of_them_is():
    draws = RowDraws()
    for seed in range(3):
        draws.add(Draw(seed))
    scores = torch.zeros(3, 10)
    scores[0, 1:] = -torch.inf
    scores[1] = -torch.inf
    scores[2, 3] = torch.nan
    assert draws.pick(scores) == [0, -1, -1]
