"""What a person leaves of an article that kbsync created: enough of it to be told from others."""

from __future__ import annotations

from typing import Final

WORDS: Final = "Money comes back within ten days of the parcel's arrival."
REST: Final = "Write to us before that only if it was a gift, or if the card has expired since."

#: Title and HTML body after an edit; created was "Refunds" with `WORDS`.
EDITED: Final = (
    ("Getting your money back", f"<p>{WORDS}</p>"),
    ("Refunds", f"<p>{WORDS}</p><p>{REST}</p>"),
    ("Refunds", "<p>All is different now.</p>"),
    ("Getting your money back", f"<p>{WORDS} Or later.</p>"),
)
