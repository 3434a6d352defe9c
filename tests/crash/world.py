"""A help center on disk and in a sandbox, edited everywhere at once, and what each place shows of it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import httpx

NUMBERED = re.compile(r" [(]\d+[)]$")
TITLE = re.compile(r"^title: (.*)$", re.MULTILINE)
WORD = re.compile(r"\bw\d+x\b")
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cf500f"
    "0003860180344a9f7b0000000049454e44ae426082"
)
GROUPS = 2

Shown = dict[str, list[str]]
"""The words of every article and translation, by title."""


class World:
    """Everything people see and do; every paragraph holds a word of its own.

    `dead` are the words of what somebody deleted, `gone` the titles.
    """

    def __init__(
        self, folder: Path, intercom: httpx.Client, confluence: httpx.Client, space: str, articles: int
    ) -> None:
        self.content, self.intercom, self.confluence = folder / "content", intercom, confluence
        self.space, self.articles = space, articles
        self.words = 0
        self.dead: set[str] = set()
        self.gone: set[str] = set()
        (self.content / "assets").mkdir(parents=True, exist_ok=True)
        for number in range(5):
            (self.content / "assets" / f"card{number}.png").write_bytes(PIXEL + bytes([number]))
        for number in range(articles):
            self._write(f"group{number % GROUPS}/a{number}.md", f"Article {number}", number)

    def close(self) -> None:
        self.intercom.close()
        self.confluence.close()

    def word(self) -> str:
        """Return a word that nobody has written yet."""
        self.words += 1
        return f"w{self.words}x"

    def _write(self, path: str, title: str, number: int) -> None:
        place = self.content / path
        place.parent.mkdir(exist_ok=True)
        following = (number + 1) % self.articles
        link = f"[the next](../group{following % GROUPS}/a{following}.md)"
        body = f"First {self.word()}.\n\nSee {link}.\n\n![A card](../assets/card{number % 5}.png)\n\nLast."
        place.write_text(f"---\ntitle: {title}\n---\n{body}\n", "utf-8")
        if number % 5 == 1:
            french = f"---\ntitle: {title} fr\n---\nBonjour {self.word()}.\n"
            place.with_suffix(".fr.md").write_text(french, "utf-8")

    # --- what people do ---------------------------------------------------------------------------

    def edit_everywhere(self) -> None:
        """Writers, teammates and colleagues edit, move, add and delete, each where they are at home."""
        self._writers()
        self._teammates()
        self._colleagues()

    def _writers(self) -> None:
        for number in range(0, self.articles, 2):
            if number % 8 == 2:
                continue  # a colleague is at it
            path = self._file(number)
            path.write_text(f"{path.read_text('utf-8')}\nAdded {self.word()}.\n", "utf-8")
        for number in range(3, self.articles, 16):
            self._bury(self._file(number))
        for number in range(4, self.articles, 8):
            self._move(self._file(number))
        for number in range(5, self.articles, 8):
            path = self._file(number).with_suffix(".fr.md")
            before = path.read_text("utf-8") if path.exists() else f"---\ntitle: Article {number} fr\n---\n"
            path.write_text(f"{before}\nEncore {self.word()}.\n", "utf-8")
        for number in range(1 + self.articles // 10):
            self._write(f"extra/f{number}.md", f"Article F{number}", number)

    def _move(self, path: Path) -> None:
        folder = self.content / "moved"
        folder.mkdir(exist_ok=True)
        for file in path.parent.glob(f"{path.stem}.*"):
            file.rename(folder / file.name)

    def _bury(self, path: Path) -> None:
        for file in (path, path.with_suffix(".fr.md")):
            if file.exists():
                text = file.read_text("utf-8")
                self.dead |= set(WORD.findall(text))
                self.gone |= set(TITLE.findall(text))
                file.unlink()

    def _file(self, number: int) -> Path:
        return next(self.content.rglob(f"a{number}.md"))

    def _teammates(self) -> None:
        listed = self.published()
        for number in range(1, self.articles, 8):
            article = listed[f"Article {number}"]
            body = {"body": f"{article['body']}<p>Added {self.word()}.</p>"}
            self.intercom.put(f"/articles/{article['id']}", json=body).raise_for_status()
        for number in range(7, self.articles, 32):
            article = listed[f"Article {number}"]
            self._mourn(article)
            self.intercom.delete(f"/articles/{article['id']}").raise_for_status()
        for number in range(self.articles // 16):
            made = {
                "title": f"Article T{number}",
                "author_id": listed["Article 0"]["author_id"],
                "body": f"<p>By a teammate {self.word()}.</p>",
                "state": "published",
            }
            self.intercom.post("/articles", json=made).raise_for_status()
        group = next(each for each in self._collections() if each["name"] == "Group1")
        name = {"name": "Group one"}
        self.intercom.put(f"/help_center/collections/{group['id']}", json=name).raise_for_status()

    def _mourn(self, article: dict[str, Any]) -> None:
        for text in _texts(article):
            self.dead |= set(WORD.findall(text["body"]))
            self.gone.add(text["title"])

    def _colleagues(self) -> None:
        pages = self.pages()
        for number in range(2, self.articles, 8):
            page = pages[f"Article {number}"]
            value = f"{page['body']['storage']['value']}<p>Added {self.word()}.</p>"
            new = {
                "id": page["id"],
                "status": "current",
                "title": page["title"],
                "version": {"number": page["version"]["number"] + 1},
                "body": {"representation": "storage", "value": value},
            }
            self.confluence.put(f"/api/v2/pages/{page['id']}", json=new).raise_for_status()
        for number in range(self.articles // 16):
            made = {
                "spaceId": pages["Article 0"]["spaceId"],
                "status": "current",
                "title": f"Article C{number}",
                "parentId": pages["Group0"]["id"],
                "body": {"representation": "storage", "value": f"<p>By a colleague {self.word()}.</p>"},
            }
            self.confluence.post("/api/v2/pages", json=made).raise_for_status()

    # --- what people see --------------------------------------------------------------------------

    def _listed(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.intercom.get("/articles", params={"per_page": 250}).json()["data"]
        return [
            article
            for article in found
            if article["state"] == "published" or article["title"] not in self.gone
        ]

    def _collections(self) -> list[dict[str, Any]]:
        asked = self.intercom.get("/help_center/collections", params={"per_page": 150})
        found: list[dict[str, Any]] = asked.json()["data"]
        return found

    def published(self) -> dict[str, dict[str, Any]]:
        """Articles by title, without those that were taken out of sight."""
        return {article["title"]: article for article in self._listed()}

    def pages(self) -> dict[str, dict[str, Any]]:
        """Current pages by title, bodies included."""
        spaces = self.confluence.get("/api/v2/spaces", params={"keys": self.space}).json()["results"]
        query = {"limit": 250, "status": "current", "body-format": "storage"}
        listed = self.confluence.get(f"/api/v2/spaces/{spaces[0]['id']}/pages", params=query).json()
        return {page["title"]: page for page in listed["results"]}

    def attachments(self, page: str) -> list[str]:
        """The file names on a page."""
        listed = self.confluence.get(f"/api/v2/pages/{page}/attachments").json()["results"]
        return [each["title"] for each in listed]

    def duplicates(self) -> list[str]:
        """Articles, collections, pages and attachments that stand more than once."""
        titles = Counter(article["title"] for article in self._listed())
        titles += Counter(f"collection {each['name']}" for each in self._collections())
        titles += Counter(f"page {NUMBERED.sub('', title)}" for title in self.pages())
        titles += Counter(
            f"{page['id']}/{n}" for page in self.pages().values() for n in self.attachments(page["id"])
        )
        return [title for title, count in titles.items() if count > 1]

    def shown(self) -> tuple[Shown, Shown, Shown]:
        """The words of every article: in files, Intercom, and Confluence, which has one locale."""
        texts = [path.read_text("utf-8") for path in self.content.rglob("*.md")]
        files = {TITLE.findall(text)[0]: text for text in texts if "\ntitle: Article" in text}
        articles = {text["title"]: text["body"] for each in self._listed() for text in _texts(each)}
        pages = {title: page["body"]["storage"]["value"] for title, page in self.pages().items()}
        return _words(files), _words(articles), _words(pages)

    def lost(self) -> set[str]:
        """Return the words that somebody wrote, nobody deleted, and no file holds."""
        written = {f"w{number}x" for number in range(1, self.words + 1)}
        kept = {word for words in self.shown()[0].values() for word in words}
        return written - self.dead - kept

    def differences(self) -> list[str]:
        """Return the titles under which the three places show different words."""
        files, articles, pages = self.shown()
        default = {title: words for title, words in files.items() if not title.endswith(" fr")}
        return sorted(
            [f"intercom: {t}" for t in files.keys() | articles.keys() if files.get(t) != articles.get(t)]
            + [f"confluence: {t}" for t in default.keys() | pages.keys() if default.get(t) != pages.get(t)]
        )


def _texts(article: dict[str, Any]) -> list[dict[str, Any]]:
    translated = article.get("translated_content") or {}
    others = [text for locale, text in translated.items() if isinstance(text, dict) and locale != "en"]
    return [article, *others]


def _words(texts: dict[str, str]) -> Shown:
    return {title: sorted(WORD.findall(body)) for title, body in texts.items() if title.startswith("Article")}
