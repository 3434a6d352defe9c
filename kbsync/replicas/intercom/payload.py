"""The bodies of writes: only what differs, and always the byline.

A write without `author_id` gives the article to the token's own teammate, and one that repeats the body
makes Intercom regenerate heading ids, so unchanged fields are left out.
"""

from __future__ import annotations

from kbsync.replicas.intercom.client import Json
from kbsync.replicas.intercom.form import ArticleForm, CollectionForm, Content

_TEXT = ("title", "description", "body")


def creation(form: ArticleForm, author: int | None) -> Json:
    """Return the body of `POST /articles`: a draft in every locale, whatever it is to become."""
    root = form.texts[form.default]
    body: Json = {"title": root.title, "description": root.description, "body": root.body, "state": "draft"}
    body |= _byline(root, author)
    others = {k: _whole(v, author, "draft") for k, v in form.texts.items() if k != form.default}
    if others:
        body["translated_content"] = others
    if form.parents:
        body |= {"parent_id": int(form.parents[0]), "parent_type": "collection"}
    return body


def publication(form: ArticleForm, author: int | None) -> Json:
    """Return the body that gives every locale its state after creation, {} when all stay drafts."""
    root = form.texts[form.default]
    published = {k: v for k, v in form.texts.items() if v.state == "published"}
    if not published:
        return {}
    body = {"state": root.state} | _byline(root, author)
    others = {k: _whole(v, author) for k, v in published.items() if k != form.default}
    return body | ({"translated_content": others} if others else {})


def change(now: ArticleForm, target: ArticleForm, author: int | None) -> Json:
    """Return the body of `PUT /articles/{id}` that brings live content to the target, {} when it is there."""
    root, old = target.texts.get(now.default), now.texts[now.default]
    body: Json = {}
    if root is not None:
        body = {k: getattr(root, k) for k in (*_TEXT, "state") if getattr(root, k) != getattr(old, k)}
        if root.author is not None and root.author != old.author:
            body["author_id"] = root.author
    others = {
        locale: _whole(content, author)
        for locale, content in target.texts.items()
        if locale != now.default and content != now.texts.get(locale)
    }
    others |= {locale: _whole(Content(), author) for locale in now.texts if locale not in target.texts}
    if others:
        body["translated_content"] = others
    if target.parents != now.parents:
        body |= {"parent_id": target.parents[0] if target.parents else None, "parent_type": "collection"}
    return body | _byline(root or old, author) if body else {}


def staging(now: ArticleForm, target: ArticleForm, author: int | None) -> Json:
    """Return the body of `PUT /articles/{id}/draft`, {} when nothing new is to be staged."""
    changed = {k: v for k, v in target.staged.items() if v.text != now.shown(k).text}
    body: Json = {}
    if now.default in changed:
        root = changed[now.default]
        body = {name: getattr(root, name) for name in _TEXT}
    others = {k: _whole(v, author) for k, v in changed.items() if k != now.default}
    if others:
        body["translated_content"] = others
    return body | _byline(now.texts[now.default], author) if body else {}


def unpublication(now: ArticleForm, author: int | None) -> Json:
    """Return the body that takes every published locale out of readers' sight, {} when none is."""
    published = [locale for locale, content in now.texts.items() if content.state == "published"]
    if not published:
        return {}
    root = now.texts[now.default]
    others = {k: _whole(now.texts[k], author, "draft") for k in published if k != now.default}
    body: Json = {"state": "draft"} | _byline(root, author)
    return body | ({"translated_content": others} if others else {})


def naming(now: CollectionForm | None, target: CollectionForm) -> Json:
    """Return the body of a collection's creation (`now` None) or update, {} when nothing differs."""
    root = target.texts.get(now.default if now else target.default)
    old = now.texts.get(now.default) if now else None
    body: Json = {}
    if root is not None:
        body = {
            k: getattr(root, k) for k in ("name", "description") if getattr(root, k) != getattr(old, k, None)
        }
    default = now.default if now else target.default
    others = {
        locale: {"type": "group_content", "name": name.name, "description": name.description}
        for locale, name in target.texts.items()
        if locale != default and (now is None or name != now.texts.get(locale))
    }
    if others:
        body["translated_content"] = others
    if target.parent != (now.parent if now else ""):
        body["parent_id"] = target.parent or None
    return body


def _whole(content: Content, author: int | None, state: str = "") -> Json:
    body: Json = {"type": "article_content", "title": content.title, "description": content.description}
    body |= {"body": content.body, "state": state or content.state}
    return body | _byline(content, author)


def _byline(content: Content, author: int | None) -> Json:
    byline = content.author if content.author is not None else author
    return {} if byline is None else {"author_id": byline}
