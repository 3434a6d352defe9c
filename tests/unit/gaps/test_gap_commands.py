"""The gap commands on a real project: folder, git history, store and a sandbox's Intercom."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from gap_samples import MONDAY, WEEK

from kbsync.cli import run
from kbsync.conversations.lines import conversation
from kbsync.sandbox.intercom.conversations import load
from kbsync.sandbox.server import Sandbox

TOPICS = {
    "refund": (
        (
            "I want a refund for the hosted plan",
            "please refund our hosted plan, we cancelled it",
            "refund for the hosted plan is missing",
        ),
        (
            "Refunds are made within 14 days of the payment.",
            "Write the workspace name and the payment date to billing.",
        ),
    ),
    "slack": (
        (
            "Can you post a message to Slack after each sync?",
            "slack message for a failed sync please",
            "I'd like a Slack message in our channel",
        ),
        (
            "Call a Slack webhook from your job after the sync.",
            "Put the address of the webhook into a secret.",
        ),
    ),
}
ARTICLE = "---\ntitle: {title}\n---\n{title}. Columns of a table have equal width unless the header row says otherwise.\n"


@dataclass
class Project:
    """A folder with a configuration, articles and conversations; commands run inside it."""

    folder: Path
    say: Callable[[], Any]

    def ok(self, *arguments: str, code: int = 0) -> Any:
        """Run a command with --json and return its document."""
        self.say()
        assert run([*arguments, "--json", "-q"]) == code, self.say()
        out = self.say().out
        return json.loads(out) if out else None

    def report(self, *arguments: str) -> list[dict[str, Any]]:
        """Write the report and return the topics."""
        files = self.ok("gaps", "report", *arguments)["files"]
        topics: list[dict[str, Any]] = json.loads(Path(files["analysis"]).read_text("utf-8"))["topics"]
        return topics

    def git(self, *arguments: str, at: float = MONDAY) -> None:
        identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.test", "-c", "commit.gpgsign=false"]
        when = {"GIT_AUTHOR_DATE": f"@{at:.0f} +0000", "GIT_COMMITTER_DATE": f"@{at:.0f} +0000"}
        subprocess.run(
            ["git", *identity, *arguments],
            cwd=self.folder,
            check=True,
            capture_output=True,
            env=os.environ | when,
        )


def lines(per_topic: int = 12) -> list[dict[str, Any]]:
    """Conversations of two topics, three a week each, every one with a reply."""
    return [
        {
            "id": f"{number}{n:02}",
            "created_at": MONDAY + (n // 3) * WEEK + n,
            "closed_at": MONDAY + (n // 3) * WEEK + n + 600,
            "messages": [
                {"role": "customer", "text": asked[n % 3]},
                {"role": "teammate", "text": "Hi, thanks for writing!\n" + "\n".join(replies)},
            ],
        }
        for number, (asked, replies) in enumerate(TOPICS.values(), 1)
        for n in range(per_topic)
    ]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Project:
    """A project whose only article is about something else, and its conversations in a file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kbsync.toml").write_text(
        '[content]\nroot = "content"\n[gaps]\nencoder = "tfidf"\n[conversations]\nwindow = "3000d"\n', "utf-8"
    )
    (tmp_path / "content" / "writing").mkdir(parents=True)
    (tmp_path / "content" / "writing" / "tables.md").write_text(ARTICLE.format(title="Tables"), "utf-8")
    (tmp_path / "c.jsonl").write_text("\n".join(map(json.dumps, lines())), "utf-8")
    return Project(tmp_path, capsys.readouterr)


def test_a_report_remembers_wherever_it_is_written(project: Project) -> None:
    """A report in a new folder keeps the ids of the last one, and a dismissal needs no folder at all."""
    project.ok("conversations", "import", "c.jsonl")
    first = project.report("--out", "week1")
    decided = project.ok("gaps", "dismiss", first[0]["id"], "--why", "out of scope")
    assert decided["topic"] == first[0]["id"]

    second = project.report("--out", "week2")

    assert [t["id"] for t in second] == [t["id"] for t in first]
    page = (project.folder / "week2" / "index.html").read_text("utf-8")
    assert "out of scope" in page
    assert f"topic-{first[0]['id']}" not in page


def test_drafts_are_written_once_and_kept(project: Project) -> None:
    """--all drafts each open gap with the steps of its replies; a second time nothing changes, a person's edit stays."""
    project.ok("conversations", "import", "c.jsonl")
    open_topics = [t for t in project.report() if t["verdict"] == "uncovered"]

    drafts = project.ok("gaps", "draft", "--all")["drafts"]

    assert [d["topic"] for d in drafts] == [t["id"] for t in open_topics]
    assert len(drafts) >= 2
    assert all(d["outcome"] == "written" and d["steps"] == 2 for d in drafts)
    mine = Path(drafts[0]["path"])
    mine.write_text(mine.read_text("utf-8") + "Mine.\n", "utf-8")
    again = project.ok("gaps", "draft", "--all")["drafts"]
    assert [d["outcome"] for d in again] == ["kept"] + ["unchanged"] * (len(drafts) - 1)
    assert mine.read_text("utf-8").endswith("Mine.\n")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("gaps", "draft"), 64, "name a topic, or --all"),
        (("gaps", "draft", "t0"), 64, "there is no topic t0"),
        (("gaps", "dismiss", "t0", "--why", "x"), 64, "there is no topic t0"),
        (("gaps", "backtest", "--weeks", "0"), 64, "0"),
    ],
)
def test_a_wrong_name_is_one_clear_line(
    project: Project, arguments: tuple[str, ...], code: int, said: str
) -> None:
    """What cannot be done is told without a traceback, and nothing is written."""
    project.report("--conversations", "c.jsonl")
    project.say()

    assert run(arguments) == code

    err = project.say().err
    assert said in err
    assert "Traceback" not in err
    assert not (project.folder / "content" / "_drafts").exists()


def test_nothing_is_drafted_before_a_report(project: Project) -> None:
    """Without an analysis the line names the file and the command that makes it."""
    assert run(["gaps", "draft", "--all"]) == 1

    assert "run kbsync gaps report first" in project.say().err


def test_without_a_configuration_both_inputs_suffice(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Report, draft and backtest work on an export and a folder of articles, and leave the articles' folder alone."""
    (project.folder / "kbsync.toml").unlink()
    inputs = ("--conversations", "c.jsonl", "--articles", "content")

    topics = project.report(*inputs, "--out", "report")
    project.ok("gaps", "draft", topics[0]["id"], *inputs, "--out", "report")
    project.ok("gaps", "backtest", *inputs)

    assert sorted(p.name for p in (project.folder / "content").iterdir()) == ["_drafts", "writing"]


def test_a_backtest_follows_the_git_history(project: Project) -> None:
    """Each week has the articles of its time; weeks before the first commit have its articles, and that is said."""
    project.git("init", "--quiet")
    project.git("add", "content")
    project.git("commit", "--quiet", "--message", "Begin", at=MONDAY + WEEK)
    answer = project.folder / "content" / "refunds.md"
    answer.write_text(ARTICLE.format(title="Refund for the hosted plan"), "utf-8")
    project.git("add", "content")
    project.git("commit", "--quiet", "--message", "Answer", at=MONDAY + 2.5 * WEEK)

    made = project.ok("gaps", "backtest", "--conversations", "c.jsonl", "--price", "2")

    assert [w["articles"] for w in made["weeks"]] == [1, 1, 1, 2]
    assert made["history_begins"] == "2026-09-28"
    assert made["worth"] == 2 * sum(w["answered"] for w in made["weeks"])
    latest = project.ok("gaps", "backtest", "--conversations", "c.jsonl", "--weeks", "1")
    assert [w["articles"] for w in latest["weeks"]] == [2]


def test_without_a_history_the_articles_of_today_count(project: Project) -> None:
    """Outside of git every week has today's articles, and the command says so."""
    assert run(["gaps", "backtest", "--conversations", "c.jsonl"]) == 0

    assert "no git history" in project.say().out


@pytest.fixture
def desk(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """The same conversations in a sandbox's Intercom, which the project is bound to."""
    with Sandbox() as box:
        load(box.store, (conversation(line) for line in lines()))
        config = project.folder / "kbsync.toml"
        table = f'[intercom]\nbase_url = "{box.intercom_url}"\nworkspace = "{box.workspace}"\n'
        config.write_text(config.read_text("utf-8") + table, "utf-8")
        monkeypatch.setenv("KBSYNC_INTERCOM_TOKEN", box.intercom_token)
        yield box


def opened(project: Project) -> None:
    """Put into the store what a search brings: the openings."""
    file = project.folder / "openings.jsonl"
    file.write_text("\n".join(json.dumps(x | {"messages": x["messages"][:1]}) for x in lines()), "utf-8")
    project.ok("conversations", "import", "openings.jsonl")


def test_replies_are_fetched_when_a_draft_needs_them(project: Project, desk: Sandbox) -> None:
    """From openings alone a draft fetches the replies, one request each, and never again."""
    opened(project)
    topic = project.report()[0]

    (draft,) = project.ok("gaps", "draft", topic["id"])["drafts"]

    assert draft["steps"] == 2
    assert _gets(desk) == topic["size"]
    project.ok("gaps", "draft", topic["id"])
    assert _gets(desk) == topic["size"]


def test_without_intercom_a_draft_uses_what_is_there(
    project: Project, desk: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where Intercom refuses the token, a draft comes from the openings, and the line says what it lacks."""
    opened(project)
    topic = project.report()[0]
    monkeypatch.setenv("KBSYNC_INTERCOM_TOKEN", "wrong")
    project.say()

    assert run(["gaps", "draft", topic["id"]]) == 0

    assert "stay without replies" in project.say().err
    (draft,) = (project.folder / "content" / "_drafts").glob("*.md")
    assert "No reply of a teammate is at hand" in draft.read_text("utf-8")


def _gets(box: Sandbox) -> int:
    """How often a single conversation was asked for."""
    entries = box.app.state.journal.recent
    return sum(e["method"] == "GET" and "/conversations/" in e["path"] for e in entries)
