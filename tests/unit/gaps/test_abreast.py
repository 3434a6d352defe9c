"""Work on all cores comes back in order, and comes out the same on any number of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from gap_samples import MONDAY
from threadpoolctl import threadpool_info, threadpool_limits

from kbsync.conversations.model import Conversation, Message
from kbsync.gaps.abreast import abreast, steady
from kbsync.gaps.analyze import analyze
from kbsync.gaps.arrays import Vectors


def test_results_keep_the_order_of_their_tasks() -> None:
    """Whichever thread is first, each result stands where its task stood."""
    assert abreast(lambda number: number * number, range(100)) == [number * number for number in range(100)]


def test_a_task_that_fails_is_heard() -> None:
    """An error on a thread is the caller's error."""
    with pytest.raises(ZeroDivisionError):
        abreast(lambda number: 1 / number, [1, 0])


def _threads() -> set[int]:
    return {library["num_threads"] for library in threadpool_info()}


def test_libraries_get_their_threads_back() -> None:
    """One thread each inside, as before outside."""
    with threadpool_limits(2):
        before = _threads()
        with steady():
            assert _threads() == {1}
        assert _threads() == before


class Watching:
    """An encoder that looks how many threads the libraries have while it works."""

    name = "watching"

    def __init__(self) -> None:
        self.seen: set[int] = set()

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.seen |= _threads()
        return np.ones((len(texts), 2), dtype=np.float32)


def test_the_analysis_holds_libraries_to_one_thread() -> None:
    """Where they part their sums they round elsewhere, and that moves topics."""
    watching = Watching()
    asked = [Conversation(str(n), MONDAY, (Message("customer", f"Where is parcel {n}?"),)) for n in range(9)]
    with threadpool_limits(2):
        analyze(asked, [], encoder=watching)
    assert watching.seen == {1}
