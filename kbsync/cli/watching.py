"""`kbsync watch`: the scheduled mirror."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import typer

from kbsync.cli.screen import Screen
from kbsync.errors import ConfigError

if TYPE_CHECKING:
    from kbsync.cli.session import Session
    from kbsync.config import Secrets
    from kbsync.workflow.watch import Run


def watch(
    context: typer.Context,
    every: str = typer.Option("15m", "--every", help="How often, from 1s."),
    listen: str = typer.Option("", "--listen", help="HOST:PORT for webhooks, /healthz and /metrics."),
) -> int:
    """Sync on a schedule and on webhooks until SIGINT or SIGTERM; a sync under way is finished first."""
    from kbsync.cli.session import Session
    from kbsync.workflow.watch import Watch, listening, stopping
    from kbsync.workflow.webhooks import Hooks, application

    screen = Screen(context.obj)
    session = Session.open(context.obj)
    secrets = session.config.secrets()
    watching = Watch(lambda: _once(session, screen), _period(every), screen.say)
    hooks = Hooks(
        watching.hint,
        watching.health,
        watching.metrics.registry,
        secrets.intercom_client_secret,
        secrets.confluence_webhook_secret,
    )
    with contextlib.ExitStack() as stack:
        if listen:
            address = stack.enter_context(listening(application(hooks), listen))
            screen.say(f"Listening on {address}: /webhooks/intercom /webhooks/confluence /healthz /metrics")
            _tell_closed(screen, secrets)
        stack.enter_context(stopping(watching))
        screen.say(f"Syncing every {every}. Stop with Ctrl-C; a sync under way is finished first.")
        watching.run()
    screen.say("Stopped.")
    return 0


def _tell_closed(screen: Screen, secrets: Secrets) -> None:
    """Say which webhooks will be turned away, for want of the secret that proves them."""
    for service, secret, name in (
        ("intercom", secrets.intercom_client_secret, "KBSYNC_INTERCOM_CLIENT_SECRET"),
        ("confluence", secrets.confluence_webhook_secret, "KBSYNC_CONFLUENCE_WEBHOOK_SECRET"),
    ):
        if not secret:
            screen.say(f"/webhooks/{service} refuses everything until {name} is set.")


def _period(text: str) -> int:
    from kbsync.config import seconds

    try:
        period = seconds(text)
    except ValueError as error:
        raise ConfigError(f"--every {text} is not a duration", hint=str(error)) from error
    if period < 1:
        raise ConfigError("--every must be at least 1s", hint="for example 15m")
    return period


def _once(session: Session, screen: Screen) -> Run:
    from kbsync.cli.syncing import explain, summarise, synced
    from kbsync.workflow.watch import Run

    report = synced(session, screen)
    explain(screen, report)
    screen.say(summarise(report))
    requests = sum(n for counts in report.requests.values() for n in counts.values())
    return Run(report.exit_code, len(report.applied), len(report.conflicts), requests)
