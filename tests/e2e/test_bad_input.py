"""What goes wrong is one line that says what, where and how to mend it; nothing is lost, the rest goes on."""

from __future__ import annotations

import ctypes
import resource
import signal
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from help_center import HelpCenter
from people import Colleague, Teammate

from kbsync.sandbox.faults import Fault
from kbsync.sandbox.journal import Journal


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"KBSYNC_INTERCOM_TOKEN": ""}, "KBSYNC_INTERCOM_TOKEN"),
        ({"KBSYNC_CONFLUENCE_TOKEN": ""}, "KBSYNC_CONFLUENCE_TOKEN"),
        ({"KBSYNC_INTERCOM_TOKEN": "other-workspace-token"}, "sandbox1"),
    ],
)
@pytest.mark.parametrize("command", ["sync", "plan", "doctor"])
def test_nothing_starts_without_the_right_token(
    center: HelpCenter, teammate: Teammate, command: str, change: dict[str, str], names: str
) -> None:
    """A missing token, or one of another workspace, stops before anything is written."""
    center.environment |= change

    result = center.kbsync(command)

    if command == "doctor" and result.out:
        assert result.code == 1
        assert names in result.out
    else:
        assert result.code == 64, result
        assert names in result.complaint
    assert teammate.articles() == {}


@pytest.mark.parametrize("remote", ["INTERCOM", "CONFLUENCE"])
def test_a_wrong_token_fails_its_side_alone(
    center: HelpCenter, teammate: Teammate, colleague: Colleague, remote: str
) -> None:
    """One line names the remote and the variable, its code once; the other one is synced."""
    center.environment[f"KBSYNC_{remote}_TOKEN"] = "not-the-token"

    result = center.kbsync("sync")

    assert result.code == 1, result
    assert f"KBSYNC_{remote}_TOKEN" in result.complaint
    assert "not-the-token" not in result.err
    planned = center.kbsync("plan")
    assert planned.complaint.count("[KB30") == 1
    assert "where kbsync could look" in planned.out
    assert (set(teammate.articles()) == set()) == (remote == "INTERCOM")
    assert ("Refunds" not in colleague.pages()) == (remote == "CONFLUENCE")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("[content]\nrot = 'x'\n", "content.rot"),
        ("[intercom]\nworkspace = 7\n", "intercom.workspace"),
        ("[sync]\non_conflict = 'guess'\n", "sync.on_conflict"),
        ("[content\n", "TOML"),
        ("[confluence]\nspace = 'HELP'\n", "confluence.base_url"),
    ],
)
def test_a_wrong_configuration_names_the_key(center: HelpCenter, text: str, names: str) -> None:
    """The line names key and file, exit 64."""
    (center.folder / "kbsync.toml").write_text(text, "utf-8")

    result = center.kbsync("sync")

    assert result.code == 64, result
    assert names in result.complaint
    assert "kbsync.toml" in result.complaint


def test_a_demo_without_articles_names_the_folder(center: HelpCenter) -> None:
    """A folder that is not there is said to be missing, and nothing is played."""
    result = center.kbsync("demo", "--articles", "nowhere")

    assert result.code == 64, result
    assert "nowhere: there is no such folder" in result.complaint


def test_without_a_configuration_init_is_named(center: HelpCenter) -> None:
    """A newcomer is told how to begin."""
    (center.folder / "kbsync.toml").unlink()

    result = center.kbsync("sync")

    assert result.code == 64
    assert "kbsync init" in result.complaint


def _broken_front(center: HelpCenter) -> str:
    center.write("billing/broken.md", "x").write_text("---\ntitle: [unclosed\n---\nText.\n", "utf-8")
    return "billing/broken.md"


def _one_id_twice(center: HelpCenter) -> str:
    center.write("billing/one.md", "One.", id="same")
    center.write("account/two.md", "Two.", id="same")
    return "same"


def _binary(center: HelpCenter) -> str:
    (center.content / "billing/picture.md").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xfe")
    return "billing/picture.md"


def _untitled(center: HelpCenter) -> str:
    center.write("billing/untitled.md", "x").write_text("Just text.\n", "utf-8")
    return "billing/untitled.md"


def _hostile_id(center: HelpCenter) -> str:
    center.write("billing/hostile.md", "x", id="../../etc/passwd")
    return "billing/hostile.md"


@pytest.mark.parametrize("damage", [_broken_front, _one_id_twice, _binary, _untitled, _hostile_id])
def test_a_bad_file_is_named_and_the_others_go_on(
    center: HelpCenter, teammate: Teammate, damage: Callable[[HelpCenter], str]
) -> None:
    """`check` and `sync` end 1 and name the file once; the good articles arrive; nothing is written into it."""
    names = damage(center)
    before = {path: path.read_bytes() for path in center.content.rglob("*.md")}
    checked = center.kbsync("check")
    assert checked.code == 1
    assert names in checked.out

    result = center.kbsync("sync")

    assert result.code == 1, result
    assert names in result.complaint
    assert {"Refunds", "Invoices", "Passwords"} <= teammate.published()
    for path, data in before.items():
        if names in str(path) or b"id: same" in data:
            assert path.read_bytes() == data
    again = center.kbsync("sync", "--json")
    assert again.document["applied"] == []


def test_a_file_that_breaks_later_takes_nothing_down(center: HelpCenter, teammate: Teammate) -> None:
    """An article whose file became unreadable stays published, and heals with its file."""
    center.ok("sync")
    good = center.read("billing/refunds.md")
    (center.content / "billing/refunds.md").write_text("---\ntitle: [\n---\n", "utf-8")

    assert center.kbsync("sync").code == 1
    assert "Refunds" in teammate.published()
    assert "five days" in teammate.body("Refunds")

    (center.content / "billing/refunds.md").write_text(good.replace("five", "six"), "utf-8")
    center.ok("sync")
    assert "six days" in teammate.body("Refunds")


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that nobody listens on, and nobody else gets meanwhile."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


def test_a_remote_that_is_down_stops_within_a_minute(
    center: HelpCenter, teammate: Teammate, closed_port: int
) -> None:
    """One line, exit 1, and the other remote is synced."""
    center.configure(confluence={"base_url": f"http://127.0.0.1:{closed_port}/wiki"})
    start = time.monotonic()

    result = center.kbsync("sync")

    assert time.monotonic() - start < 60
    assert result.code == 1, result
    assert "Confluence" in result.complaint
    assert teammate.published() == {"Refunds", "Invoices", "Passwords"}


def test_a_full_disk_loses_nothing(center: HelpCenter, teammate: Teammate) -> None:
    """When no file can grow any more the run ends 1 with a line, files stay whole, and the next run finishes."""
    center.ok("sync")
    long = " ".join(["word"] * 20_000)
    teammate.change("Refunds", body=f"<p>{long}</p>")
    before = center.read("billing/refunds.md")

    def full() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, 64 * 1024))

    result = center.process("sync", preexec_fn=full)

    assert result.code == 1, result
    assert "Traceback" not in result.err
    assert "KB" in result.err
    assert center.read("billing/refunds.md") == before
    assert not [p for p in center.content.rglob("*") if p.is_file() and p.suffix != ".md"]
    center.ok("sync")
    assert long in center.read("billing/refunds.md")


def _bound_by_permissions() -> None:
    """Make root an ordinary user where files are concerned: drop CAP_DAC_OVERRIDE before the program starts."""
    ctypes.CDLL(None).prctl(24, 1)


def test_a_read_only_folder_is_one_line(center: HelpCenter, teammate: Teammate, colleague: Colleague) -> None:
    """A folder that cannot be written fails its article alone; made writable again, the edit arrives."""
    center.ok("sync")
    teammate.replace("Refunds", "five days", "six days")
    teammate.replace("Passwords", "sign-in page", "log-in page")
    (center.content / "billing").chmod(0o555)

    result = center.process("sync", preexec_fn=_bound_by_permissions)

    (center.content / "billing").chmod(0o755)
    assert result.code == 1, result
    assert "billing/refunds.md" in result.complaint
    assert "log-in page" in center.read("account/passwords.md")
    assert "six days" in colleague.body("Refunds")
    center.ok("sync")
    assert "six days" in center.read("billing/refunds.md")


def test_a_home_that_cannot_be_written_starts_nothing(center: HelpCenter, teammate: Teammate) -> None:
    """Without a place for its state kbsync writes nowhere."""
    center.folder.chmod(0o555)

    result = center.process("sync", preexec_fn=_bound_by_permissions)

    center.folder.chmod(0o755)
    assert result.code == 1, result
    assert ".kbsync" in result.complaint
    assert teammate.articles() == {}


@pytest.mark.parametrize("data", [b"", b"not a database at all, but long enough to look at" * 10])
def test_a_corrupt_state_is_one_line(center: HelpCenter, teammate: Teammate, data: bytes) -> None:
    """A state that cannot be read names its file and the fix; without the file everything pairs up again."""
    center.ok("sync")
    for extra in center.database.parent.glob("state.db-*"):
        extra.unlink()
    center.database.write_bytes(data)
    if data:
        result = center.kbsync("sync")
        assert result.code == 1, result
        assert "state.db" in result.complaint
        assert "KB400" in result.complaint
        center.database.unlink()

    center.ok("sync")

    assert len(teammate.articles()) == 3
    assert center.ok("sync", "--json").document["applied"] == []


def test_a_state_of_the_future_is_refused(center: HelpCenter) -> None:
    """A newer kbsync's state is left alone, and the line says to upgrade."""
    center.ok("sync")
    with closing(sqlite3.connect(center.database)) as database, database:
        database.execute("update kbsync_schema set version = '99'")

    result = center.kbsync("sync")

    assert result.code == 1, result
    assert "upgrade" in result.complaint
    assert "state.db" in result.complaint


def test_two_runs_at_once(center: HelpCenter, teammate: Teammate) -> None:
    """The second ends at once with a line that says who runs; the first is not disturbed."""
    center.box.faults.add(_slow())
    running = center.start("sync")
    _until(lambda: center.database.exists() and len(teammate.collections()) > 0)

    second = center.kbsync("sync")
    center.box.faults.clear()
    out, err = running.communicate(timeout=60)

    assert second.code == 1, second
    assert "KB401" in second.complaint
    assert str(running.pid) in second.complaint
    assert running.returncode == 0, (out, err)
    assert teammate.published() == {"Refunds", "Invoices", "Passwords"}


@pytest.mark.parametrize("writes", [1, 4, 9, 14])
def test_a_killed_run_is_healed_by_the_next(
    center: HelpCenter, teammate: Teammate, colleague: Colleague, writes: int
) -> None:
    """SIGKILL after some writes: the next run finishes without a second copy of anything."""
    center.box.faults.add(_slow())
    running = center.start("sync")
    journal = center.box.app.state.journal
    _until(lambda: _writes(journal) >= writes)
    running.kill()
    running.communicate()
    center.box.faults.clear()

    center.ok("sync")

    assert sorted(teammate.articles()) == ["Invoices", "Passwords", "Refunds"]
    assert len(_titles(teammate)) == 3
    assert len(teammate.collections()) == 2
    assert sorted(colleague.pages()) == [
        "Account",
        "Billing",
        "Help Center",
        "Invoices",
        "Passwords",
        "Refunds",
    ]
    assert center.ok("sync", "--json").document["applied"] == []


def _titles(teammate: Teammate) -> list[str]:
    return [article["title"] for article in teammate.listed()]


def _writes(journal: Journal) -> int:
    return sum(n for counts in journal.methods.values() for method, n in counts.items() if method != "GET")


def _slow() -> Fault:
    return Fault("slow", delay=0.15)


def _until(holds: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


@pytest.mark.parametrize(
    "arguments", [["plan"], ["plan", "--json"], ["convert", "--from", "markdown", "--to", "json"]]
)
def test_a_pipe_gets_utf_8_whatever_the_locale(center: HelpCenter, arguments: list[str]) -> None:
    """A machine whose locale knows no umlaut still prints what people wrote, and JSON that parses."""
    center.write("billing/refunds.md", "Z\u00fcrich \u65e5\u672c \U0001f389")
    center.environment |= {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "TERM": "dumb"}

    result = center.process(*arguments, text="Z\u00fcrich \u65e5\u672c \U0001f389")

    assert result.code in (0, 2), result
    assert "\u65e5\u672c" in result.out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_full_disk_behind_standard_output_is_one_line(center: HelpCenter) -> None:
    """It is no bug of kbsync, and is not called one."""
    with Path("/dev/full").open("w") as full:
        running = center.start("plan", stdout_to=full.fileno())
        _, told = running.communicate(timeout=60)

    assert running.returncode == 1
    assert "No space left" in told
    assert "bug" not in told
