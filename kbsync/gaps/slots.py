"""Slot values (who, when, how much, which order) that must not split a topic.

Each value becomes a placeholder in square brackets: people read `[date]`, the encoders read `date`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

_MONTH = (
    r"jan(?:uary|uar|vier|eiro)?|feb(?:ruary|ruar)?|f[eé]vrier|mar(?:ch|s|zo)|m[aä]rz|apr(?:il|ile)?|avril|may|mai|mayo"
    r"|june?|juni|juin|july?|juli|juillet|aug(?:ust)?|ao[uû]t|sept?(?:ember)?|septembre|o[ck]t(?:ober)?|octobre"
    r"|nov(?:ember|embre)?|de[cz](?:ember|embre)?"
)
_CURRENCY = r"(?:[$€£¥₹₽₺₩]|\b(?:usd|eur|gbp|chf|aud|cad|dollars?|euros?|pounds?|quid|bucks|pence|cents?)\b)"
_NUMBER = r"\d+(?:[.,'\u00a0]\d+)*"
_NAMED = r"(?:my (?:full |first |last |user ?)?name(?:'s| is|:)|account of|mein name ist|ich hei(?:ß|ss)e|je m'appelle|mon nom est|me llamo|mi nombre es|mi chiamo|meu nome é|mijn naam is|ik heet)"


def _compiled(*patterns: tuple[str, int, str]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern, flags), replacement) for pattern, flags, replacement in patterns)


#: Tried in this order, these first; an earlier pattern takes what a later one would also match.
_ADDRESSES: Final = _compiled(
    (r"\b[a-z][a-z0-9+.-]{1,20}://[^\s<>\"]+|\bwww\.[^\s<>\"]+", re.IGNORECASE, "[link]"),
    (r"[\w.+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+", 0, "[email]"),
)
#: None of these matches a text without a digit.
_NUMBERS: Final = _compiled(
    (rf"{_CURRENCY}\s?{_NUMBER}|{_NUMBER}\s?{_CURRENCY}", re.IGNORECASE, "[amount]"),
    (
        r"\b\d{4}-\d{1,2}-\d{1,2}(?:[T ]\d{1,2}:\d{2}(?::\d{2})?)?\b|\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b",
        0,
        "[date]",
    ),
    (rf"\b(?:{_MONTH})\.? \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?\b", re.IGNORECASE, "[date]"),
    (rf"\b\d{{1,2}}(?:st|nd|rd|th|\.)? (?:of )?(?:{_MONTH})\b\.?(?: \d{{4}})?", re.IGNORECASE, "[date]"),
    (r"\b\d{1,2}:\d{2}(?::\d{2})?(?: ?[ap]\.?m\b\.?)?|\b\d{1,2} ?[ap]m\b", re.IGNORECASE, "[time]"),
    (r"(?<!\w)\+?\(?\d[\d ()./-]{7,18}\d(?!\w)", 0, "[number]"),
    (r"(?<!\w)#?(?=[\w-]{6,40}(?!\w))(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]+", 0, "[number]"),
    (rf"(?<!\w)#?{_NUMBER}(?!\w)", 0, "[number]"),
)
_DIGIT = re.compile(r"\d")
_SELF = r"(?:[Tt]his is|[Ii]t is|[Ii](?: am|['\u2019]m))(?=\s[A-Z])"
_PERSON = re.compile(
    rf"(?:(?i:{_NAMED})|{_SELF})\s+(?P<name>[^\W\d_][\w'.-]*(?:\s+(?!I\b)[A-Z][\w'.-]*){{0,2}})"
)
_PLACEHOLDER = re.compile(r"\[([a-z]+)\]")
#: The words that stand for values.
PLACEHOLDERS: Final = frozenset({"name", "email", "number", "date", "time", "amount", "link"})


def mask(text: str, people: Sequence[str] = ()) -> str:
    """Return the text with its slot values replaced; `people` are exact strings to hide first."""
    for person in sorted((person for person in people if len(person) > 1), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(person)}(?!\w)", "[name]", text, flags=re.IGNORECASE)
    text = _replaced(_PERSON.sub(_hide_name, text), _ADDRESSES)
    return _replaced(text, _NUMBERS) if _DIGIT.search(text) else text


def _replaced(text: str, patterns: Iterable[tuple[re.Pattern[str], str]]) -> str:
    for pattern, placeholder in patterns:
        text = pattern.sub(placeholder, text)
    return text


def _hide_name(found: re.Match[str]) -> str:
    return found.group(0)[: found.start("name") - found.start(0)] + "[name]"


def spoken(text: str) -> str:
    """Return masked text as the encoders read it: placeholders as plain words."""
    return _PLACEHOLDER.sub(r"\1", text)


def is_only_slots(text: str) -> bool:
    """Whether nothing but placeholders and punctuation is left."""
    return not re.search(r"[^\W_]", _PLACEHOLDER.sub("", text))
