"""What hangs on pages in the emulated Confluence: properties, labels, files, comments."""

from __future__ import annotations

import pytest
from confluence_wiki import Wiki
from hypothesis import given
from hypothesis import strategies as st

from kbsync.sandbox.confluence import people
from kbsync.sandbox.confluence.markers import mark, markers, unmark
from kbsync.sandbox.confluence.saving import save
from kbsync.sandbox.store import Store

NO_CHECK = {"X-Atlassian-Token": "nocheck"}


class TestProperties:
    def test_optimistic_versions(self, wiki: Wiki) -> None:
        """A property takes the next version only; a key that is there is a conflict."""
        path = f"/api/v2/pages/{wiki.new_page('A')['id']}/properties"
        made = wiki.call("POST", path, json={"key": "kbsync", "value": {"id": "a"}})
        wiki.call("POST", path, 409, json={"key": "kbsync", "value": 1})
        one = f"{path}/{made['id']}"
        wiki.call("PUT", one, json={"key": "kbsync", "value": 2, "version": {"number": 2}})
        wiki.call("PUT", one, 409, json={"key": "kbsync", "value": 3, "version": {"number": 2}})

        shown = wiki.get(path, key="kbsync")["results"]

        assert [(doc["value"], doc["version"]["number"]) for doc in shown] == [(2, 2)]
        assert wiki.get(path, key="KBSYNC")["results"] == []

    def test_values_are_bounded(self, wiki: Wiki) -> None:
        """A value of 32,768 characters is taken, a longer one refused."""
        path = f"/api/v2/pages/{wiki.new_page('A')['id']}/properties"

        wiki.call("POST", path, json={"key": "a", "value": "x" * 32_766})
        wiki.call("POST", path, 400, json={"key": "b", "value": "x" * 32_767})

    def test_are_addressed_by_number(self, wiki: Wiki) -> None:
        """A key in the place of the numeric id is a 400, another page's property a 404."""
        page, other = wiki.new_page("A"), wiki.new_page("B")
        made = wiki.call("POST", f"/api/v2/pages/{page['id']}/properties", json={"key": "k", "value": 1})

        wiki.get(f"/api/v2/pages/{page['id']}/properties/k", 400)
        wiki.get(f"/api/v2/pages/{other['id']}/properties/{made['id']}", 404)

    def test_writing_one_clears_the_content_state(self, wiki: Wiki) -> None:
        """The state that a person gave a page goes when a tool writes a property."""
        page = wiki.new_page("A")
        path = f"/rest/api/content/{page['id']}/state"
        wiki.call("PUT", f"{path}?status=current", json={"id": 2})
        assert wiki.get(path)["contentState"]["name"] == "Ready for review"

        wiki.call("POST", f"/api/v2/pages/{page['id']}/properties", json={"key": "k", "value": 1})

        assert wiki.get(path) == {}


class TestLabels:
    def test_are_added_and_removed(self, wiki: Wiki) -> None:
        """Labels are kept in lower case, added to those there, and removed by name, slashes included."""
        page = wiki.new_page("A")["id"]
        path = f"/rest/api/content/{page}/label"
        wiki.call(
            "POST", path, json=[{"prefix": "global", "name": "Draft"}, {"prefix": "global", "name": "a/b"}]
        )
        wiki.call("POST", path, json={"prefix": "global", "name": "draft"})
        wiki.call("DELETE", path, 204, params={"name": "a/b"})

        shown = wiki.get(f"/api/v2/pages/{page}/labels")["results"]
        assert [label["name"] for label in shown] == ["draft"]

    @pytest.mark.parametrize("name", ["", "two words", "a,b", "x" * 256])
    def test_names_are_checked(self, wiki: Wiki, name: str) -> None:
        """A name with a space or a comma, an empty one and a long one are refused."""
        path = f"/rest/api/content/{wiki.new_page('A')['id']}/label"

        wiki.call("POST", path, 400, json=[{"prefix": "global", "name": name}])

    def test_scoped_tokens_may_not_write_them(self, wiki: Wiki) -> None:
        """With a token that does not reach v1, label writes are a 401 while reads go on."""
        page = wiki.new_page("A")
        wiki.settings(v1_writes=False)

        wiki.call(
            "POST", f"/rest/api/content/{page['id']}/label", 401, json={"prefix": "global", "name": "a"}
        )
        wiki.get(f"/api/v2/pages/{page['id']}/labels")


class TestAttachments:
    def upload(
        self, wiki: Wiki, page: str, name: str, data: bytes, expect: int = 200, method: str = "PUT"
    ) -> dict:
        form = {"file": (name, data, "image/png"), "comment": (None, "née"), "minorEdit": (None, "true")}
        path = f"/rest/api/content/{page}/child/attachment"
        return wiki.call(method, path, expect, files=form, headers=NO_CHECK)

    @pytest.mark.parametrize("name", ["a.png", "é ü.png", "a'b.png", "100%.png"])
    def test_bytes_come_back(self, wiki: Wiki, name: str) -> None:
        """What was uploaded is downloaded again after a redirect, whatever its name and its bytes."""
        page, data = wiki.new_page("A")["id"], b"\r\n\x00--boundary\r\n\r\n\xff"
        made = self.upload(wiki, page, name, data)["results"][0]
        path = f"/rest/api/content/{page}/child/attachment/{made['id']}/download"

        answer = wiki.http.get(f"http://testserver/wiki{path}", follow_redirects=False)

        assert answer.status_code == 302
        assert wiki.http.get(answer.headers["Location"]).content == data
        shown = wiki.get(f"/api/v2/pages/{page}/attachments", filename=name)["results"][0]
        assert (shown["title"], shown["fileSize"], shown["comment"]) == (name, len(data), "née")
        download = wiki.http.get(f"http://testserver/wiki{shown['downloadLink']}", follow_redirects=True)
        assert download.content == data

    def test_put_makes_versions_post_refuses(self, wiki: Wiki) -> None:
        """A file of a known name becomes a new version by PUT and is refused by POST."""
        page = wiki.new_page("A")["id"]
        self.upload(wiki, page, "a.png", b"1")
        made = self.upload(wiki, page, "a.png", b"2")["results"][0]
        self.upload(wiki, page, "a.png", b"3", 400, "POST")

        assert made["version"]["number"] == 2
        versions = wiki.get(f"/api/v2/attachments/{made['id']}/versions")["results"]
        assert [doc["number"] for doc in versions] == [2, 1]
        old = f"/rest/api/content/{page}/child/attachment/{made['id']}/download?version=1"
        answer = wiki.http.get(f"http://testserver/wiki{old}", follow_redirects=True)
        assert answer.content == b"1"

    def test_forged_uploads_are_refused(self, wiki: Wiki) -> None:
        """An upload without the header against forgery is a 403."""
        path = f"/rest/api/content/{wiki.new_page('A')['id']}/child/attachment"

        wiki.call("PUT", path, 403, files={"file": ("a.png", b"1", "image/png")})
        wiki.call("PUT", path, 415, content=b"x", headers=NO_CHECK)

    def test_trash(self, wiki: Wiki) -> None:
        """A trashed attachment is in no list, and its name is free again."""
        page = wiki.new_page("A")["id"]
        made = self.upload(wiki, page, "a.png", b"1")["results"][0]
        wiki.call("DELETE", f"/api/v2/attachments/{made['id']}", 204)

        assert wiki.get(f"/api/v2/pages/{page}/attachments")["results"] == []
        wiki.call("DELETE", f"/api/v2/attachments/{made['id']}", 404)
        self.upload(wiki, page, "a.png", b"2", 200, "POST")

    def test_hide_no_path(self, wiki: Wiki) -> None:
        """A file name cannot lead out of its page."""
        page = wiki.new_page("A")["id"]

        assert self.upload(wiki, page, "../../etc/passwd", b"1")["results"][0]["title"] == "passwd"


class TestComments:
    def comment(self, wiki: Wiki, page: str, words: str, expect: int = 201, index: int = 0) -> dict:
        place = {"textSelection": words, "textSelectionMatchCount": 2, "textSelectionMatchIndex": index}
        body = {"representation": "storage", "value": "<p>Really?</p>"}
        wish = {"pageId": page, "body": body, "inlineCommentProperties": place}
        return wiki.call("POST", "/api/v2/inline-comments", expect, json=wish)

    def test_marker_without_version(self, wiki: Wiki) -> None:
        """A comment through the API marks its words in the body and makes no version."""
        page = wiki.new_page("A", "<p>one two one</p>")
        made = self.comment(wiki, page["id"], "one", index=1)

        reference = made["properties"]["inlineMarkerRef"]
        marker = f'<ac:inline-comment-marker ac:ref="{reference}">one</ac:inline-comment-marker>'
        assert wiki.body(page["id"]) == f"<p>one two {marker}</p>"
        assert wiki.get(f"/api/v2/pages/{page['id']}")["version"]["number"] == 1
        self.comment(wiki, page["id"], "three", 400)

    def test_dangles_and_comes_back(self, wiki: Wiki) -> None:
        """Without its marker a comment dangles; the same marker anchors it again."""
        page = wiki.new_page("A", "<p>one two</p>")
        self.comment(wiki, page["id"], "two")
        marked, path = wiki.body(page["id"]), f"/api/v2/pages/{page['id']}/inline-comments"
        page = wiki.put_page(page, "<p>one two</p>")
        assert wiki.get(path)["results"][0]["resolutionStatus"] == "dangling"

        wiki.put_page(page, marked)

        assert wiki.get(path)["results"][0]["resolutionStatus"] == "open"

    def test_people_make_versions(self, wiki: Wiki, store: Store) -> None:
        """A comment made in the browser makes a version too."""
        page = wiki.new_page("A", "<p>one two</p>")

        people.comment_on(store, page["id"], "two", "Really?")

        assert "ac:inline-comment-marker" in wiki.body(page["id"])
        assert wiki.get(f"/api/v2/pages/{page['id']}")["version"]["number"] == 2

    def test_deleting_one_takes_its_marker(self, wiki: Wiki) -> None:
        """With an inline comment its marker goes, and the words stay."""
        page = wiki.new_page("A", "<p>one <em>two</em></p>")
        made = self.comment(wiki, page["id"], "two")
        wiki.call("DELETE", f"/api/v2/inline-comments/{made['id']}", 204)

        assert wiki.body(page["id"]) == "<p>one <em>two</em></p>"

    def test_control_route(self, wiki: Wiki) -> None:
        """Other processes can comment, edit, write and hide as people do."""
        page = wiki.call(
            "POST", "/_sandbox/write", json={"space": "HELP", "title": "W", "body": "<p>w x</p>"}
        )
        wiki.call("POST", "/_sandbox/comment", json={"page": page["id"], "words": "x", "text": "?"})
        wiki.call("POST", "/_sandbox/edit", json={"page": page["id"], "title": "W2"})
        assert wiki.get(f"/api/v2/pages/{page['id']}")["title"] == "W2"

        wiki.call("POST", "/_sandbox/hide", json={"page": page["id"]})

        wiki.get(f"/api/v2/pages/{page['id']}", 404)


_words = st.lists(st.sampled_from(["one", "two", "one two"]), min_size=1, max_size=4).map(" ".join)


@given(st.lists(_words, min_size=1, max_size=3), st.integers(0, 3))
def test_marking_and_unmarking_is_nothing(paragraphs: list[str], index: int) -> None:
    """A marker changes no words, and taking it out again gives the body back byte for byte."""
    body = save("".join(f"<p>{text} <strong>{text}</strong></p>" for text in paragraphs))
    place = (
        index % sum(2 * text.count("one") for text in paragraphs) if "one" in " ".join(paragraphs) else None
    )
    if place is None:
        return
    marked = mark(body, "one", place, "ref")

    assert markers(marked) == {"ref": "one"}
    assert unmark(marked, "ref") == body
