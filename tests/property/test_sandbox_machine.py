"""The same game on the real replicas: files in a folder, Intercom and Confluence over HTTP from the sandbox.

People write in all three, processes die at any request or commit, answers are lost. Whenever the world
calms down nothing is lost, all agree, nothing is there twice, and a further run writes nothing.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from soaking import soak

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

from ledger import WORD, Ledger
from people import Colleague, Teammate
from playground import CALM, NAMES, Crash, Fragile

from kbsync.errors import KbsyncError
from kbsync.replicas.confluence import ConfluenceReplica, ConfluenceSettings
from kbsync.replicas.files.replica import FilesReplica
from kbsync.replicas.intercom import IntercomReplica, IntercomSettings
from kbsync.sandbox.server import Sandbox
from kbsync.state.store import open_state
from kbsync.sync.engine import Engine
from kbsync.sync.outcome import Report

STEPS = 12
MOST = 5
ROUNDS = 3


class SandboxMachine(RuleBasedStateMachine):
    """People with an editor and two browsers, and a kbsync that dies."""

    @initialize(seed=st.integers(0, 2**16))
    def begin(self, seed: int) -> None:
        self.random, self.ledger, self.effects = Random(seed), Ledger(), Fragile()
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name)
        (self.root / "content").mkdir()
        self.box = Sandbox().__enter__()
        self.teammate, self.colleague = Teammate(self.box), Colleague(self.box)
        self.state = open_state(f"sqlite:///{self.root}/state.db", effects=self.effects)
        self.write_a_file()
        self.sync()

    def teardown(self) -> None:
        if hasattr(self, "box"):
            self.calm_down()
            self.state.close()
            self.teammate.close()
            self.colleague.close()
            self.box.close()
            self.folder.cleanup()

    def word(self) -> str:
        word = self.ledger.word()
        self.ledger.owed.add(word)
        return word

    # --- what stands where ------------------------------------------------------------------------

    def files(self) -> dict[str, str]:
        """Every file by its birth word."""
        found = sorted((self.root / "content").glob("*.md"))
        return {WORD.findall(_said(path))[0]: str(path) for path in found}

    def shown(self, name: str) -> dict[str, list[str]]:
        """The words of each article that readers see, by its birth word."""
        texts = list[str]()
        if name == "files":
            texts = [_said(path) for path in (self.root / "content").glob("*.md")]
        if name == "intercom":
            listed = self.teammate.listed()
            texts = [f"{a['title']} {a['body']}" for a in listed if a["state"] == "published"]
        if name == "confluence":
            texts = [f"{t} {p['body']['storage']['value']}" for t, p in self.colleague.pages().items()]
        found = [WORD.findall(text) for text in texts]
        births = Counter(said[0] for said in found if said)
        assert max(births.values(), default=1) == 1, f"twice in {name}: {births}"
        return {said[0]: sorted(said) for said in found if said}

    def titles(self, name: str) -> list[str]:
        if name == "intercom":
            return sorted(t for t in self.teammate.published() if WORD.search(t))
        return sorted(t for t in self.colleague.pages() if WORD.search(t))

    # --- people -----------------------------------------------------------------------------------

    @rule()
    def write_a_file(self) -> None:
        if len(self.files()) < MOST:
            word = self.word()
            text = f"---\ntitle: Title {word}\n---\nFirst {self.word()}.\n\nSecond {self.word()}.\n"
            (self.root / "content" / f"{word}.md").write_text(text, "utf-8")

    @rule()
    def write_in_intercom(self) -> None:
        if len(self.titles("intercom")) < MOST:
            self.teammate.write(
                f"Title {self.word()}", f"<p>First {self.word()}.</p><p>Second {self.word()}.</p>"
            )

    @rule(first=st.booleans())
    def edit_a_file(self, first: bool) -> None:
        if paths := sorted(self.files().values()):
            path = Path(self.random.choice(paths))
            head, front, body = path.read_text("utf-8").partition("\n---\n")
            line = f"Line {self.word()}."
            path.write_text(head + front + (f"{line}\n\n{body}" if first else f"{body}\n{line}\n"), "utf-8")

    @rule(name=st.sampled_from(("intercom", "confluence")), first=st.booleans())
    def edit_in_a_browser(self, name: str, first: bool) -> None:
        if not (titles := self.titles(name)):
            return
        title, line = self.random.choice(titles), f"<p>Line {self.word()}.</p>"
        person: Any = self.teammate if name == "intercom" else self.colleague
        body = person.body(title)
        person.change(title, body=line + body if first else body + line)

    @rule()
    def rename_in_confluence(self) -> None:
        if titles := self.titles("confluence"):
            title = self.random.choice(titles)
            self.colleague.change(title, rename=f"{title} {self.word()}")

    @rule(name=st.sampled_from(NAMES))
    def delete(self, name: str) -> None:
        shown = self.shown(name)
        if not shown:
            return
        birth = self.random.choice(sorted(shown))
        self.ledger.owed -= set(shown[birth])
        if name == "files":
            Path(self.files()[birth]).unlink()
            return
        title = next(t for t in self.titles(name) if WORD.findall(t)[0] == birth)
        if name == "intercom":
            self.teammate.delete(title)
        else:
            self.colleague.trash(title)

    # --- kbsync -----------------------------------------------------------------------------------

    def engine(self) -> Engine:
        box, effects = self.box, self.effects
        replicas: Any = {
            "files": FilesReplica(self.root / "content", self.root / "retired", "en", effects),
            "intercom": IntercomReplica(
                IntercomSettings(box.intercom_url, box.workspace), box.intercom_token, effects=effects
            ),
            "confluence": ConfluenceReplica(
                ConfluenceSettings(box.confluence_url, box.space),
                box.confluence_user,
                box.confluence_token,
                effects=effects,
            ),
        }
        return Engine(replicas, self.state, CALM, effects=effects, home=self.root / ".kbsync", workers=1)

    def run(self) -> Report:
        engine = self.engine()
        try:
            return engine.sync()
        finally:
            for replica in engine.replicas.values():
                getattr(replica, "close", lambda: None)()

    @rule()
    def sync(self) -> None:
        self.run()

    @rule(at=st.integers(1, 30), how=st.sampled_from(("before", "after", "lost")))
    def crash(self, at: int, how: str) -> None:
        self.effects.left, self.effects.how = at, how
        with suppress(Crash, KbsyncError):
            self.run()
        self.effects.left = -1
        self.state.reload()

    @rule()
    def calm_down(self) -> None:
        """After the storm: nothing is lost, all agree, nothing is twice, and there is silence."""
        for _ in range(ROUNDS):
            report = self.run()
        assert not report.failed, report
        assert not report.conflicts, report
        files, intercom, confluence = (self.shown(name) for name in NAMES)
        assert files == intercom == confluence, (files, intercom, confluence)
        lost = self.ledger.owed - {word for said in files.values() for word in said}
        assert not lost, f"lost: {lost}"
        report = self.run()
        assert not report.applied, f"written at rest: {report}"


def _said(path: Path) -> str:
    """Return a file without its id, which is made of its name."""
    return "\n".join(line for line in path.read_text("utf-8").split("\n") if not line.startswith("id:"))


class TestSandboxMachine(SandboxMachine.TestCase):  # type: ignore[misc, valid-type]
    """A few dozen steps in CI, some hundreds under `make soak`."""

    settings = settings(
        max_examples=soak(2, 30),
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=soak(1, 0) == 1,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.reuse, Phase.generate],  # each step takes a real server's time: nothing is shrunk
    )
