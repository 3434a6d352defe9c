"""A sandbox to talk to, whose Intercom traffic is judged by the official document after every test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi import Contract, Recorder, intercom

from kbsync.sandbox.server import Sandbox

Article = dict[str, Any]
AUTHOR = 991267
UNDECLARED_KEYS = {
    "/statistics/conversations",  # the schema says `conversions`, every example `conversations`
    "/data/articles/*/statistics/conversations",
    "/audience_ids",  # told of single-language help centers in the schema of a locale's content only
}


@pytest.fixture(scope="session")
def judge() -> Contract | None:
    """Intercom's document, None where the public material is absent (then the `shared` tests say so)."""
    beside = Path(__file__).resolve().parents[3] / "shared"
    folder = Path(os.environ.get("KBSYNC_SHARED", beside))
    return intercom(folder) if folder.is_dir() else None


@pytest.fixture(scope="module")
def recorder() -> Recorder:
    """Everything that was asked of the sandbox's Intercom."""
    return Recorder("/intercom")


@pytest.fixture(scope="module")
def running(recorder: Recorder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One server a module, with an image and a page that is none under its public address."""
    public = tmp_path_factory.mktemp("public")
    (public / "shot.png").write_bytes(b"\x89PNG shot")
    (public / "page.html").write_text("<p>no image</p>")
    sandbox = Sandbox(public=public)
    recorder.attach(sandbox)
    with sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox, recorder: Recorder, judge: Contract | None) -> Iterator[Sandbox]:
    """An empty sandbox; afterwards its answers must keep to the official document and hold no other key."""
    recorder.exchanges.clear()
    yield running
    httpx.post(f"{running.url}/_sandbox/reset").raise_for_status()
    if judge is not None:
        asked = [exchange for exchange in recorder.exchanges if not exchange.path.startswith("/i/o/")]
        assert [problem for exchange in asked for problem in judge.problems(exchange)] == []
        newest = [exchange for exchange in asked if b"parent_type" not in exchange.answer]
        surprises = {surprise for exchange in newest for surprise in judge.surprises(exchange)}
        assert surprises <= UNDECLARED_KEYS


def client_of(sandbox: Sandbox, token: str, version: str = "2.16") -> httpx.Client:
    headers = {"Authorization": f"Bearer {token}", "Intercom-Version": version}
    return httpx.Client(base_url=sandbox.intercom_url, headers=headers, timeout=20)


@pytest.fixture
def api(sandbox: Sandbox) -> Iterator[httpx.Client]:
    """The owner of the API token."""
    with client_of(sandbox, sandbox.intercom_token) as client:
        yield client


@pytest.fixture
def teammate(sandbox: Sandbox) -> Iterator[httpx.Client]:
    """A person at work in Intercom's own editor."""
    with client_of(sandbox, sandbox.teammate_token) as client:
        yield client


@pytest.fixture
def make(api: httpx.Client) -> Callable[..., Article]:
    """Make an article, with these fields beside the required ones."""

    def make(**fields: Any) -> Article:
        answer = api.post("/articles", json={"title": "T", "author_id": AUTHOR, "body": "<p>b</p>", **fields})
        assert answer.status_code == 200, answer.text
        return answer.json()

    return make


@pytest.fixture
def settings(sandbox: Sandbox) -> Callable[..., None]:
    """Set switches of the emulated Intercom."""

    def settings(**switches: Any) -> None:
        named = {f"intercom.{name}": value for name, value in switches.items()}
        httpx.post(f"{sandbox.url}/_sandbox/settings", json=named).raise_for_status()

    return settings
