"""What the end-to-end tests share: a sandbox, a help center on it, and the people who edit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from help_center import HelpCenter
from people import Colleague, Teammate

from kbsync.sandbox.server import Sandbox


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Sandbox]:
    """A running sandbox that serves the project's content as public."""
    public = tmp_path / "project" / "content"
    public.mkdir(parents=True)
    with Sandbox(public=public) as running:
        yield running


@pytest.fixture
def center(box: Sandbox, tmp_path: Path) -> HelpCenter:
    """A configured project with three articles in two collections, not yet synced."""
    center = HelpCenter(tmp_path / "project", box)
    center.configure()
    center.write("billing/refunds.md", "A refund takes five days.\n\nIt goes to the card you paid with.")
    center.write("billing/invoices.md", "Invoices arrive by mail on the first day of the month.")
    center.write("account/passwords.md", "Choose *Forgot password* on the sign-in page.")
    return center


@pytest.fixture
def teammate(box: Sandbox) -> Iterator[Teammate]:
    """A person in Intercom."""
    person = Teammate(box)
    yield person
    person.close()


@pytest.fixture
def colleague(box: Sandbox) -> Iterator[Colleague]:
    """A person in Confluence."""
    person = Colleague(box)
    yield person
    person.close()
