"""The first day: init on what exists, doctor, check, convert."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import httpx
import jsonschema_rs
import pytest
from help_center import HelpCenter
from people import Colleague, Teammate

from kbsync.sandbox.server import Sandbox


@pytest.fixture
def newcomer(center: HelpCenter, tmp_path: Path, box: Sandbox) -> HelpCenter:
    """An empty folder on the sandbox that another project has filled."""
    center.ok("sync")
    (tmp_path / "new").mkdir()
    newcomer = HelpCenter(tmp_path / "new", box)
    (newcomer.folder / "content").rmdir()
    return newcomer


def test_init_from_intercom(newcomer: HelpCenter, box: Sandbox, teammate: Teammate) -> None:
    """The configuration is written, the collections and articles arrive, and a sync then writes nothing."""
    teammate.write("Plans", "<p>Three plans.</p>")
    newcomer.ok("init", "--from", "intercom", "--intercom-url", box.intercom_url)

    assert newcomer.files() == [
        "account/passwords.md",
        "billing/invoices.md",
        "billing/refunds.md",
        "plans.md",
    ]
    assert "five days" in newcomer.read("billing/refunds.md")
    assert f'workspace = "{box.workspace}"' in (newcomer.folder / "kbsync.toml").read_text("utf-8")
    assert newcomer.ok("sync", "--json").document["applied"] == []
    newcomer.ok("check")


def test_init_from_confluence(newcomer: HelpCenter, box: Sandbox) -> None:
    """The same from a space."""
    newcomer.ok(
        "init", "--from", "confluence", "--confluence-url", box.confluence_url, "--space", box.space,
        "--root-page", "Help Center",
    )  # fmt: skip

    assert "billing/refunds.md" in newcomer.files()
    assert "five days" in newcomer.read("billing/refunds.md")
    assert newcomer.ok("sync", "--json").document["applied"] == []


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["--from", "intercom"], "KBSYNC_INTERCOM_TOKEN"),
        (["--from", "confluence"], "--confluence-url"),
        (["--from", "zendesk"], "--from"),
    ],
)
def test_init_says_what_it_needs(newcomer: HelpCenter, arguments: list[str], names: str) -> None:
    """One line, exit 64, and no half a configuration."""
    newcomer.environment.clear()

    result = newcomer.kbsync("init", *arguments)

    assert result.code == 64, result
    assert names in result.complaint
    assert not (newcomer.folder / "kbsync.toml").exists()


def test_only_what_is_unambiguous_is_paired(
    center: HelpCenter, teammate: Teammate, colleague: Colleague
) -> None:
    """On populated replicas equal titles pair up; where two fit, a person is asked and nothing is doubled."""
    teammate.write("Refunds", "<p>A refund takes five days.</p><p>It goes to the card you paid with.</p>")
    teammate.write("Invoices", "<p>Old words.</p>")
    teammate.write("Invoices", "<p>Other old words.</p>")
    colleague.write(
        "Refunds", "<p>A refund takes five days.</p><p>It goes to the card you paid with.</p>", "Help Center"
    )

    report = center.kbsync("sync", "--json").document

    titles = sorted(each["title"] for each in teammate.listed())
    assert titles.count("Refunds") == 1
    assert sorted(colleague.pages()).count("Refunds") == 1
    assert [w for w in report["warnings"] if "invoices" in json.dumps(w).casefold()] or report["conflicts"]
    assert "Old words." in "".join(each["body"] for each in teammate.listed())
    assert "Other old words." in "".join(each["body"] for each in teammate.listed())


def test_doctor_probes_and_leaves_nothing_behind(
    center: HelpCenter, teammate: Teammate, colleague: Colleague
) -> None:
    """`--probe` sends a draft with every construct through both, and nothing of it stays."""
    checks = center.ok("doctor", "--probe", "--json").document["checks"]

    assert {check["replica"] for check in checks} == {"files", "intercom", "confluence"}
    assert {"heading", "table", "task list", "callout"} <= {check["check"] for check in checks}
    assert all(check["ok"] for check in checks)
    assert teammate.articles() == {}
    assert set(colleague.pages()) == {"Help Center"}


def test_doctor_tells_what_a_site_changes(center: HelpCenter) -> None:
    """A workspace that loses callouts fails that check, and the table says so."""
    httpx.post(f"{center.box.url}/_sandbox/settings", json={"intercom.callouts": "lose"}).raise_for_status()

    result = center.ok("doctor", "--probe", code=1)

    changed = [line.split()[1] for line in result.out.splitlines() if "MEND" in line]
    assert "callout" in changed
    assert "table" not in changed


def test_doctor_names_the_wrong_token(center: HelpCenter) -> None:
    """The row says which variable to mend, and the others are still checked."""
    center.environment["KBSYNC_CONFLUENCE_TOKEN"] = "wrong"

    result = center.ok("doctor", "--probe", code=1)

    assert "KBSYNC_CONFLUENCE_TOKEN" in result.out
    assert any(line.startswith("intercom") and " ok " in line for line in result.out.splitlines())


MARKDOWN = """\
# Refunds

> [!WARNING]
> Only once.

| a | b |
| - | - |
| 1 | 2 |

- [x] done

```python
print("<&>")
```
"""


@pytest.mark.parametrize("target", ["confluence", "intercom", "json"])
def test_convert_there_and_back_through_pipes(center: HelpCenter, target: str) -> None:
    """Stdin to stdout, without a configuration; what a format cannot hold is a warning on stderr."""
    (center.folder / "kbsync.toml").unlink()

    there = center.process("convert", "--from", "markdown", "--to", target, text=MARKDOWN)
    back = center.process("convert", "--from", target, "--to", "markdown", text=there.out)

    assert (there.code, back.code) == (0, 0), (there, back)
    assert "| 1   | 2   |" in back.out or "| 1 | 2 |" in back.out
    assert 'print("<&>")' in back.out
    assert "Traceback" not in there.err + back.err


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("confluence", "<p>unclosed"),
        ("json", "{"),
        ("confluence", '<!DOCTYPE x [<!ENTITY e "e">]><p>&e;</p>'),
    ],
)
def test_convert_refuses_what_it_cannot_read(center: HelpCenter, source: str, text: str) -> None:
    """One line with the place, exit 1, nothing on stdout."""
    result = center.process("convert", "--from", source, "--to", "markdown", text=text)

    assert result.code == 1, result
    assert result.out == ""
    assert "KB2" in result.complaint


def test_check_looks_at_the_named_files_alone(center: HelpCenter) -> None:
    """A file or a folder narrows the report; broken links, images and ids are named with their file."""
    center.write("billing/refunds.md", "[gone](nowhere.md) and ![gone](../assets/nothing.png)")
    center.write("account/broken.md", "x").write_text("---\ntitle: [\n---\n", "utf-8")

    whole = center.ok("check", code=1).out
    one = center.ok("check", "content/billing/refunds.md", code=1).out
    clean = center.ok("check", "content/billing/invoices.md").out

    assert "content/account/broken.md" in whole
    assert "content/billing/refunds.md" in whole
    assert "nowhere.md" in one
    assert "nothing.png" in one
    assert "broken.md" not in one
    assert "nothing to mend" in clean
    assert center.ok("check", "--json", code=1).document["errors"] == 3
    gone = center.ok("check", "content/nope.md", code=1)
    assert "content/nope.md" in gone.complaint


def test_the_schema_completes_the_configuration(center: HelpCenter) -> None:
    """`kbsync schema` is a JSON Schema that the configuration of the project fulfils."""
    schema = center.ok("schema").document
    jsonschema_rs.validate(schema, tomllib.loads((center.folder / "kbsync.toml").read_text("utf-8")))
