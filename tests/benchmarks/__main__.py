"""`python -m tests.benchmarks [documents] [sync] [gaps]`: all of them when none is named.

Nothing fails for being slow: the tables say what was aimed at. Peers come with `pip install 'kbsync[bench]'`;
a peer that is missing is named in its row.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from types import MappingProxyType

from . import documents, gaps, sync

MEASURES: Mapping[str, Callable[[], None]] = MappingProxyType(
    {"documents": documents.run, "sync": sync.run, "gaps": gaps.run}
)


def main() -> None:
    """Run the measures that were asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("measures", nargs="*", metavar="|".join(MEASURES), help="what to measure")
    names = parser.parse_args().measures or list(MEASURES)
    unknown = sorted(set(names) - set(MEASURES))
    if unknown:
        parser.error(f"there is no measure {unknown[0]!r}")
    for name in names:
        MEASURES[name]()


if __name__ == "__main__":
    main()
