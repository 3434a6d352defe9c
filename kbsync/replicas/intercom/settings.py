"""What the Intercom replica must know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class IntercomSettings:
    """Where and how to publish.

    `workspace` is the app's `id_code` as `GET /me` shows it, "" to trust any token. `author_id` is the
    byline where an article names none; without it the token's own teammate. `public_base_url` is the public
    address of the content root, from which Intercom fetches images, "" when there is none.
    """

    base_url: str = "https://api.intercom.io"
    workspace: str = ""
    author_id: int | None = None
    help_center_id: int | None = None
    publish: Literal["live", "draft"] = "live"
    public_base_url: str = ""
    default_locale: str = "en"
