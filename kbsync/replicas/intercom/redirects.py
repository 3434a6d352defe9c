"""Redirects: the address of a replaced article leads on to its successor, where the help center can do it."""

from __future__ import annotations

from kbsync.document.formats import Loss
from kbsync.errors import AccessRefused, Missing, Rejected
from kbsync.replicas.intercom.client import IntercomClient, Json
from kbsync.replicas.intercom.settings import IntercomSettings

_CONFLICT = 409


def redirect(
    client: IntercomClient, settings: IntercomSettings, old_address: str, new_handle: str
) -> tuple[Loss, ...]:
    """Let `old_address` lead to the article `new_handle` (operation createHelpCenterRedirect).

    Returns a loss where there is no help center, no such route, or no permission; never fails.
    """
    center = settings.help_center_id
    if center is None or not old_address:
        return (Loss("redirect-not-set", "set [intercom] help_center_id to leave redirects"),)
    body: Json = {
        "from_url": old_address,
        "locale": settings.default_locale,
        "target_type": "article",
        "target_id": new_handle,
    }
    try:
        client.write("POST", f"/help_center/help_centers/{center}/redirects", body, repeatable=True)
    except Rejected as error:
        if error.status != _CONFLICT:
            return (Loss("redirect-not-set", error.message),)
    except (Missing, AccessRefused) as error:
        return (Loss("redirect-not-set", error.message),)
    return ()
