"""The scheduled mirror: syncs by the clock and by webhooks, tells how it is, and ends when it is asked to."""

from __future__ import annotations

import hashlib
import hmac
import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from help_center import HelpCenter
from people import Colleague, Teammate

SECRET = "a-client-secret"


class Watcher:
    """A running `kbsync watch` and the address it listens on."""

    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        self.process = process
        self.http = httpx.Client(base_url=address)

    def metric(self, name: str) -> float:
        """The sum of a metric's samples."""
        lines = self.http.get("/metrics").text.splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


@pytest.fixture
def watch(center: HelpCenter) -> Iterator[Callable[..., Watcher]]:
    """Start a watch; it is killed should a test forget it."""
    center.environment["KBSYNC_INTERCOM_CLIENT_SECRET"] = SECRET
    started: list[Watcher] = []

    def start(every: str) -> Watcher:
        process = center.start("watch", "--every", every, "--listen", "127.0.0.1:0")
        assert process.stdout is not None
        address = next(line for line in process.stdout if "Listening on" in line).split()[2].rstrip(":")
        started.append(Watcher(process, address))
        return started[-1]

    yield start
    for each in started:
        each.http.close()
        each.process.kill()
        each.process.communicate()


def until(holds: Callable[[], bool], seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.1)


def test_it_syncs_by_the_clock_and_ends_on_sigterm(
    center: HelpCenter, watch: Callable[..., Watcher], teammate: Teammate, colleague: Colleague
) -> None:
    """An edit arrives without anybody asking; /healthz and /metrics tell of it; SIGTERM ends it with 0."""
    watcher = watch("1s")
    until(lambda: watcher.metric("kbsync_runs_total") >= 1)
    assert teammate.published() == {"Refunds", "Invoices", "Passwords"}
    colleague.replace("Refunds", "five days", "six days")

    until(lambda: "six days" in teammate.body("Refunds"))
    until(lambda: "six days" in center.read("billing/refunds.md"))
    healthy = watcher.http.get("/healthz")
    assert (healthy.status_code, healthy.json()["ok"]) == (200, True)
    watcher.process.send_signal(signal.SIGTERM)
    out, err = watcher.process.communicate(timeout=30)

    assert watcher.process.returncode == 0, err
    assert out.rstrip().endswith("Stopped.")
    assert "Traceback" not in err
    assert center.ok("status").code == 0


def test_a_signed_webhook_is_a_reason_to_look(
    watch: Callable[..., Watcher], teammate: Teammate, colleague: Colleague
) -> None:
    """Long before the next turn a signed delivery brings an edit over; an unsigned one is refused."""
    watcher = watch("1h")
    until(lambda: watcher.metric("kbsync_runs_total") >= 1)
    teammate.replace("Refunds", "five days", "six days")
    body = json.dumps({"type": "notification_event", "topic": "article.updated", "id": "notif_1"}).encode()
    signature = "sha1=" + hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()

    forged = watcher.http.post("/webhooks/intercom", content=body, headers={"X-Hub-Signature": "sha1=00"})
    assert forged.status_code == 403
    assert watcher.metric("kbsync_hints_total") == 0
    taken = watcher.http.post("/webhooks/intercom", content=body, headers={"X-Hub-Signature": signature})
    assert taken.status_code == 200

    until(lambda: "six days" in colleague.body("Refunds"))


def test_it_says_when_syncs_fail(center: HelpCenter, watch: Callable[..., Watcher]) -> None:
    """After three failed runs /healthz answers 503, and the watch goes on; the log says why and what to do."""
    center.environment["KBSYNC_INTERCOM_TOKEN"] = "not-the-token"
    watcher = watch("1s")

    until(lambda: watcher.http.get("/healthz").status_code == 503)

    assert watcher.process.poll() is None
    watcher.process.terminate()
    _, told = watcher.process.communicate(timeout=60)
    assert "KBSYNC_INTERCOM_TOKEN" in told


@pytest.mark.parametrize("arguments", [["--every", "soon"], ["--every", "0s"], ["--listen", "nowhere"]])
def test_wrong_options_are_refused(center: HelpCenter, arguments: list[str]) -> None:
    """One line, exit 64, nothing started."""
    result = center.kbsync("watch", *arguments)

    assert result.code == 64, result
    assert arguments[0] in result.complaint
