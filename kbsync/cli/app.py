"""The tree of commands."""

from __future__ import annotations

import importlib
from collections.abc import Collection
from typing import Any

import typer
from typer.core import TyperGroup

from kbsync import __version__
from kbsync.cli.options import HELP

# Command -> (module, function); a module is imported only when its command runs or help is shown.
_COMMANDS = {
    "init": ("setup", "init"),
    "doctor": ("setup", "doctor"),
    "schema": ("setup", "schema"),
    "check": ("checking", "check"),
    "plan": ("syncing", "plan"),
    "apply": ("syncing", "apply"),
    "sync": ("syncing", "sync"),
    "status": ("syncing", "status"),
    "conflicts": ("syncing", "conflicts"),
    "resolve": ("syncing", "resolve"),
    "repair": ("syncing", "repair"),
    "watch": ("watching", "watch"),
    "convert": ("converting", "convert"),
    "sandbox": ("playing", "sandbox"),
    "demo": ("playing", "demo"),
}
_GROUPS = {
    "conversations": ("talking", "app"),
    "gaps": ("gapping", "app"),
}


def command(asked: str = "") -> Any:
    """Return the click command of the tree, or of its one branch that is asked for."""
    known = asked in _COMMANDS or asked in _GROUPS
    return typer.main.get_command(_app({asked} if known else {*_COMMANDS, *_GROUPS}))


def _app(wanted: Collection[str]) -> typer.Typer:
    app = typer.Typer(
        name="kbsync",
        cls=TyperGroup,
        help="Keeps a help center in git: Markdown, Intercom and Confluence in step, and the gaps found.",
        epilog=HELP,
        add_completion=True,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for name, (module, function) in _COMMANDS.items():
        if name in wanted:
            app.command(name, epilog=HELP)(getattr(_module(module), function))
    for name, (module, attribute) in _GROUPS.items():
        if name in wanted:
            app.add_typer(getattr(_module(module), attribute), name=name)
    return app


def _module(name: str) -> Any:
    return importlib.import_module(f"kbsync.cli.{name}")


def _version(value: bool) -> None:
    if value:
        typer.echo(f"kbsync {__version__}")
        raise typer.Exit


def _root(
    version: bool = typer.Option(
        False, "--version", help="Show the version.", callback=_version, is_eager=True
    ),
) -> None:
    pass
