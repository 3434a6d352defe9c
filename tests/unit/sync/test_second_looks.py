"""What a run leaves for the next one, and what a fast hand must not lose."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Never

import pytest
from small_center import Center

from kbsync.errors import Moved
from kbsync.state.records import Settled
from kbsync.sync import accept


class _Within:
    """A clock on which a thousand looks fit into one second."""

    looks = 0

    @classmethod
    def now(cls, _: tzinfo) -> datetime:
        cls.looks += 1
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(milliseconds=cls.looks)


def test_two_decisions_within_a_second_are_both_kept(center: Center, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever settles the same title twice in one second finds both losing versions on record."""
    monkeypatch.setattr(accept, "datetime", _Within)
    center.write("files", "Refunds", "alpha")
    center.sync()
    for mine, yours in (("First", "Second"), ("Third", "Fourth")):
        title = center.files.living()[0].raw["texts"]["en"]["title"]
        center.edit("files", title, title=mine)
        center.edit("intercom", title, title=yours)
        assert center.sync().exit_code == 3
        center.engine().resolve("refunds", "files")
        assert center.sync().exit_code == 0
    lost = {settled.conflict.versions["intercom"] for settled in center.state.snapshot.all(Settled)}
    assert lost == {"Second", "Fourth"}


@pytest.mark.parametrize("name", ["intercom", "confluence"])
def test_a_link_whose_second_pass_was_refused_heals_at_the_next_run(
    center: Center, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Two new articles link to each other; the write that completes the links is refused, the next is not."""

    def refused(*_: object) -> Never:
        raise Moved("somebody saved in between", where=name)

    center.write("files", "A", "alpha\nsee b")
    center.write("files", "B", "beta\nsee a")
    with monkeypatch.context() as patched:
        patched.setattr(center.replica(name), "update", refused)
        assert center.sync().exit_code == 3
    assert not center.body(name, "A").endswith(center.one(name, "B").handle)
    assert center.sync().exit_code == 0
    assert center.body(name, "A") == f"alpha\nsee {center.one(name, 'B').handle}"
    assert center.body(name, "B") == f"beta\nsee {center.one(name, 'A').handle}"
    assert center.sync().applied == ()
