"""Is this our article? Compares what survives Intercom's rewriting: the title and the words."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from kbsync.replicas.intercom.form import ArticleForm

_TAG: Final = re.compile(r"<[^>]*>")
_KEPT: Final = 0.5
_RENAMED: Final = 0.8


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
    """Return how near two forms are in the default locale, 0 where a person could not have made one of the other.

    Under another title, or in another collection, the words have to tell.
    """
    if one.default not in one.texts or other.default not in other.texts:
        return 0.0
    first, second = one.shown(one.default), other.shown(other.default)
    share = _share(words(first.body), words(second.body))
    if first.title.split() == second.title.split():
        return 1 + share if share >= _KEPT or one.parents == other.parents else 0.0
    return share if share >= _RENAMED else 0.0


def _share(first: Sequence[str], second: Sequence[str]) -> float:
    """Return the share of words in common (Dice), 0 where there are none."""
    common = (Counter(first) & Counter(second)).total()
    return 2 * common / ((len(first) + len(second)) or 1)


def took(now: ArticleForm, target: ArticleForm) -> bool:
    """Tell whether a form shows what a write was to bring, in every locale."""
    return all(
        locale in now.texts
        and now.shown(locale).title.split() == target.shown(locale).title.split()
        and words(now.shown(locale).body) == words(target.shown(locale).body)
        and now.texts[locale].state == target.texts[locale].state
        for locale in target.texts
    )
