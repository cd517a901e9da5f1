"""The speed bench's peer is the shipped network in fp32, and its pieces run; no figure is checked here."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from bench.tagger import bert, gpu, messages, prepare, recover, sentence_peer
from bench.tagger.contestant import Contestant
from bench.tagger.measure import agreement, times
from bench.tagger.ours import Limit, Ours
from bench.tagger.pipeline_peer import PipelinePeer
from skills.corpora import own
from skills.tagger import TagInput, graph, load_tagger
from skills.tagger.card import WEIGHTS
from skills.tagger.encode import LIMIT, PREVIOUS_LIMIT, Encoder
from skills.tagger.heads import N_CODES, N_OUTPUTS
from skills.tagger.quantize import feed, session

ENCODER = Encoder(WEIGHTS / "tokenizer.json")
EXAMPLES = [TagInput(example.text, example.previous) for example in own.read() if example.previous][:20]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("speed")
    prepare.save_bert(made)
    prepare.save_float(made)
    before = torch.get_num_threads()
    sentence_peer.fit_head(made, threads=1, limit=2)
    torch.set_num_threads(before)
    messages.write(messages.gather(12), made / "messages.json")
    return made


@pytest.fixture(scope="module")
def peer(folder):
    before = torch.get_num_threads()
    yield PipelinePeer(folder, 1, [1, 4])
    torch.set_num_threads(before)


def made_up_weights() -> dict[str, np.ndarray]:
    """A network of the right shape with random weights."""
    random = np.random.default_rng(5)
    sizes = {"qkv": (1152, 384), "out": (384, 384), "up": (1536, 384), "down": (384, 1536)}
    shapes = {name: sizes.get(name.rpartition(".")[2], (384, 384)) for name in recover.LINEARS}
    shapes["head_out"] = (N_OUTPUTS, 768)
    weights = {f"{name}.weight": random.normal(0, 0.05, shape) for name, shape in shapes.items()}
    weights |= {f"{name}.bias": random.normal(0, 1, shapes[name][0]) for name in shapes if name != "project"}
    weights |= {
        f"{n}.{part}": random.normal(1, 0.1, 384) for n in recover.NORMS for part in ("weight", "bias")
    }
    tables = {"words": 50, "positions": 16, "segments": 2}
    weights |= {f"{name}.weight": random.normal(0, 0.1, (rows, 384)) for name, rows in tables.items()}
    return {name: array.astype(np.float32) for name, array in weights.items()}


def test_weights_come_back_from_an_int8_graph_and_from_a_float_one(tmp_path):
    weights, random = made_up_weights(), np.random.default_rng(6)
    smooth = {
        name: random.uniform(0.2, 5, weights[f"{name}.weight"].shape[1]).astype(np.float32)
        if name.endswith((".up", ".down"))
        else np.ones(weights[f"{name}.weight"].shape[1], np.float32)
        for name in recover.LINEARS[:-1]
    }
    ranges = {name: graph.InputRange(-3.0, 3.0, vector) for name, vector in smooth.items()}
    for given in (None, ranges):
        (tmp_path / "made.onnx").write_bytes(graph.build(weights, given).SerializeToString())
        back = recover.recover(tmp_path / "made.onnx")
        assert back.keys() == weights.keys()
        for name, array in weights.items():
            vector = smooth.get(name.removesuffix(".weight"), 1.0) if given else 1.0
            step = 0.0
            if (
                given
                and array.ndim == 2
                and name not in ("project.weight", "positions.weight", "segments.weight")
            ):
                step = np.abs(array * vector).max(1, keepdims=True) / 127
            assert np.all(np.abs(back[name] - array) <= 0.51 * step / vector + 1e-6), name


def test_a_graph_of_another_layout_is_refused(tmp_path):
    model = graph.build(made_up_weights())
    del model.graph.node[-12:]
    (tmp_path / "other.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ValueError, match="linear layers"):
        recover.recover(tmp_path / "other.onnx")


def test_the_recovered_network_gives_nearly_the_shipped_logits(peer):
    """Exactly those of a float graph with the same weights; the int8 inputs then move them a little."""
    weights, heat = recover.recover(WEIGHTS / "tagger.onnx"), bert.heats(WEIGHTS)
    running = session(graph.build(weights).SerializeToString())
    shipped = load_tagger(WEIGHTS)
    from_float, from_int8, from_peer = [], [], []
    for item in EXAMPLES:
        [window] = ENCODER.windows(item.text, item.previous)
        from_float.append(running.run(["logits"], feed(window))[0][0, 0] / heat)
        from_int8.append(shipped.logits([window])[0][0])
        read = peer.pipeline.tokenizer(item.text, item.previous, return_tensors="pt")
        with torch.inference_mode():
            from_peer.append(peer.pipeline.model(**read).logits[0].numpy())
    assert np.abs(np.array(from_peer) - np.array(from_float)).max() < 1e-3
    assert np.corrcoef(np.ravel(from_int8), np.ravel(from_float))[0, 1] > 0.99


def test_labels_agree_and_company_hardly_matters_to_the_peer(folder, peer):
    ours = Ours(folder, 1, [3])
    tagged = ours.table(ours.tag(EXAMPLES, ours.ways[1]))
    by_length = peer.table(peer.tag(EXAMPLES, peer.ways[2]))
    assert peer.ways[2] == {"batch": 4, "by_length": True}
    assert agreement(tagged, by_length)["given_tags"] >= 0.97
    assert np.abs(by_length - peer.table(peer.tag(EXAMPLES, peer.ways[0]))).max() < 1e-4


def test_the_peer_reads_the_very_tokens_that_the_tagger_reads():
    tokenizer = bert.tokenizer(WEIGHTS / "tokenizer.json")
    long = TagInput(" ".join(["word"] * 200), "before")
    for item in [*EXAMPLES, TagInput("No message before."), long]:
        window = ENCODER.windows(item.text, item.previous)[0]
        pair = [item.previous] if item.previous else []
        read = tokenizer(item.text, *pair, truncation="only_first", max_length=LIMIT)
        assert read["input_ids"] == window.ids
        assert read["token_type_ids"].count(0) == window.message


def test_a_previous_message_is_cut_to_whole_words_that_fit():
    pieces = ENCODER._tokenizer
    assert messages.last_tokens("Short enough.", pieces) == "Short enough."
    words = " ".join(f"unbelievableness{n}" for n in range(40))
    kept = messages.last_tokens(words, pieces)
    assert words.endswith(" " + kept)
    assert 30 < len(pieces.encode(kept, add_special_tokens=False).ids) <= PREVIOUS_LIMIT


@pytest.mark.parametrize("kind", ["ours", "float", "limit", "pipeline", "sentence"])
def test_a_contestant_answers_from_its_own_process(kind, folder):
    one = Contestant(kind, folder, 1, [4])
    try:
        for way in range(len(one.about["ways"])):
            assert one.ask("rate", way=way)["seconds"] > 0
        if kind != "limit":
            alone = one.ask("alone", count=5)
            assert len(alone["waits"]) == 5
            assert alone["largest"] < 1e-3
            told = one.ask("tell")
            assert np.array(told["probabilities"]).shape == (12, N_CODES)
            assert 50 < told["memory_mb"] < 2000
    finally:
        one.close()


def test_the_gpu_branch_runs_on_the_cpu(folder):
    items = messages.read(folder / "messages.json")
    found = gpu.measure(folder, items, "cpu", batches=[4], size=64, repeat=1)
    assert found["messages"] == 12
    assert found["per_second"] > 0
    assert found["share_of_matrix_rate"] > 0
    assert found["largest_from_fp32"] < 0.1


def test_a_page_can_be_written_from_the_figures(folder):
    from bench.tagger.page import page
    from bench.tagger.report import rows, text

    one = {
        "name": "somebody",
        "ways": [{"way": {"batch": 8, "by_length": True}, "per_second": 90.0, "cores": 1.0}],
        "best": {"batch": 8, "by_length": True},
        "per_second": 90.0,
        "alone_ms_p50": 1.0,
        "alone_ms_p95": 41.0,
        "largest_difference": 0.0,
        "memory_mb": 100,
    }
    part = dict.fromkeys(("ours", "pipeline", "sentence"), one)
    part |= {name: {"pipeline": 4.5, "sentence": 2.0} for name in ("ratio", "ratio_by_cpu")}
    part["agreement"] = {"labels": 0.99, "given_tags": 0.9}
    found = {
        "tagger": "tagger-0",
        "machine": {"cores": 2, "processor": "some", "versions": "some 1"},
        "messages": messages.description(EXAMPLES),
        "rounds": 1,
        "threads": {"1": part},
        "limit": dict.fromkeys(
            [
                "multiply_adds_per_message",
                "share_of_our_time",
                "in_blocks_gmacs",
                "in_blocks_per_second",
                "one_by_one_gmacs",
                "one_by_one_per_second",
            ],
            1.0,
        ),
        "gpu": {"device": None},
        "runtimes": [{"runtime": "one", "file_mb": 1.0, "per_second": 2.0, "memory_mb": 3}],
    }
    verdicts = {row.what: row.verdict for row in rows(found)}
    assert verdicts["1 thread: times the pipeline"] == "kept"
    assert verdicts["1 thread: one message alone, p95 in ms"] == "missed"
    assert verdicts["1 thread: tags that tagger or pipeline gives, given by both"] == "missed"
    assert verdicts["1 thread: labels, absent ones as well, on which they agree"] == ""
    assert "one that gives no tag agrees on at least 90.0% of labels" in page(found)
    assert "no GPU here" in text(found)
    assert "| somebody | 1 | batches of 8, by length | 90 | 1.0 |" in page(found)


def test_a_rate_is_compared_with_the_peers_in_the_same_round():
    """A slow minute of the machine meets both; neither the best nor the worst round decides."""
    ours = {"rounds": [{"seconds": 1.0}, {"seconds": 2.0}, {"seconds": 1.0}]}
    peer = {"rounds": [{"seconds": 4.0}, {"seconds": 10.0}, {"seconds": 9.0}]}
    assert times(ours, peer, "seconds") == 5.0


def test_the_limit_multiplies_for_all_messages_and_not_for_those_of_the_warm_up(folder):
    limit = Limit(folder, 1, [])
    for some in (EXAMPLES[:2], EXAMPLES):
        limit.tag(some, limit.ways[0])
        assert limit.lengths == messages.lengths(some)


def test_the_page_of_the_repository_is_that_of_its_figures():
    """So that nobody rewords a verdict, and no figure is typed."""
    from bench.tagger.__main__ import PAGE
    from bench.tagger.page import page

    found = json.loads(PAGE.with_suffix(".json").read_text(encoding="utf-8"))
    assert page(found) == PAGE.read_text(encoding="utf-8")
    tags = found["threads"]["2"]["agreement"]["given_tags"]
    assert f"given by both | >= 97% | {tags:.1%} | kept |" in page(found)
