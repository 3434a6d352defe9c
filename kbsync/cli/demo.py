"""The whole loop on a copy: what `kbsync demo` and `make demo` show."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import httpx

from kbsync.cli import run
from kbsync.cli.screen import Screen
from kbsync.errors import KbsyncError, UsageError

if TYPE_CHECKING:
    from kbsync.sandbox.server import Sandbox

_CONFIG = """\
[content]
root = "content"

[intercom]
base_url = "{box.intercom_url}"
workspace = "{box.workspace}"

[confluence]
base_url = "{box.confluence_url}"
space = "{box.space}"
root_page = "Help Center"

[assets]
public_base_url = "{box.public_url}"

[sync]
workers = 8

[gaps]
encoder = "tfidf"
"""
_GOOD = (0, 3)
_SENTENCE = re.compile(r"^[A-Z][^\n|<>`*_\[\]{}$!#]{40,}\.$", re.MULTILINE)


class Demo:
    """One demonstration in one scratch folder; every step is a command that a user could type."""

    def __init__(self, screen: Screen, articles: Path, keep: Path | None) -> None:
        self._screen = screen
        self._articles = articles
        self._keep = keep
        self._lines = list[str]()

    def run(self) -> int:
        """Play it and return the exit code. Raises UsageError, KbsyncError."""
        from kbsync.sandbox.server import Sandbox

        if not self._articles.is_dir():
            raise UsageError(f"{self._articles}: there is no such folder", hint="name a folder of articles")
        folder = self._folder()
        shutil.copytree(self._articles, folder / "content")
        with Sandbox(seed="demo", public=folder / "content") as box:
            (folder / "kbsync.toml").write_text(_CONFIG.format(box=box), "utf-8")
            with _environment(box), _working_in(folder):
                self._play(box, folder)
        self._close(folder)
        return 0

    def _folder(self) -> Path:
        if self._keep is None:
            return Path(tempfile.mkdtemp(prefix="kbsync-demo-"))
        if self._keep.exists() and any(self._keep.iterdir()):
            raise UsageError(f"{self._keep} is not empty", hint="name a new folder with --keep")
        self._keep.mkdir(parents=True, exist_ok=True)
        return self._keep.resolve()

    def _play(self, box: Sandbox, folder: Path) -> None:
        _git(folder, "init", "--quiet")
        self._step("Mirror the articles into Intercom and Confluence", "sync", "--quiet")
        _git(folder, "add", "content", "kbsync.toml")
        _git(folder, "commit", "--quiet", "--message", "Begin")
        people = People(box)
        places = _editable(folder / "content")
        self._edits(people, places)
        self._conflict(people, places)
        self._silence()
        self._gaps(folder)

    def _edits(self, people: People, places: Iterator[Place]) -> None:
        first, second = next(places), next(places)
        people.edit_in_intercom(first.title, first.sentence, "A teammate wrote this in Intercom.")
        people.edit_in_confluence(second.title, second.sentence, "A colleague wrote this in Confluence.")
        self._step("A teammate edits in Intercom, a colleague in Confluence; one sync", "sync", "--commit")
        for place, words in ((first, "A teammate wrote this"), (second, "A colleague wrote this")):
            arrived = words in place.path.read_text("utf-8")
            self._expect(arrived, f"the edit of “{place.title}” is in {place.path.name} and everywhere else")

    def _conflict(self, people: People, places: Iterator[Place]) -> None:
        place = next(places)
        text = place.path.read_text("utf-8")
        place.path.write_text(text.replace(place.sentence, "The file says one thing.", 1), "utf-8")
        people.edit_in_confluence(place.title, place.sentence, "The wiki says another.", instead=True)
        code = self._step("The same sentence is changed in the file and in Confluence", "sync")
        self._expect(code == 3, "the conflict is held for a person; nothing of it was written anywhere")  # noqa: PLR2004  the documented code
        self._step("What waits", "conflicts")
        self._step("A person decides", "resolve", place.id, "--take", "files")
        self._step("and the next sync carries it out", "sync")

    def _silence(self) -> None:
        self._step("A further sync finds nothing to do", "sync")

    def _gaps(self, folder: Path) -> None:
        self._step("Fetch the resolved conversations", "conversations", "pull")
        self._step(
            "Judge them against the articles and write the report", "gaps", "report", "--out", "report"
        )
        self._truth(folder / "report" / "analysis.json")
        costliest = _costliest(folder / "report" / "analysis.json")
        if costliest:
            self._step("Draft the costliest gaps", "gaps", "draft", *costliest, "--out", "report")

    def _truth(self, analysis: Path) -> None:
        """Compare the report with what the generator of the conversations knows."""
        from kbsync.sandbox.helpdesk.truth import score

        result = score(analysis)
        self._say(
            f"  Known truth: {result.gaps} topics have no article; the report found {result.found}, "
            f"missed {result.missed}, invented {result.invented}, named {result.repeated} twice."
        )

    def _step(self, title: str, *arguments: str) -> int:
        self._screen.say(f"\n▸ {title}", "bold")
        self._screen.say(f"  $ kbsync {' '.join(arguments)}", "dim")
        code = run([*arguments, *([] if self._screen.options.color else ["--no-color"])])
        if code not in _GOOD:
            raise KbsyncError(f"the demo stopped: kbsync {' '.join(arguments)} ended {code}")
        return code

    def _expect(self, holds: bool, what: str) -> None:
        if not holds:
            raise KbsyncError(f"the demo stopped, this does not hold: {what}")
        self._say(f"  ✓ {what}")

    def _say(self, line: str) -> None:
        self._lines.append(line.strip())
        self._screen.say(line, "green" if "✓" in line else "")

    def _close(self, folder: Path) -> None:
        self._screen.say("\nWhat was shown", "bold")
        for line in self._lines:
            self._screen.say(f"  {line}")
        self._screen.say(f"\nEverything is in {folder}; your checkout was not touched.")
        self._screen.say(f"The report: {folder / 'report' / 'index.html'}", "bold")
        if self._screen.options.json:
            self._screen.document({"folder": str(folder), "report": str(folder / "report" / "index.html")})


@dataclass(frozen=True, slots=True)
class Place:
    """A sentence in an article that the demo can edit."""

    path: Path
    id: str
    title: str
    sentence: str


def _editable(root: Path) -> Iterator[Place]:
    """Yield articles of the default locale with a plain sentence that stands there once."""
    from kbsync.replicas.files import frontmatter
    from kbsync.replicas.files.paths import COLLECTION_FILE, article_path, takes_part

    for path in sorted(root.rglob("*.md")):
        inside = PurePosixPath(path.relative_to(root).as_posix())
        if path.name == COLLECTION_FILE or article_path(inside).locale or not takes_part(inside):
            continue
        page = frontmatter.split(path.read_text("utf-8"), str(inside))
        keys = frontmatter.load(page.front, str(inside))
        found = [s for s in _SENTENCE.findall(page.body) if page.body.count(s) == 1]
        if found and keys.get("state") != "draft":
            yield Place(path, str(keys.get("id") or ""), str(keys.get("title")), found[0])


class People:
    """The teammates: they edit through the services' own interfaces, as kbsync never does."""

    def __init__(self, box: Sandbox) -> None:
        self._intercom = httpx.Client(
            base_url=box.intercom_url,
            headers={"Authorization": f"Bearer {box.teammate_token}", "Intercom-Version": "2.16"},
        )
        self._confluence = httpx.Client(
            base_url=box.confluence_url, auth=(box.confluence_user, box.confluence_token)
        )

    def edit_in_intercom(self, title: str, sentence: str, words: str) -> None:
        """Add a sentence behind another one."""
        articles = _answer(self._intercom.get("/articles", params={"per_page": 250}))["data"]
        article = next(a for a in articles if a["title"] == title)
        body = _replace(article["body"], sentence, f"{sentence} {words}")
        _answer(self._intercom.put(f"/articles/{article['id']}", json={"body": body}))

    def edit_in_confluence(self, title: str, sentence: str, words: str, *, instead: bool = False) -> None:
        """Add a sentence behind another one, or put it in its place."""
        found = _answer(
            self._confluence.get("/api/v2/pages", params={"title": title, "body-format": "storage"})
        )
        page = found["results"][0]
        new = words if instead else f"{sentence} {words}"
        body = _replace(page["body"]["storage"]["value"], sentence, new)
        change = {
            "id": page["id"],
            "status": "current",
            "title": page["title"],
            "version": {"number": page["version"]["number"] + 1},
            "body": {"representation": "storage", "value": body},
        }
        _answer(self._confluence.put(f"/api/v2/pages/{page['id']}", json=change))


def _replace(body: str, sentence: str, new: str) -> str:
    """Replace a sentence as a body spells it: entities may stand for quotes and apostrophes."""
    plain = re.sub(r"&(?:#39|apos|rsquo);", "'", body)
    if sentence not in plain:
        raise KbsyncError(f"the demo cannot find “{sentence}” in a page")
    return plain.replace(sentence, new, 1)


def _answer(response: httpx.Response) -> Mapping[str, Any]:
    response.raise_for_status()
    answer: Mapping[str, Any] = response.json()
    return answer


def _costliest(analysis: Path, count: int = 3) -> list[str]:
    """Return the ids of the first uncovered topics; the analysis ranks them by what they cost."""
    topics = json.loads(analysis.read_bytes())["topics"]
    return [topic["id"] for topic in topics if topic["verdict"] == "uncovered"][:count]


@contextmanager
def _environment(box: Sandbox) -> Iterator[None]:
    values = {
        "KBSYNC_INTERCOM_TOKEN": box.intercom_token,
        "KBSYNC_CONFLUENCE_USER": box.confluence_user,
        "KBSYNC_CONFLUENCE_TOKEN": box.confluence_token,
    }
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _working_in(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _git(folder: Path, *arguments: str) -> None:
    """Run git where it is installed; the demo goes on without it."""
    identity = ["-c", "user.name=Demo", "-c", "user.email=demo@kbsync.test", "-c", "commit.gpgsign=false"]
    try:
        subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, check=False)  # noqa: S603, S607  fixed words
    except OSError:
        return
