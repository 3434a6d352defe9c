"""Numerical work on all cores of this machine, to the last digit the same on any number of them.

The chunks are cut without regard to the cores, and libraries that would part them further are held to one thread:
their sums would come out a hair differently, and a hair decides where topics part.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import TypeVar

from joblib import cpu_count
from threadpoolctl import ThreadpoolController, threadpool_limits

T = TypeVar("T")
R = TypeVar("R")


def abreast(work: Callable[[T], R], tasks: Iterable[T]) -> list[R]:
    """Return what the work makes of each task, in order, on a thread for each core.

    Worth it where most of the work is done without Python's lock, as in NumPy and onnxruntime. A process that has
    others beside it (`spread`) uses one thread.
    """
    if multiprocessing.parent_process() is not None:
        return [work(task) for task in tasks]
    with ThreadPoolExecutor(cpu_count(), initializer=_alone) as pool:
        return list(pool.map(work, tasks))


def _alone() -> None:
    """Hold OpenMP to one thread here too: each thread has a number of its own (OpenMP 5.2, section 2.4)."""
    _openmp().limit(limits=1)


@cache
def _openmp() -> ThreadpoolController:
    """Return the OpenMP libraries of this process; looking for them takes as long as a small piece of work."""
    return ThreadpoolController().select(user_api="openmp")


@contextmanager
def steady() -> Iterator[None]:
    """Hold the libraries' own threads to one, so that their sums are the same on every number of cores."""
    with threadpool_limits(1):
        yield
