"""One piece of work on many parts: `joblib.Parallel` over their paths, on this machine or the user's Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple, TypeVar

from joblib import Parallel, cpu_count, delayed, parallel_config
from joblib.externals.loky import get_reusable_executor
from joblib.externals.loky.process_executor import TerminatedWorkerError

from kbsync.errors import ConfigError, ConversationError

T = TypeVar("T")
R = TypeVar("R")

_TRIES: Final = 3


class Workers(NamedTuple):
    """How many processes (0: one for each core), or the address of a Dask scheduler."""

    processes: int = 0
    cluster: str = ""

    @property
    def here(self) -> int:
        """How many processes this machine takes."""
        return self.processes or cpu_count()


HERE: Final = Workers()
"""One process for each core of this machine."""


def spread(work: Callable[[T], R], tasks: Sequence[T], workers: Workers = HERE) -> list[R]:
    """Return what the work makes of each task, in order.

    The work must leave whole results or none, for a task is done again when its worker dies.

    Raises:
        ConversationError: workers die again and again, as they do where memory is short.
        ConfigError: the cluster does not answer, or the extra `cluster` is not installed.
    """
    if workers.cluster:
        with _on_cluster(workers.cluster):
            return list(Parallel()(delayed(work)(task) for task in tasks))
    count = min(workers.here, len(tasks))
    if count <= 1:
        return [work(task) for task in tasks]
    for _ in range(_TRIES):
        try:
            return list(Parallel(n_jobs=count, backend="loky")(delayed(work)(task) for task in tasks))
        except TerminatedWorkerError:
            continue
        finally:
            get_reusable_executor().shutdown()  # what follows the reading needs the workers' memory
    raise ConversationError(
        "the workers of the analysis were ended by the system",
        hint="set a smaller [gaps] memory, or workers = 1",
    )


@contextmanager
def _on_cluster(address: str) -> Iterator[None]:
    try:
        from distributed import Client  # noqa: PLC0415 - optional
    except ImportError as error:
        raise ConfigError(
            "[gaps] cluster: Dask is not installed", hint="pip install 'kbsync[cluster]'"
        ) from error
    try:
        client = Client(address, timeout="10s", set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"[gaps] cluster: no Dask scheduler answers at {address}", hint="check the address"
        ) from error
    with client, parallel_config(backend="dask", client=client):
        yield
