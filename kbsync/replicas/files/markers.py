"""Merges that git left for a person: a file in two versions is no article yet."""

from __future__ import annotations

from kbsync.errors import ContentError

_FENCES = ("```", "~~~")


def refuse_unsettled(text: str, where: str) -> None:
    """Raise ContentError where git's conflict markers stand, naming the line; inside a code block they may.

    What one of both versions says must not reach readers beside the other
    (https://git-scm.com/docs/git-merge#_how_conflicts_are_presented).
    """
    if "<<<<<<< " not in text:
        return
    begun, parted, fence = 0, False, ""
    for number, line in enumerate(text.splitlines(), 1):
        mark = line.lstrip()[:3]
        if mark in _FENCES and (not fence or mark == fence):
            fence = "" if fence else mark
        elif fence:
            continue
        elif line.startswith("<<<<<<< "):
            begun, parted = number, False
        elif begun and line == "=======":
            parted = True
        elif parted and line.startswith(">>>>>>> "):
            raise ContentError(
                "holds both versions of a merge that git left unsettled",
                where=f"{where}:{begun}",
                hint="keep one version, remove the lines of <, = and >, then git add the file",
            )
