"""Is this our article? Compares what survives Intercom's rewriting: the title and the words."""

from __future__ import annotations

import html
import re
from typing import Final

from kbsync.replicas import likeness
from kbsync.replicas.intercom.form import ArticleForm
from kbsync.replicas.likeness import Look

_TAG: Final = re.compile(r"<[^>]*>")


def words(body: str) -> list[str]:
    """Return the words of an HTML body, without markup."""
    return html.unescape(_TAG.sub(" ", body)).split()


def alike(one: ArticleForm, other: ArticleForm) -> bool:
    """Tell whether two forms say the same in the default locale."""
    if one.default not in one.texts or other.default not in other.texts:
        return False
    first, second = one.shown(one.default), other.shown(other.default)
    return first.title.split() == second.title.split() and words(first.body) == words(second.body)


def nearness(one: ArticleForm, other: ArticleForm) -> float:
    """Return how near two forms are in the default locale, 0 where a person could not have made one of the other."""
    if one.default not in one.texts or other.default not in other.texts:
        return 0.0
    return likeness.nearness(_look(one), _look(other))


def _look(form: ArticleForm) -> Look:
    content = form.shown(form.default)
    return Look(content.title, words(content.body), form.parents)


def took(now: ArticleForm, target: ArticleForm) -> bool:
    """Tell whether a form shows what a write was to bring, in every locale."""
    return all(
        locale in now.texts
        and now.shown(locale).title.split() == target.shown(locale).title.split()
        and words(now.shown(locale).body) == words(target.shown(locale).body)
        and now.texts[locale].state == target.texts[locale].state
        for locale in target.texts
    )
