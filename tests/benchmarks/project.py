"""A help center of many articles, bound to a sandbox of its own, and what a run over it costs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from kbsync.sandbox.server import Sandbox

KBSYNC = (sys.executable, "-m", "kbsync")
_SPENT = Path(__file__).with_name("spent.py")
_SHELF = 50
_BODY = (
    "Refund {0} reaches your account within **five** working days.\n\n"
    "## What to do\n\n1. Open *Billing* and choose order {0}.\n2. Press **Refund**.\n\n"
    "| Card | Days |\n| --- | --- |\n| Visa | 3 |\n| Other | 5 |\n\n"
    "See [the order page](https://example.com/orders/{0})."
)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process took: CPU and wall seconds, peak memory in MB, requests by service."""

    cpu: float
    wall: float
    memory: float
    requests: Mapping[str, int]


class Project:
    """A folder with content and a configuration."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.folder, self.sandbox = folder, sandbox
        self.environment = {
            "KBSYNC_INTERCOM_TOKEN": sandbox.intercom_token,
            "KBSYNC_CONFLUENCE_USER": sandbox.confluence_user,
            "KBSYNC_CONFLUENCE_TOKEN": sandbox.confluence_token,
        }

    def configure(self) -> None:
        """Write kbsync.toml."""
        tables = {
            "intercom": {"base_url": self.sandbox.intercom_url, "workspace": self.sandbox.workspace},
            "confluence": {"base_url": self.sandbox.confluence_url, "space": self.sandbox.space},
        }
        lines = [
            f"[{table}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
            for table, keys in tables.items()
        ]
        (self.folder / "kbsync.toml").write_text("\n".join(lines), "utf-8")

    def fill(self, count: int) -> list[Path]:
        """Write that many articles, fifty to a collection."""
        return [self._write(number) for number in range(count)]

    def _write(self, number: int) -> Path:
        path = self.folder / "content" / f"shelf-{number // _SHELF}" / f"refund-{number}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"---\ntitle: Refund {number}\n---\n{_BODY.format(number)}\n", "utf-8")
        return path

    def run(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> Cost:
        """Run a command to its end and return what it took. Raises RuntimeError when it fails."""
        with httpx.Client(base_url=self.sandbox.url) as http:
            http.delete("/_sandbox/requests").raise_for_status()
            start = time.perf_counter()
            cpu, memory = _finish(
                command, self.folder, {**os.environ, **self.environment, **(environment or {})}
            )
            wall = time.perf_counter() - start
            counted = http.get("/_sandbox/requests").json()["requests"]
        requests = {service: sum(methods.values()) for service, methods in counted.items()}
        return Cost(cpu, wall, memory, requests)


def _finish(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> tuple[float, float]:
    """Return the CPU seconds and the peak memory in MB that a command took."""
    log, note = folder.parent / "output.txt", folder.parent / "spent.txt"
    with log.open("wb") as out:
        measured = (sys.executable, str(_SPENT), str(note), *command)
        done = subprocess.run(measured, cwd=folder, env=environment, stdout=out, stderr=out, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {log.read_text()[-1000:]}")
    cpu, memory = map(float, note.read_text(encoding="utf-8").split())
    return cpu, memory
