"""Comments that people add while nothing else moves: the marker comes without a new version."""

from __future__ import annotations

import re
from typing import Final

from kbsync.document.formats import Loss
from kbsync.document.lens_confluence import missing, placed
from kbsync.replicas.confluence.words import words

_TAG: Final = re.compile(r"</?ac:inline-comment-marker\b[^>]*>")


def only_comments(old: str, now: str) -> bool:
    """Tell whether two bodies differ in nothing but comment markers."""
    return _TAG.sub("", old) == _TAG.sub("", now)


def carried(old: str, now: str, target: str) -> tuple[str, list[Loss]]:
    """Return the target with the markers that `now` has and `old` had not, where their text stands."""
    losses = []
    fresh = {comment.ref for comment in missing(now, old)}
    for comment in missing(now, target):
        if comment.ref not in fresh:
            continue
        body = placed(target, comment, len(words(now[: comment.at])))
        if body is None:
            losses.append(Loss("comment-anchor", f"a comment on “{comment.text}” lost its place"))
        else:
            target = body
    return target, losses
