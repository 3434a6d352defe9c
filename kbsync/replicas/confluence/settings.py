"""What the Confluence replica must know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ConfluenceSettings:
    """Which space of which site, and what it holds.

    `base_url` ends with `/wiki` on Cloud. With `root_page`, a title, everything lives below that page.
    `locales` is "pages" for one child page a locale.
    """

    base_url: str
    space: str
    deployment: Literal["cloud", "datacenter"] = "cloud"
    root_page: str = ""
    locales: Literal["default", "pages"] = "default"
    default_locale: str = "en"
