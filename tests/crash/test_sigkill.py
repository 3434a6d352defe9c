"""A real process is killed in the middle of a real sync; the next one finishes, and nothing is there twice."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from doomed import Killing, Place, sync

from kbsync.sandbox.server import Sandbox

SOAK = bool(os.environ.get("KBSYNC_SOAK"))
ARTICLES = 40 if SOAK else 4
KILLS = 2
"""How many places of each phase a short run tries; a long one tries every tenth effect."""
NUMBERED = re.compile(r" [(]\d+[)]$")
WORD = re.compile(r"\bw\d+x\b")
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cf500f"
    "0003860180344a9f7b0000000049454e44ae426082"
)
DOOMED = Path(__file__).with_name("doomed.py")


class World:
    """A help center on disk and a sandbox beside it; every paragraph holds a word of its own."""

    def __init__(self, folder: Path, box: Sandbox) -> None:
        self.folder, self.content = folder, folder / "content"
        self.place = Place(
            str(folder),
            box.intercom_url,
            box.intercom_token,
            box.workspace,
            box.confluence_url,
            box.confluence_user,
            box.confluence_token,
            box.space,
            box.public_url,
        )
        headers = {"Authorization": f"Bearer {box.teammate_token}", "Intercom-Version": "2.16"}
        self.intercom = httpx.Client(base_url=box.intercom_url, headers=headers)
        self.confluence = httpx.Client(
            base_url=box.confluence_url, auth=(box.confluence_user, box.confluence_token)
        )
        self.words = 0
        (self.content / "assets").mkdir()
        (self.content / "assets" / "card.png").write_bytes(PIXEL)
        for number in range(ARTICLES):
            self._write(number)

    def close(self) -> None:
        self.intercom.close()
        self.confluence.close()

    def _word(self) -> str:
        self.words += 1
        return f"w{self.words}x"

    def _write(self, number: int) -> None:
        folder = self.content / f"group{number % 2}"
        folder.mkdir(exist_ok=True)
        other = f"../group{(number + 1) % 2}/a{(number + 1) % ARTICLES}.md"
        body = f"First {self._word()}.\n\nSee [the other]({other}).\n\n![A card](../assets/card.png)\n\nLast."
        text = f"---\ntitle: Article {number}\n---\n{body}\n"
        (folder / f"a{number}.md").write_text(text, "utf-8")

    def edit_everywhere(self) -> None:
        """A file changes, a teammate rewrites an article, a colleague a page, and a file is deleted."""
        path = self.content / "group0" / "a0.md"
        path.write_text(f"{path.read_text('utf-8')}\nAdded {self._word()}.\n", "utf-8")
        article = self.articles()["Article 1"]
        body = {"body": f"{article['body']}<p>Added {self._word()}.</p>"}
        self.intercom.put(f"/articles/{article['id']}", json=body).raise_for_status()
        page = self.pages()["Article 2"]
        value = f"{page['body']['storage']['value']}<p>Added {self._word()}.</p>"
        new = {
            "id": page["id"],
            "status": "current",
            "title": page["title"],
            "version": {"number": page["version"]["number"] + 1},
            "body": {"representation": "storage", "value": value},
        }
        self.confluence.put(f"/api/v2/pages/{page['id']}", json=new).raise_for_status()
        (self.content / "group1" / "a3.md").unlink()

    def _listed(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.intercom.get("/articles", params={"per_page": 250}).json()["data"]
        return [article for article in found if article["state"] == "published"]

    def articles(self) -> dict[str, dict[str, Any]]:
        """Published articles by title."""
        return {article["title"]: article for article in self._listed()}

    def pages(self) -> dict[str, dict[str, Any]]:
        """Current pages by title, bodies included."""
        spaces = self.confluence.get("/api/v2/spaces", params={"keys": self.place.space}).json()["results"]
        query = {"limit": 250, "status": "current", "body-format": "storage"}
        listed = self.confluence.get(f"/api/v2/spaces/{spaces[0]['id']}/pages", params=query).json()
        return {page["title"]: page for page in listed["results"]}

    def attachments(self, page: str) -> list[str]:
        """The file names on a page."""
        listed = self.confluence.get(f"/api/v2/pages/{page}/attachments").json()["results"]
        return [each["title"] for each in listed]

    def duplicates(self) -> list[str]:
        """Articles, collections, pages and attachments that stand more than once."""
        collections = self.intercom.get("/help_center/collections", params={"per_page": 150}).json()["data"]
        titles = Counter(article["title"] for article in self._listed())
        titles += Counter(f"collection {each['name']}" for each in collections)
        titles += Counter(f"page {NUMBERED.sub('', title)}" for title in self.pages())
        titles += Counter(
            f"{page['id']}/{n}" for page in self.pages().values() for n in self.attachments(page["id"])
        )
        return [title for title, count in titles.items() if count > 1]

    def shown(self) -> list[dict[str, list[str]]]:
        """The words of every article, by title: in files, Intercom and Confluence."""
        files = {f"Article {path.stem[1:]}": path.read_text("utf-8") for path in self.content.rglob("a*.md")}
        articles = {title: article["body"] for title, article in self.articles().items()}
        pages = {title: page["body"]["storage"]["value"] for title, page in self.pages().items()}
        return [
            {title: sorted(WORD.findall(body)) for title, body in texts.items() if "Article" in title}
            for texts in (files, articles, pages)
        ]

    def die(self, at: int, how: str) -> None:
        """Run one process that is killed at an effect."""
        place = self.folder / "place.json"
        place.write_bytes(msgspec.json.encode(self.place))
        done = subprocess.run(
            [sys.executable, str(DOOMED), str(place), str(at), how], capture_output=True, check=False
        )
        assert done.returncode == -signal.SIGKILL, done.stderr.decode()


@contextmanager
def _world() -> Iterator[World]:
    """A help center that was never synced."""
    with tempfile.TemporaryDirectory() as name:
        content = Path(name) / "content"
        content.mkdir()
        with Sandbox(public=content) as box:
            world = World(Path(name), box)
            yield world
            world.close()


def _effects_of_each_phase() -> tuple[int, int]:
    with _world() as world:
        first, second = Killing(), Killing()
        sync(world.place, first)
        world.edit_everywhere()
        sync(world.place, second)
        return first.count, second.count


def _spots(total: int) -> list[int]:
    """Return the effects to die at, spread over a phase."""
    step = 10 if SOAK else max(1, total // KILLS)
    return list(range(1 + step // 2, total + 1, step))


@pytest.mark.parametrize("phase", ["first sync", "edits everywhere"])
def test_a_killed_process_is_healed_by_the_next(phase: str) -> None:
    """SIGKILL before or after an effect, then one run: all agree, nothing twice, no lost word, silence."""
    edits = phase == "edits everywhere"
    total = _effects_of_each_phase()[edits]
    for number, at in enumerate(_spots(total)):
        with _world() as world:
            if edits:
                sync(world.place)
                world.edit_everywhere()
            how = "after" if number % 2 else "before"
            world.die(at, how)
            context = f"{phase}: killed {how} effect {at} of {total}"
            assert sync(world.place).exit_code == 0, context
            assert world.duplicates() == [], context
            files, articles, pages = world.shown()
            assert files == articles == pages, context
            lost = 1 if edits else 0  # the word of the file that was deleted
            assert sum(map(len, files.values())) == world.words - lost, context
            assert sync(world.place).applied == (), context
