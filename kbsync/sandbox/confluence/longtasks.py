"""Work that Confluence does after it has answered: archiving, trashing a whole tree."""

from __future__ import annotations

import time
from typing import Final

from kbsync.sandbox.confluence import pages, tree
from kbsync.sandbox.confluence.failure import Json, invalid, missing
from kbsync.sandbox.confluence.site import CONTENT, TASK, Site
from kbsync.sandbox.store import Doc

MAX_ARCHIVED: Final = 300
"""Pages one archive request may name (developer.atlassian.com/cloud/confluence/rest/v1, Archive pages)."""
_SECONDS: Final = 0.3
_POLLS: Final = 2


def start(site: Site, kind: str, ids: list[str]) -> Doc:
    """Accept a task; it is done at the second look at it, or after a moment.

    Raises:
        Refusal: 400 while another archive task runs.
    """
    if kind == "archive" and any(task["kind"] == kind for task in running(site)):
        raise invalid("An archive job is already running for this tenant. Try again when it has finished")
    id = site.next_id()
    task = {"id": id, "kind": kind, "ids": ids, "state": "running", "polls": 0, "startedAt": time.time()}
    return site.store.put(TASK, id, task)


def running(site: Site) -> list[Doc]:
    """Return what is not done yet."""
    return site.store.find(TASK, "state", "running")


def settle(site: Site) -> None:
    """Finish what has had its time."""
    for task in running(site):
        if time.time() - task["startedAt"] >= float(site.setting("task_seconds", _SECONDS)):
            _finish(site, task)


def status(site: Site, id: str) -> Json:
    """Look at a task and return its state; raises 404."""
    task = site.store.get(TASK, id)
    if task is None:
        raise missing()
    if task["state"] == "running":
        task = site.store.put(TASK, id, {**task, "polls": task["polls"] + 1})
        if task["polls"] >= _POLLS and site.setting("task_seconds") is None:
            task = _finish(site, task)
    return as_json(task)


def as_json(task: Doc) -> Json:
    """Return a task as the API shows it."""
    done = task["state"] == "done"
    return {
        "ari": f"arn:cloud:confluence:sandbox:longtask/{task['id']}",
        "id": task["id"],
        "name": {"key": f"com.atlassian.confluence.longtask.{task['kind']}", "args": []},
        "elapsedTime": int((time.time() - task["startedAt"]) * 1000),
        "percentageComplete": 100 if done else 50,
        "successful": done,
        "finished": done,
        "messages": [],
        "status": "Completed" if done else "Running",
        "errors": [],
    }


def _finish(site: Site, task: Doc) -> Doc:
    for id in task["ids"]:
        page = site.store.get(CONTENT, id)
        if page is not None and page["status"] == "current":
            _WORK[task["kind"]](site, page)
    return site.store.put(TASK, task["id"], {**task, "state": "done"})


def _trash_tree(site: Site, page: Doc) -> None:
    below = [doc for _, doc in tree.descendants(site, page["id"], 100)]
    for doc in [page, *below]:
        site.put(doc, status="trashed")


_WORK: Final = {"archive": pages.archive, "pageTree": _trash_tree}
