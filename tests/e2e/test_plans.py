"""Plans: looked at, kept in a file, applied, checked; and the documents and codes that scripts rely on."""

from __future__ import annotations

import contextlib
import json
import os
import pty
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from help_center import HelpCenter
from people import Colleague, Teammate

TEXT, WHOLE = {"type": "string"}, {"type": "integer"}


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "required": sorted(required),
        "properties": {**required, **(optional or {})},
        "additionalProperties": False,
    }


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


REPLICA = {"enum": ["files", "intercom", "confluence", ""]}
STEP = _object(
    {
        "id": TEXT,
        "article": TEXT,
        "replica": REPLICA,
        "action": {"enum": ["create", "update", "move", "retire", "adopt"]},
        "fields": _list(TEXT),
        "expects": _object({"version": TEXT, "digest": TEXT}),
        "result_digest": TEXT,
        "diff": TEXT,
    }
)
CONFLICT = _object({"article": TEXT, "fields": _list(TEXT), "blocks": WHOLE, "replicas": _list(REPLICA)})
WARNING = _object({"code": TEXT, "article": TEXT, "replica": REPLICA, "message": TEXT}, {"diff": TEXT})
STOPPED = _object({"id": TEXT, "article": TEXT, "replica": REPLICA, "code": TEXT, "message": TEXT})
PLAN = _object(
    {
        "version": WHOLE,
        "created_at": TEXT,
        "config_digest": TEXT,
        "commit": TEXT,
        "steps": _list(STEP),
        "conflicts": _list(CONFLICT),
        "warnings": _list(WARNING),
    }
)
REPORT = _object(
    {
        "applied": _list(_object({"id": TEXT, "article": TEXT, "replica": REPLICA, "action": TEXT})),
        "refused": _list(STOPPED),
        "failed": _list(STOPPED),
        "conflicts": _list(CONFLICT),
        "warnings": _list(WARNING),
        "requests": {
            "type": "object",
            "propertyNames": {"enum": ["intercom", "confluence"]},
            "additionalProperties": {"type": "object", "additionalProperties": WHOLE},
        },
    },
    {"pending": WHOLE},
)


@pytest.fixture
def written(center: HelpCenter, colleague: Colleague) -> Iterator[HelpCenter]:
    """A synced center with an edit in Confluence, a conflict, and a broken file."""
    center.write("account/roles.md", "Admins may do more.")
    center.ok("sync")
    colleague.replace("Refunds", "five days", "six days")
    colleague.replace("Roles", "more", "anything")
    center.replace("account/roles.md", "more", "little")
    center.write("billing/broken.md", "No front matter to speak of.").write_text(
        "---\ntitle: [\n---\n", "utf-8"
    )
    return center


def test_documents_have_the_promised_shapes(written: HelpCenter) -> None:
    """`plan`, the plan file, `sync`, `apply`: one JSON document each on stdout, as INTERFACE promises."""
    plan = written.kbsync("plan", "--json", "--out", "plan.json")
    jsonschema_rs.validate(PLAN, plan.document)
    file = json.loads((written.folder / "plan.json").read_text("utf-8"))
    jsonschema_rs.validate(PLAN, file)
    assert file["steps"]
    assert file["conflicts"]
    assert file["warnings"]
    jsonschema_rs.validate(REPORT, written.kbsync("sync", "--dry-run", "--json").document)
    jsonschema_rs.validate(REPORT, written.kbsync("--json", "apply", "plan.json").document)
    jsonschema_rs.validate(REPORT, written.kbsync("sync", "--json").document)
    for command in (["status"], ["conflicts"], ["check"], ["doctor"]):
        assert written.kbsync(*command, "--json").document


def test_the_first_code_that_applies_is_the_one(written: HelpCenter) -> None:
    """A failure counts before a conflict, a conflict before pending changes."""
    assert written.kbsync("sync").code == 1
    (written.content / "billing/broken.md").unlink()
    assert written.kbsync("sync").code == 3
    written.write("billing/later.md", "One more.")
    assert written.kbsync("plan").code == 3
    assert written.kbsync("sync", "--dry-run").code == 3
    written.ok("resolve", "roles", "--take", "files")
    assert written.kbsync("plan").code == 2
    assert written.kbsync("sync", "--dry-run").code == 2
    assert written.kbsync("sync").code == 0
    assert written.kbsync("plan").code == 0


def test_a_plan_is_applied_once_and_holds_as_done(
    center: HelpCenter, teammate: Teammate, colleague: Colleague
) -> None:
    """Applying does exactly the plan; a second time is nothing to do, and the check says it holds."""
    center.ok("sync")
    colleague.replace("Refunds", "five days", "six days")
    center.ok("plan", "--out", "plan.json", code=2)
    assert "five days" in teammate.body("Refunds")
    center.ok("plan", "--check", "plan.json")

    center.ok("apply", "plan.json")

    assert "six days" in teammate.body("Refunds")
    assert "six days" in center.read("billing/refunds.md")
    assert center.ok("apply", "plan.json", "--json").document["applied"] == []
    center.ok("plan", "--check", "plan.json")


def test_a_stale_step_is_refused_and_the_rest_goes_on(
    center: HelpCenter, teammate: Teammate, colleague: Colleague
) -> None:
    """What moved since the plan is left alone and named, exit 3; `plan --check` names it too, exit 2."""
    center.ok("sync")
    center.replace("billing/refunds.md", "five days", "six days")
    center.replace("billing/invoices.md", "first day", "second day")
    center.ok("plan", "--out", "plan.json", code=2)
    teammate.replace("Refunds", "you paid with", "you used")

    checked = center.ok("plan", "--check", "plan.json", code=2)
    assert "refunds" in checked.err
    applied = center.ok("apply", "plan.json", code=3)

    assert "refunds" in applied.err
    assert "five days" in teammate.body("Refunds")
    assert "you used" in teammate.body("Refunds")
    assert "second day" in teammate.body("Invoices")
    assert "second day" in colleague.body("Invoices")


@pytest.mark.parametrize("command", [["apply", "plan.json"], ["plan", "--check", "plan.json"]])
@pytest.mark.parametrize(
    "damage", ["missing", "other configuration", "truncated", "not json", "of the future"]
)
def test_a_plan_that_cannot_be_used_starts_nothing(
    center: HelpCenter, teammate: Teammate, command: list[str], damage: str
) -> None:
    """One line names the file and the fix, exit 64, nothing written."""
    file = center.folder / "plan.json"
    if damage != "missing":
        center.ok("plan", "--out", "plan.json", code=2)
    text = file.read_text("utf-8") if file.exists() else ""
    match damage:
        case "other configuration":
            center.configure(sync={"on_conflict": "files"})
        case "truncated":
            file.write_text(text[: len(text) // 2], "utf-8")
        case "not json":
            file.write_bytes(b"\x89PNG\r\n")
        case "of the future":
            file.write_text(text.replace('"version": 1,', '"version": 99,', 1), "utf-8")

    result = center.kbsync(*command)

    assert result.code == 64, result
    assert "plan.json" in result.complaint
    assert teammate.articles() == {}


def test_a_plan_reads_as_a_pull_request_comment(written: HelpCenter) -> None:
    """`plan --markdown` is Markdown with a diff and no terminal codes."""
    text = written.kbsync("plan", "--markdown").out

    assert "```diff" in text
    assert "six days" in text
    assert "\x1b" not in text


def test_a_comment_folds_out_only_what_changes(center: HelpCenter) -> None:
    """Before the first sync the files are taken up as they are: a row of the table, and no empty diff."""
    text = center.kbsync("plan", "--markdown").out

    assert "adopt" in text.split("<details>", maxsplit=1)[0]
    assert "<summary>adopt" not in text
    assert "```diff\n\n```" not in text


@pytest.mark.parametrize(
    "arguments",
    [
        ["--json", "--config", "../elsewhere.toml", "status"],
        ["status", "--json", "--config", "../elsewhere.toml"],
        ["-q", "status", "--config=../elsewhere.toml", "--json", "--no-color"],
    ],
)
def test_common_options_stand_anywhere(center: HelpCenter, arguments: list[str]) -> None:
    """Before or after the command's name they mean the same."""
    (center.folder / "kbsync.toml").rename(center.folder.parent / "elsewhere.toml")

    assert center.ok(*arguments).document["articles"] == 0


def test_quiet_says_nothing_and_verbose_more(center: HelpCenter) -> None:
    """With -q a good run is silent; -v shows the phases."""
    assert center.ok("-q", "sync").out == ""
    assert len(center.ok("-v", "sync").out.splitlines()) > len(center.ok("sync").out.splitlines())


def test_piped_output_is_plain(center: HelpCenter) -> None:
    """Through a real pipe there are no colours, boxes or progress bars."""
    result = center.process("sync")

    assert result.code == 0, result
    assert result.err == ""
    assert "\x1b" not in result.out
    assert result.out.splitlines()[-1].startswith("15 changes applied. Requests: ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["frobnicate"],
        ["sync", "--frob"],
        ["resolve", "refunds"],
        ["resolve", "x", "--take", "mine"],
        ["apply"],
    ],
)
def test_wrong_usage_is_one_line_and_64(center: HelpCenter, arguments: list[str]) -> None:
    """The line names what is wrong and where help is."""
    result = center.kbsync(*arguments)

    assert result.code == 64, result
    assert "--help" in result.complaint or "known" in result.complaint


@pytest.mark.parametrize("arguments", [[], ["conversations"], ["gaps"]])
def test_without_a_command_the_help_is_shown(center: HelpCenter, arguments: list[str]) -> None:
    """Line by line, as with --help, and exit 64."""
    result = center.kbsync(*arguments)

    assert result.code == 64
    assert len(result.err.splitlines()) > 5
    assert result.err.rstrip() == center.ok(*arguments, "--help").out.rstrip()


def test_a_failing_command_shows_its_traceback_only_when_asked(center: HelpCenter) -> None:
    """`-vv` on a failure adds a traceback, `-v` does not, and a good run shows none either way."""
    center.configure(intercom={"workspace": "another"})

    assert "Traceback" not in center.kbsync("-v", "sync").err
    assert "Traceback" in center.kbsync("-vv", "sync").err
    center.configure()
    assert "Traceback" not in center.ok("-vv", "sync").err


def test_a_script_gets_a_document_for_an_error_too(center: HelpCenter) -> None:
    """With --json what ended a command stands on stdout as well, as code, message, place and hint."""
    center.environment["KBSYNC_INTERCOM_TOKEN"] = ""

    result = center.ok("sync", "--json", code=64)

    assert result.document["error"]["code"] == "KB101"
    assert "KBSYNC_INTERCOM_TOKEN" in result.document["error"]["message"]
    assert "KBSYNC_INTERCOM_TOKEN" in result.complaint


@pytest.mark.parametrize(
    ("arguments", "environment", "coloured"),
    [([], {}, True), (["--no-color"], {}, False), ([], {"NO_COLOR": "1"}, False)],
)
def test_colours_are_for_terminals(
    center: HelpCenter, arguments: list[str], environment: dict[str, str], coloured: bool
) -> None:
    """On a terminal lines are coloured, unless that is not wanted."""
    center.environment |= {**environment, "TERM": "xterm-256color"}
    ours, theirs = pty.openpty()
    running = center.start("sync", "--dry-run", *arguments, stdout_to=theirs)
    os.close(theirs)
    said = _all_of(ours)
    running.communicate(timeout=60)

    assert "15 changes" in said
    assert ("\x1b[3" in said) == coloured


def _all_of(descriptor: int) -> str:
    """Read until the other end is closed; Linux tells that by an error."""
    chunks = list[bytes]()
    with contextlib.suppress(OSError):
        while chunk := os.read(descriptor, 65536):
            chunks.append(chunk)
    os.close(descriptor)
    return b"".join(chunks).decode()
