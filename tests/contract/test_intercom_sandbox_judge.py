"""The judge of the emulated Intercom can say no."""

from __future__ import annotations

from pathlib import Path

import pytest
from openapi import Exchange, intercom


@pytest.mark.shared
@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/articles/1", b'{"type": "article", "id": 1}'),
        ("/articles", b'{"type": "list", "data": [{"state": "live"}]}'),
        ("/me", b"<html>"),
    ],
)
def test_the_judge_can_fail(shared_dir: Path, path: str, answer: bytes) -> None:
    """An answer that breaks the document is named."""
    assert intercom(shared_dir).problems(Exchange("GET", path, "", b"", 200, answer))


@pytest.mark.shared
def test_the_judge_reads_requests(shared_dir: Path) -> None:
    """A request that breaks the document is named, and so are parameters and paths that do not exist."""
    contract = intercom(shared_dir)
    bad = [
        Exchange("POST", "/articles", "", b'{"title": "T"}', 200, b"{}"),
        Exchange("GET", "/articles", "limit=5", b"", 200, b"{}"),
        Exchange("GET", "/nothing", "", b"", 200, b"{}"),
    ]
    assert all(contract.problems(exchange) for exchange in bad)
    assert contract.surprises(Exchange("GET", "/me", "", b"", 200, b'{"app": {"token": 1}}')) == {
        "/app/token"
    }
