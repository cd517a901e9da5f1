"""Tensors on several threads: each takes one and computes alone, which costs less than sharing each sum."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import torch

_FREED = 30 << 20


def each(items: Iterable[str], work: Callable[[str], None], threads: int) -> None:
    """Calls `work` with every item. The first that raises ends it, once those under way have come back."""
    before = torch.get_num_threads()
    halt = threading.Event()

    def alone(item: str) -> None:
        if halt.is_set():
            return
        torch.set_num_threads(1)  # counts for the thread that says it
        try:
            work(item)
        except BaseException:
            halt.set()
            raise

    try:
        if threads == 1:
            for item in items:
                alone(item)
            return
        with ThreadPoolExecutor(threads) as pool:
            futures = [pool.submit(alone, item) for item in items]
            try:
                for future in futures:
                    future.result()
            except BaseException:
                halt.set()
                raise
    finally:
        torch.set_num_threads(before)


def keep_freed_memory() -> None:
    """glibc gives memory back to the system above twice the largest block freed so far, and takes it again
    for the next piece, page by page: after one large block it keeps what the pieces need."""
    torch.empty(_FREED, dtype=torch.uint8)
