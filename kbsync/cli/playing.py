"""`kbsync sandbox` and `kbsync demo`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from kbsync.cli.screen import Screen

if TYPE_CHECKING:
    from kbsync.sandbox.server import Sandbox


def sandbox(
    context: typer.Context,
    port: int = typer.Option(8765, "--port", help="Port on loopback; 0 takes a free one."),
    seed: str = typer.Option("", "--seed", help="What it holds at the start: demo, or nothing."),
    faults: str = typer.Option(
        "", "--faults", help='Faults and their shares, e.g. "429:0.1,500:0.05,lost:0.05,slow:0.1,lag:5s".'
    ),
    store: Path | None = typer.Option(None, "--store", help="SQLite file to keep everything in."),
    public: Path | None = typer.Option(None, "--public", help="Folder to serve at /public, for images."),
    deployment: str = typer.Option("cloud", "--deployment", help="cloud or datacenter, for Confluence."),
) -> int:
    """Run the emulated Intercom and Confluence on loopback until Ctrl-C."""
    from kbsync.errors import UsageError
    from kbsync.sandbox.server import serve

    if deployment not in ("cloud", "datacenter"):
        raise UsageError(f"--deployment {deployment} is not known", hint="cloud or datacenter")
    screen = Screen(context.obj)
    options: dict[str, Any] = {
        "store_path": store,
        "port": port,
        "seed": seed or None,
        "faults": faults or None,
        "public": public,
        "deployment": deployment,
    }
    serve(lambda box: _introduce(screen, box), **options)
    screen.say("Stopped.")
    return 0


def _introduce(screen: Screen, box: Sandbox) -> None:
    values = {
        "KBSYNC_INTERCOM_TOKEN": box.intercom_token,
        "KBSYNC_CONFLUENCE_USER": box.confluence_user,
        "KBSYNC_CONFLUENCE_TOKEN": box.confluence_token,
    }
    if screen.options.json:
        addresses = {"intercom": box.intercom_url, "confluence": box.confluence_url, "public": box.public_url}
        screen.document({**addresses, "workspace": box.workspace, "space": box.space, "environment": values})
    screen.say(f"Intercom    {box.intercom_url}  (workspace {box.workspace})")
    screen.say(f"Confluence  {box.confluence_url}  (space {box.space})")
    screen.say(f"Public      {box.public_url}")
    for name, value in values.items():
        screen.say(f"export {name}={value}")
    screen.say("Stop with Ctrl-C.")


def demo(
    context: typer.Context,
    articles: Path | None = typer.Option(
        None, "--articles", help="Articles to play with; kbsync's own without it."
    ),
    keep: Path | None = typer.Option(None, "--keep", help="Empty folder to play in; a new one without it."),
) -> int:
    """Show the whole loop on a copy: mirror, edits on each side, a conflict, conversations, the gap report."""
    from kbsync.cli.demo import Demo
    from kbsync.resources import folder

    screen = Screen(context.obj)
    return Demo(screen, articles or folder("content"), keep).run()
