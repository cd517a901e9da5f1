"""What the peers load, made once in a process of its own: the fp32 network as a folder, the fitted head."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from pathlib import Path

from bench.tagger import bert, recover, sentence_peer
from skills.tagger import graph
from skills.tagger.card import read_card, weights_folder


def save_bert(folder: Path) -> None:
    """The serving weights in fp32 as `folder`/bert."""
    served = weights_folder()
    bert.model(recover.recover(served / "tagger.onnx"), bert.heats(served)).save_pretrained(folder / "bert")
    bert.tokenizer(served / "tokenizer.json").save_pretrained(folder / "bert")


def save_float(folder: Path) -> None:
    """The serving weights as a float graph in `folder`/float, which our own runtime reads."""
    served, made = weights_folder(), folder / "float"
    made.mkdir()
    model = graph.build(recover.recover(served / "tagger.onnx")).SerializeToString()
    (made / "tagger.onnx").write_bytes(model)
    shutil.copy(served / "tokenizer.json", made)
    card = dict(read_card(served)) | {"sha256": hashlib.sha256(model).hexdigest()}
    (made / "card.json").write_text(json.dumps(card), encoding="utf-8")


if __name__ == "__main__":
    save_bert(Path(sys.argv[1]))
    save_float(Path(sys.argv[1]))
    sentence_peer.fit_head(Path(sys.argv[1]), threads=2)
