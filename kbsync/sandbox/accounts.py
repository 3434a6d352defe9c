"""Who may use the sandbox: fixed names and tokens, worth nothing anywhere else."""

from __future__ import annotations

from typing import Final

WORKSPACE: Final = "sandbox1"
INTERCOM_TOKEN: Final = "sandbox-intercom-token"  # noqa: S105  opens the emulation on loopback only
OTHER_INTERCOM_TOKEN: Final = "other-workspace-token"  # noqa: S105  as above: a token of another workspace
TEAMMATE_TOKEN: Final = "sandbox-teammate-session"  # noqa: S105  as above: a person at work in Intercom's editor
CLIENT_SECRET: Final = "sandbox-client-secret"  # noqa: S105  signs the emulated webhooks

CONFLUENCE_USER: Final = "sam@kbsync.test"
CONFLUENCE_TOKEN: Final = "sandbox-confluence-token"  # noqa: S105  opens the emulation on loopback only
SPACE: Final = "HELP"

WORKSPACES: Final = {INTERCOM_TOKEN: WORKSPACE, TEAMMATE_TOKEN: WORKSPACE, OTHER_INTERCOM_TOKEN: "other99"}
"""The workspace that each Intercom token belongs to."""
