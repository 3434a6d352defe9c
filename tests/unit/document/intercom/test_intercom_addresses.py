"""Signatures of Intercom's own hosts are no content; everybody else's query is."""

from __future__ import annotations

import pytest

from kbsync.document.blocks import Figure, Url
from kbsync.document.intercom import read, unsigned
from kbsync.document.intercom.colours import CALLOUTS, background, callout_kind, callout_style

SIGNED = "expires=1790000000&signature=ab12&req=Zm9v"


@pytest.mark.parametrize(
    "host",
    [
        "downloads.intercomcdn.com",
        "downloads.eu.intercomcdn.com",
        "static.au.intercomcdn.com",
        "downloads.intercomcdn.eu",
        "acme.intercom-attachments-1.com",
        "x.eu.intercom-attachments-9.com",
    ],
)
def test_signature_is_taken_off(host: str) -> None:
    """Only the signing parameters go; others and the fragment stay."""
    assert unsigned(f"https://{host}/i/o/1/a.png?{SIGNED}") == f"https://{host}/i/o/1/a.png"
    assert unsigned(f"https://{host}/a?w=2&{SIGNED}#f") == f"https://{host}/a?w=2#f"


@pytest.mark.parametrize(
    "url",
    [
        f"https://example.com/a.png?{SIGNED}",
        f"https://intercomcdn.com.evil.example/a.png?{SIGNED}",
        f"https://notintercomcdn.com/a.png?{SIGNED}",
        "https://downloads.intercomcdn.com/a.png?size=2",
        "https://[intercom/?x",
    ],
)
def test_other_addresses_stay(url: str) -> None:
    """A real difference in an address is never taken for a signature."""
    assert unsigned(url) == url


def test_image_is_read_without_its_signature() -> None:
    """The same image reads the same however often it is signed."""
    (figure,) = read(
        f'<img src="https://downloads.intercomcdn.com/a.png?{SIGNED.replace("&", "&amp;")}">'
    ).blocks

    assert isinstance(figure, Figure)
    assert figure.image.target == Url("https://downloads.intercomcdn.com/a.png")


@pytest.mark.parametrize("kind", CALLOUTS)
def test_callout_colours_are_injective(kind: str) -> None:
    """Each kind has a colour of its own, and the colour says the kind."""
    assert callout_kind(callout_style(kind)) == kind  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("style", "colour"),
    [
        ("background-color: #E8E8E880; width: 10px;", "#e8e8e880"),
        ("background: #abc", "#aabbcc"),
        ("background-color: rgba(215, 239, 220, 0.5)", "#d7efdc80"),
        ("background-color: rgb(1 2 3)", "#010203"),
        ("background-color: rgba(1,2,3,0)", ""),
        ("background-color: transparent", ""),
        ("background-color: url(javascript:x)", ""),
        ("background-color: rgba(1,2,3,1.2.3)", ""),
        ("color: red", ""),
    ],
)
def test_background_is_read_in_every_spelling(style: str, colour: str) -> None:
    """Hex, rgb and rgba say the same colour; nothing else is one."""
    assert background(style) == colour
