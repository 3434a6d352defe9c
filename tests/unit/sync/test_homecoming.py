"""Images come home, go out again, and go out anew when their bytes change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from kbsync.article import Article, Entry, Text
from kbsync.document import blocks as b
from kbsync.errors import ContentError, Missing, RemoteDown
from kbsync.replicas.confluence import ConfluenceReplica, ConfluenceSettings
from kbsync.replicas.files.replica import FilesReplica
from kbsync.replicas.intercom import IntercomReplica, IntercomSettings
from kbsync.sandbox.server import Sandbox
from kbsync.state.store import open_state
from kbsync.sync.assets import Homecoming, file_name
from kbsync.sync.engine import Engine
from kbsync.sync.names import Book
from kbsync.sync.outcome import Report

RED = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cf500f"
    "0003860180344a9f7b0000000049454e44ae426082"
)
BLUE = RED + b"another"
ADDRESS = "https://downloads.intercomcdn.com/i/o/7/card.png"


@dataclass
class Shelf:
    """An asset store in memory, and a remote whose images it may hold."""

    stored: dict[str, bytes] = field(default_factory=dict)
    remote: dict[str, bytes] = field(default_factory=dict)
    down: bool = False

    def read_asset(self, path: str) -> bytes:
        if path not in self.stored:
            raise ContentError("is not there", where=path)
        return self.stored[path]

    def write_asset(self, path: str, data: bytes) -> None:
        self.stored[path] = data

    def download(self, address: str) -> bytes:
        if self.down:
            raise RemoteDown("no answer", where=address)
        if address not in self.remote:
            raise Missing("not ours", where=address)
        return self.remote[address]


def _showing(*targets: b.Target) -> Entry:
    blocks = tuple(b.Image(target, "A card") for target in targets)
    return Article("refunds", {"en": Text("Refunds", b.Document(blocks))})


def _fetch(shelf: Shelf, book: Book, *addresses: str) -> Homecoming:
    home = Homecoming(shelf)
    remote: Any = shelf
    home.fetch(remote, book, _showing(*map(b.Url, addresses)))
    for path in home.found:
        home.write(path)
    return home


def test_an_image_comes_home_under_its_name() -> None:
    """The bytes are written below assets/, and the address means that path from now on."""
    shelf, book = Shelf(remote={ADDRESS: RED}), Book("en")
    _fetch(shelf, book, ADDRESS)
    assert shelf.stored == {"assets/card.png": RED}
    assert book.asset(f"{ADDRESS}?signature=1") == "assets/card.png"


def test_nothing_at_home_is_written_over() -> None:
    """Another file of the name stays: the one that comes gets a digest in its name; an equal one is shared."""
    shelf, book = Shelf({"assets/card.png": BLUE}, {ADDRESS: RED}), Book("en")
    _fetch(shelf, book, ADDRESS)
    assert shelf.stored.pop("assets/card.png") == BLUE
    ((path, data),) = shelf.stored.items()
    assert path.startswith("assets/card-")
    assert data == RED
    shared = Shelf({"assets/card.png": RED}, {ADDRESS: RED})
    _fetch(shared, Book("en"), ADDRESS)
    assert shared.stored == {"assets/card.png": RED}


def test_images_of_other_hosts_stay_where_they_are() -> None:
    """What the replica does not call its own keeps its address."""
    shelf, book = Shelf(), Book("en")
    _fetch(shelf, book, "https://example.test/logo.png")
    assert shelf.stored == {}
    assert book.asset("https://example.test/logo.png") is None


def test_an_outage_is_not_taken_for_a_foreign_image() -> None:
    """While the image host is down the entry has to wait, or its image would be lost."""
    with pytest.raises(RemoteDown):
        _fetch(Shelf(remote={ADDRESS: RED}, down=True), Book("en"), ADDRESS)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://host/a/b/My%20card.png?x=1", "My-card.png"),
        ("https://host/a/..%2F..%2Fetc%2Fpasswd", "etc-passwd"),
        ("https://host/", "image"),
        ("https://host/" + "x" * 300 + ".png", "x" * 76 + ".png"),
    ],
)
def test_a_remote_never_chooses_a_path(address: str, name: str) -> None:
    """File names are made of plain characters, hold no folder, and are short."""
    assert file_name(address) == name


def test_other_bytes_are_told_from_equal_and_from_absent_ones() -> None:
    """Only bytes that are there and differ are outdated; a file that arrives late is, too."""
    shelf = Shelf({"assets/card.png": RED})
    sent = Homecoming(shelf).digests(_showing(b.AssetRef("assets/card.png"), b.AssetRef("assets/late.png")))
    assert not Homecoming(shelf).outdated(sent)
    shelf.stored["assets/late.png"] = RED
    assert Homecoming(shelf).outdated(sent)
    del shelf.stored["assets/late.png"]
    shelf.stored["assets/card.png"] = BLUE
    assert Homecoming(shelf).outdated(sent)
    del shelf.stored["assets/card.png"]
    assert not Homecoming(shelf).outdated(sent)


# --- on the real replicas -------------------------------------------------------------------------


class Desk:
    """The three real replicas on a sandbox, a state, and people with a browser."""

    def __init__(self, box: Sandbox, root: Path) -> None:
        self.box, self.root = box, root
        self.content = root / "content"
        self.state = open_state("sqlite://")
        headers = {"Authorization": f"Bearer {box.teammate_token}", "Intercom-Version": "2.16"}
        self.intercom = httpx.Client(base_url=box.intercom_url, headers=headers)
        self.confluence = httpx.Client(
            base_url=box.confluence_url, auth=(box.confluence_user, box.confluence_token)
        )

    def close(self) -> None:
        self.intercom.close()
        self.confluence.close()
        self.state.close()

    def engine(self) -> Engine:
        box, files = self.box, FilesReplica(self.content, self.root / "retired", "en")
        intercom = IntercomSettings(box.intercom_url, box.workspace, public_base_url=box.public_url)
        confluence = ConfluenceSettings(box.confluence_url, box.space)
        replicas: Any = {
            "files": files,
            "intercom": IntercomReplica(intercom, box.intercom_token),
            "confluence": ConfluenceReplica(
                confluence,
                box.confluence_user,
                box.confluence_token,
                assets=lambda path: files.read_asset(path) if files.has_asset(path) else None,
            ),
        }
        return Engine(replicas, self.state, home=self.root / ".kbsync", workers=1)

    def sync(self) -> Report:
        engine = self.engine()
        report = engine.sync()
        for replica in engine.replicas.values():
            getattr(replica, "close", lambda: None)()
        assert report.failed == report.refused == (), report
        return report

    def article(self) -> dict[str, Any]:
        found: dict[str, Any] = self.intercom.get("/articles").json()["data"][0]
        return found

    def image(self) -> bytes:
        """The bytes that readers of Intercom see."""
        source = self.article()["body"].partition('src="')[2].partition('"')[0].replace("&amp;", "&")
        return httpx.get(source).raise_for_status().content

    def attached(self) -> list[bytes]:
        """The bytes of every file on the page of the article."""
        listed = self.confluence.get("/api/v2/pages", params={"title": "Refunds"}).json()["results"]
        found = self.confluence.get(f"/api/v2/pages/{listed[0]['id']}/attachments").json()["results"]
        return [
            self.confluence.get(each["downloadLink"], follow_redirects=True).raise_for_status().content
            for each in found
        ]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A help center with one article, synced; the content folder is public."""
    content = tmp_path / "content"
    content.mkdir()
    (content / "refunds.md").write_text("---\ntitle: Refunds\n---\nFive days.\n", "utf-8")
    with Sandbox(public=content) as box:
        made = Desk(box, tmp_path)
        made.sync()
        yield made
        made.close()


def _add_an_image_in_intercom(desk: Desk) -> None:
    (desk.content / "upload.png").write_bytes(RED)
    article = desk.article()
    image = f'<p>Five days.</p><img src="{desk.box.public_url}/upload.png" alt="A card">'
    desk.intercom.put(f"/articles/{article['id']}", json={"body": image}).raise_for_status()
    (desk.content / "upload.png").unlink()


def test_an_image_that_a_teammate_adds_arrives_everywhere(desk: Desk) -> None:
    """It lies in content/assets, the file names it by a relative path, and Confluence has it attached."""
    _add_an_image_in_intercom(desk)
    desk.sync()
    (asset,) = (desk.content / "assets").iterdir()
    assert asset.read_bytes() == RED
    assert f"![A card](assets/{asset.name})" in (desk.content / "refunds.md").read_text("utf-8")
    assert desk.attached() == [RED]
    assert desk.sync().applied == ()


def test_changed_bytes_under_one_path_are_sent_again(desk: Desk) -> None:
    """Whoever draws an image anew sees it in both systems, listed in the plan, and then there is silence."""
    _add_an_image_in_intercom(desk)
    desk.sync()
    (asset,) = (desk.content / "assets").iterdir()
    asset.write_bytes(BLUE)
    assert {(step.article, step.replica) for step in desk.engine().plan().steps} == {
        ("refunds", "intercom"),
        ("refunds", "confluence"),
    }
    desk.sync()
    assert desk.image() == BLUE
    assert desk.attached() == [BLUE]
    assert asset.read_bytes() == BLUE
    assert len(list((desk.content / "assets").iterdir())) == 1
    assert desk.sync().applied == ()
