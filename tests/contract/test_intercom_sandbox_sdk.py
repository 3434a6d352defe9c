"""A client that we did not write works against the emulated Intercom: the official python-intercom."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from kbsync.conversations.model import Conversation, Message
from kbsync.sandbox.intercom import conversations
from kbsync.sandbox.server import Sandbox

intercom = pytest.importorskip("intercom", reason="python-intercom is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")

START = 1_780_000_000


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        messages = (
            Message("customer", "Where is my refund?", START),
            Message("teammate", "On its way.", START + 9),
        )
        closed = [
            Conversation(
                id=str(n), created_at=START + n, closed_at=START + n + 99, messages=messages, rating=5
            )
            for n in range(60)
        ]
        conversations.load(running.store, closed)
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> Any:
    return intercom.Intercom(token=sandbox.intercom_token, base_url=sandbox.intercom_url)


def test_knows_its_workspace(client: Any, sandbox: Sandbox) -> None:
    """The SDK identifies the admin and the workspace."""
    assert client.admins.identify().app.id_code == sandbox.workspace


def test_writes_and_walks_articles(client: Any) -> None:
    """Articles made, changed, found, listed over several pages and deleted."""
    body = "<p>a</p>\n<p>b</p>"
    wishes = [
        intercom.CreateArticleRequest(title=f"Refund {n}", author_id=991267, body=body, state="published")
        for n in range(12)
    ]
    made = [client.articles.create(request=wish) for wish in wishes]
    changed = client.articles.update(article_id=int(made[0].id), title="Refund timing", author_id=991267)
    assert (changed.title, changed.state) == ("Refund timing", "published")
    assert changed.body == '<p class="no-margin">a</p><p class="no-margin"></p><p class="no-margin">b</p>'
    assert client.articles.find(article_id=int(made[1].id)).title == "Refund 1"
    listed = [article.id for article in client.articles.list(page=1, per_page=5)]
    assert {article.id for article in made} == set(listed)
    assert (
        client.articles.search(phrase="timing", state="published").data.articles[0].title == "Refund timing"
    )
    assert client.articles.delete(article_id=int(made[2].id)).deleted is True


def test_keeps_collections_and_tags(client: Any) -> None:
    """Collections and tags made and read."""
    parent = client.help_centers.collections.create(name="Billing")
    child = client.help_centers.collections.create(name="Cards", parent_id=parent.id)
    assert client.help_centers.collections.find(collection_id=int(child.id)).parent_id == parent.id
    tag = client.tags.create(request=intercom.CreateOrUpdateTagRequest(name="billing"))
    assert [found.id for found in client.tags.list().data] == [tag.id]


def test_searches_conversations(client: Any) -> None:
    """A search over several pages, and one conversation with its parts."""
    query = intercom.SingleFilterSearchRequest(field="state", operator="=", value="closed")
    found: list[str] = []
    after: str | None = None
    while after or not found:  # by hand: the SDK's own pager asks for the first page again and again
        paging = intercom.StartingAfterPaging(per_page=25, starting_after=after)
        page = client.conversations.search(query=query, pagination=paging)
        found += [conversation.id for conversation in page.items]
        after = page.response.pages.next.starting_after if page.response.pages.next else None
    assert (len(found), len(set(found))) == (60, 60)
    whole = client.conversations.find(conversation_id=found[0])
    assert whole.conversation_parts.conversation_parts[0].body == '<p class="no-margin">On its way.</p>'
    assert whole.conversation_rating.rating == 5


def test_errors_are_understood(client: Any, sandbox: Sandbox) -> None:
    """A missing article and a wrong token become the SDK's own errors."""
    with pytest.raises(intercom.NotFoundError):
        client.articles.find(article_id=404)
    with pytest.raises(intercom.UnauthorizedError):
        intercom.Intercom(token="wrong", base_url=sandbox.intercom_url).articles.find(article_id=1)
