"""Let the state machine loose on whatever `kbsync` is importable, and say how soon it found fault with it.

Run as a script by `test_machine_catches.py`, with a copy of the package that has a bug in it first on the path.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from hypothesis import Phase, settings
from hypothesis.errors import Flaky
from hypothesis.stateful import run_state_machine_as_test

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from test_sync_machine import SyncMachine, Tally, TestSyncMachine

import kbsync


def hunt(examples: int) -> dict[str, object]:
    """Play so many examples, always the same; the first failure ends it, and nothing is shrunk."""
    quick = settings(
        TestSyncMachine.settings,
        max_examples=examples,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        print_blob=False,
    )
    try:
        run_state_machine_as_test(SyncMachine, settings=quick)
    except Flaky:
        raise  # the same seed played two games: that is the machine's own fault
    except Exception as error:  # noqa: BLE001  whatever it is, the machine noticed
        reason = (str(error).strip() or repr(error)).splitlines()[0]
        print(*SyncMachine.latest.story, sep="\n", file=sys.stderr)
        return {"steps": Tally.steps, "reason": f"{type(error).__name__}: {reason}"}
    return {"steps": Tally.steps, "reason": ""}


if __name__ == "__main__":
    print(json.dumps(hunt(int(sys.argv[1])) | {"package": kbsync.__file__}))
