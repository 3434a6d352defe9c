"""Clients that we did not write work against the emulated Confluence: md2conf, atlassian-python-api."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest
from atlassian import ConfluenceServer, ConfluenceV2
from atlassian.errors import ApiError

from kbsync.sandbox.server import Sandbox

PAGES = {
    "index.md": "# Start here\n\nSee [usage](sub/usage.md), it's **new**.\n\n- [ ] todo\n\n```python\na = 'b'\n```\n",
    "sub/index.md": "# Section\n\nWords.\n",
    "sub/usage.md": "---\ntags: [alpha]\n---\n# Usage\n\n> [!NOTE]\n> Mind.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n![pic](pic.png)\n",
}
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c4944415478da6360606000000004000127340a4a0000000049454e44ae426082"
)


def _md2conf() -> list[str]:
    """Return the command, from KBSYNC_MD2CONF or this interpreter; skips where there is none."""
    command = os.environ.get("KBSYNC_MD2CONF")
    if command:
        return shlex.split(command)
    if find_spec("md2conf") is None:
        pytest.skip("md2conf is not installed; set KBSYNC_MD2CONF to its command")
    return [sys.executable, "-m", "md2conf"]


def _publish(sandbox: Sandbox, folder: Path) -> None:
    environment = {
        **os.environ,
        "CONFLUENCE_API_URL": f"{sandbox.confluence_url}/",
        "CONFLUENCE_DOMAIN": f"127.0.0.1:{sandbox.port}",
        "CONFLUENCE_PATH": "/wiki/",
        "CONFLUENCE_USER_NAME": sandbox.confluence_user,
        "CONFLUENCE_API_KEY": sandbox.confluence_token,
        "CONFLUENCE_SPACE_KEY": sandbox.space,
    }
    command = [*_md2conf(), str(folder), "--keep-hierarchy"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


def test_md2conf_publishes_twice(tmp_path: Path) -> None:
    """The first run makes pages, labels and attachments; the second finds them as it left them."""
    for name, text in PAGES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "sub/pic.png").write_bytes(PNG)
    with Sandbox() as sandbox:
        _publish(sandbox, tmp_path)
        with httpx.Client(auth=(sandbox.confluence_user, sandbox.confluence_token)) as http:
            first = http.get(f"{sandbox.confluence_url}/api/v2/pages").json()["results"]
            http.delete(f"{sandbox.url}/_sandbox/requests")
            _publish(sandbox, tmp_path)
            second = http.get(f"{sandbox.confluence_url}/api/v2/pages").json()["results"]
            counts = http.get(f"{sandbox.url}/_sandbox/requests").json()

    assert {page["title"] for page in first} >= {"Start here", "Section", "Usage"}
    assert second == first
    assert set(counts["requests"]["confluence"]) == {"GET"}
    assert set(counts["statuses"]) == {"200"}


def test_library_speaks_data_center(tmp_path: Path) -> None:
    """The v1 methods of atlassian-python-api create, read, update, label, attach and remove a page."""
    (tmp_path / "a.txt").write_text("hi", encoding="utf-8")
    with Sandbox(deployment="datacenter") as sandbox:
        wiki = ConfluenceServer(url=sandbox.confluence_url, token=sandbox.confluence_token)
        page = wiki.create_page("HELP", "Hello", "<p>x</p>")
        wiki.update_page(page["id"], "Hello", "<p>y</p>")
        wiki.set_page_label(page["id"], "draft")
        wiki.set_page_property(page["id"], {"key": "kbsync", "value": {"id": 1}})
        wiki.attach_file(str(tmp_path / "a.txt"), page_id=page["id"])
        shown = wiki.get_page_by_id(page["id"], expand="body.storage,version,metadata.labels")
        files = wiki.get_attachments_from_content(page["id"])["results"]
        found = wiki.cql('space = HELP and title = "hello"')["totalSize"]
        wiki.remove_page(page["id"])
        with pytest.raises(ApiError):
            wiki.get_page_by_id(page["id"])

    assert shown["body"]["storage"]["value"] == "<p>y</p>"
    assert shown["version"]["number"] > 1
    assert [label["name"] for label in shown["metadata"]["labels"]["results"]] == ["draft"]
    assert [file["title"] for file in files] == ["a.txt"]
    assert found == 1


@pytest.mark.filterwarnings("ignore:V1 methods are deprecated:DeprecationWarning")
def test_library_follows_the_cursors_of_v2() -> None:
    """The v2 client of atlassian-python-api walks through a list by its relative links."""
    with Sandbox() as sandbox:
        user, token = sandbox.confluence_user, sandbox.confluence_token
        wiki = ConfluenceV2(url=sandbox.confluence_url, username=user, password=token)
        space = wiki.get("api/v2/spaces", params={"keys": "HELP"})["results"][0]
        for number in range(5):
            body = {"representation": "storage", "value": "<p/>"}
            wish = {"spaceId": space["id"], "status": "current", "title": f"P{number}", "body": body}
            wiki.post("api/v2/pages", data=wish)
        pages = wiki._get_paged(f"api/v2/spaces/{space['id']}/pages", params={"limit": 2})
        titles = [page["title"] for page in pages]

    assert titles == ["Help Center", "P0", "P1", "P2", "P3", "P4"]
