"""The routes of the emulated Intercom."""

from __future__ import annotations

from typing import Final

from starlette.routing import BaseRoute, Route

from kbsync.sandbox.intercom import (
    articles,
    collections,
    contacts,
    content,
    conversations,
    drafts,
    help_centers,
    images,
    internal_articles,
    people,
    tags,
)
from kbsync.sandbox.intercom.calls import METHODS, NEWEST, route, unknown
from kbsync.sandbox.store import Store

_CENTER: Final = "/help_center/help_centers/{help_center_id}"


def routes(store: Store, deployment: str) -> list[BaseRoute]:  # noqa: ARG001  both services take the same
    """Return the routes under `/intercom`."""
    for kind in ("version", "other99:version"):
        store.index(kind, "article", lambda version: [version["article_id"]])
    return [
        Route("/i/o/{path:path}", images.serve, methods=["GET"]),
        *_articles(),
        *_help_center(),
        *_people(),
        *_conversations(),
        Route("/{path:path}", unknown, methods=METHODS),
    ]


def _articles() -> list[Route]:
    one, internal = "/articles/{article_id:int}", "/internal_articles/{id:int}"
    return [
        route("/articles", GET=articles.list_articles, POST=articles.create_article, waits=("POST",)),
        route("/articles/search", GET=articles.search_articles),
        route(
            one,
            GET=articles.get_article,
            PUT=articles.update_article,
            DELETE=articles.delete_article,
            waits=("PUT",),
        ),
        route(f"{one}/draft", GET=drafts.get_draft, PUT=drafts.stage_draft, since=NEWEST, waits=("PUT",)),
        route(f"{one}/draft/publish", POST=drafts.publish_draft, since=NEWEST),
        route(f"{one}/versions", GET=drafts.list_versions, since=NEWEST),
        route(f"{one}/versions/{{id}}", GET=drafts.get_version, since=NEWEST),
        route(f"{one}/tags", POST=tags.attach, since=NEWEST),
        route(f"{one}/tags/{{id}}", DELETE=tags.detach, since=NEWEST),
        route("/content/search", GET=content.search_content, since=NEWEST),
        route("/content/bulk_actions", POST=content.bulk_actions, since=NEWEST),
        route(
            "/internal_articles",
            GET=internal_articles.list_internal,
            POST=internal_articles.create_internal,
            waits=("POST",),
        ),
        route(
            internal,
            GET=internal_articles.get_internal,
            PUT=internal_articles.update_internal,
            DELETE=internal_articles.delete_internal,
            waits=("PUT",),
        ),
    ]


def _help_center() -> list[Route]:
    return [
        route(
            "/help_center/collections",
            GET=collections.list_collections,
            POST=collections.create_collection,
        ),
        route(
            "/help_center/collections/{id}",
            GET=collections.get_collection,
            PUT=collections.update_collection,
            DELETE=collections.delete_collection,
        ),
        route("/help_center/help_centers", GET=help_centers.list_help_centers),
        route(_CENTER, GET=help_centers.get_help_center),
        route(
            f"{_CENTER}/redirects",
            GET=help_centers.list_redirects,
            POST=help_centers.create_redirect,
            since=NEWEST,
        ),
        route(
            f"{_CENTER}/redirects/{{id}}",
            GET=help_centers.get_redirect,
            DELETE=help_centers.delete_redirect,
            since=NEWEST,
        ),
    ]


def _people() -> list[Route]:
    return [
        route("/me", GET=people.me),
        route("/admins", GET=people.list_admins),
        route("/admins/{id}", GET=people.get_admin),
        route("/tags", GET=tags.list_tags, POST=tags.create_tag),
        route("/tags/{id}", GET=tags.get_tag, DELETE=tags.delete_tag),
        route("/contacts", GET=contacts.list_contacts),
        route("/contacts/search", POST=contacts.search_contacts),
        route("/contacts/{id}", GET=contacts.get_contact),
        route("/contacts/{id}/companies", GET=contacts.contact_companies),
        route("/companies/{id}", GET=contacts.get_company),
    ]


def _conversations() -> list[Route]:
    one = "/conversations/{id}"
    return [
        route("/conversations", GET=conversations.list_conversations),
        route("/conversations/search", POST=conversations.search_conversations),
        route("/conversations/deleted", GET=conversations.list_deleted),
        route(one, GET=conversations.get_conversation, DELETE=conversations.delete_conversation),
        route(f"{one}/reply", POST=conversations.reply),
        route(f"{one}/parts", POST=conversations.manage),
    ]
