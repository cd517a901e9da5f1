"""Windows in blocks of one length: the network reads a block at once, and each window keeps its own numbers.

Nothing is padded but the rows of sentences. The big products are of whole numbers, attention stays inside a
window and all else inside a token, so a window's numbers are the same in any block; the weights, which no
core's own cache holds, are read once a block instead of once a message.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from skills.tagger.encode import Window

TOKENS = 512  # more gain nothing


def in_blocks(windows: Sequence[Window], tokens: int = TOKENS) -> list[list[int]]:
    """Places of the windows, block by block, the longest first; a block holds at most so many tokens, or one
    window. Windows with as many sentences lie together, since the sentences of a block are padded."""
    order = sorted(
        range(len(windows)), key=lambda place: (-len(windows[place].ids), len(windows[place].rows))
    )
    blocks: list[list[int]] = []
    for place in order:
        length = len(windows[place].ids)
        last = blocks[-1] if blocks else []
        if last and len(windows[last[0]].ids) == length and (len(last) + 1) * length <= tokens:
            last.append(place)
        else:
            blocks.append([place])
    return blocks


def run(
    windows: Sequence[Window], read: Callable[[list[Window]], Sequence[Any]], threads: int = 1
) -> list[Any]:
    """What `read` gives for each window, in their order; it is asked for one block at a time, by so many
    threads at once."""
    found: list[Any] = [None] * len(windows)
    blocks = in_blocks(windows)

    def one(block: list[int]) -> None:
        for place, value in zip(block, read([windows[place] for place in block]), strict=True):
            found[place] = value

    if threads == 1 or len(blocks) < 2:
        for block in blocks:
            one(block)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(one, blocks))
    return found
