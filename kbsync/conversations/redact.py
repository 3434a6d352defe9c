"""Personal data out of text, offline: first what the record itself says about its people, then patterns.

A rule is a row: its placeholder and a function that yields the spans it finds. Rows run in order, and what
one has replaced the next never sees. Numbers that only look like cards or accounts are checked by their
checksums (ISO/IEC 7812 Luhn, ISO 7064 mod 97-10); phone numbers by phonenumbers (libphonenumber).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

import msgspec
from phonenumbers import Leniency, PhoneNumberMatcher

from kbsync.conversations.model import Conversation

Span: TypeAlias = tuple[int, int]
Finder: TypeAlias = Callable[[str], Iterator[Span]]

_MAX_CHARACTERS = 100_000
_NAME = r"[A-ZÀ-ÖØ-Þ][\w'’-]+(?:[ ]+(?:(?:van|von|de|da|di|la|le|el|al|bin)[ ]+)*(?:[A-ZÀ-ÖØ-Þ][\w'’-]+|[A-Z]\.)){0,3}"
_NAME_ANY = r"[^\W\d_][\w'’-]+(?:[ ]+[^\W\d_][\w'’-]+)?"
_STREET = (
    r"(?:ave(?:nue)?|st(?:reet)?|r(?:oa)?d|dr(?:ive)?|lane|ln|blvd|boulevard|court|ct|circle|place|pl|square|"
    r"sq|way|terrace|parkway|pkwy|highway|hwy)\b\.?"
)


def _pattern(pattern: str, flags: int = 0) -> Finder:
    """Return a finder of a pattern: its group 1 where it has one, else the whole match."""
    compiled = re.compile(pattern, flags)
    group = 1 if compiled.groups else 0

    def find(text: str) -> Iterator[Span]:
        return (match.span(group) for match in compiled.finditer(text) if match.group(group))

    return find


def _either(*finders: Finder) -> Finder:
    def find(text: str) -> Iterator[Span]:
        for finder in finders:
            yield from finder(text)

    return find


def _checked(pattern: str, holds: Callable[[str], bool]) -> Finder:
    compiled = re.compile(pattern)

    def find(text: str) -> Iterator[Span]:
        return (match.span() for match in compiled.finditer(text) if holds(match.group()))

    return find


def luhn(text: str) -> bool:
    """Tell whether the digits of a text end in their Luhn check digit."""
    digits = [int(c) for c in text if c.isdigit()]
    doubled = [sum(divmod(2 * d, 10)) for d in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def iban(text: str) -> bool:
    """Tell whether a text is an IBAN: its rearranged digits are 1 modulo 97."""
    plain = re.sub(r"[ -]", "", text).upper()
    rearranged = "".join(str(int(c, 36)) for c in plain[4:] + plain[:4])
    return int(rearranged) % 97 == 1


_DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}")


def _phones(text: str) -> Iterator[Span]:
    if re.search(r"\d(?:[ ().\-/]*\d){6}", text):
        for region in ("US", "FR", "DE", "GB"):
            for match in PhoneNumberMatcher(text, region, leniency=Leniency.VALID):
                if not _DATE.fullmatch(match.raw_string):
                    yield match.start, match.end


_CODE = re.compile(r"(?<![\w@#/.])(?=[\w-]*\d)[A-Za-z0-9][A-Za-z0-9_-]{5,}(?![\w@])")
_CAPITALS = re.compile(r"(?<![\w-])[A-Z0-9]{8,}(?![\w-])")
_WORDLIKE = re.compile(r"[A-Z]*[AEIOU][A-Z]*[AEIOU]")
_HARSH = re.compile(r"[BCDFGHJKLMNPQRSTVWXZ]{4}")
_MIN_DIGITS = 4


def _codes(text: str) -> Iterator[Span]:
    """Find order and account numbers: six characters or more with four digits, but no dates."""
    for match in _CODE.finditer(text):
        digits = sum(c.isdigit() for c in match.group())
        letters = sum(c.isalpha() for c in match.group())
        spelt = digits >= _MIN_DIGITS or (letters and digits and match.group().upper() == match.group())
        if spelt and not _DATE.fullmatch(match.group()):
            yield match.span()
    for match in _CAPITALS.finditer(text):
        alone = match.group() == text.strip()
        if alone or _HARSH.search(match.group()) or not _WORDLIKE.search(match.group()):
            yield match.span()


_RULES: tuple[tuple[str, Finder], ...] = (
    (
        "secret",
        _either(
            _pattern(r"(?i)\b(?:password|passwort|passcode|pin|mot de passe)\s*(?:(?:is|ist|est)\s+(?=\S*[\d!#$%&*])|[:=]\s*)([^\s,;]{3,})"),
            _pattern(r"(?i)\bbearer\s+([A-Za-z0-9._~+/=-]{12,})"),
            _pattern(r"\b(?:sk|pk|rk|ghp|gho|xox[abp]|AKIA|dG9r|glpat|eyJ)[A-Za-z0-9_=/.-]{12,}"),
            _pattern(r"(?i)\b(?:api[_ -]?key|token|secret)\s*(?:is|[:=])\s*([^\s,;]{8,})"),
        ),
    ),
    ("email", _pattern(r"(?i)[\w.+%'-]{1,64}(?:@|\s?\[at\]\s?)[\w-]{1,63}(?:\.[\w-]{1,63})+")),
    ("iban", _checked(r"(?<!\w)[A-Z]{2}\d{2}(?:[ -]?[A-Za-z0-9]{2,4}){3,8}(?!\w)", iban)),
    ("card", _checked(r"(?<![\d-])\d(?:[ -]?\d){12,18}(?![\d-])", luhn)),
    ("ip", _pattern(r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.])")),
    ("number", _pattern(r"(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)")),
    (
        "address",
        _either(
            _pattern(
                rf"(?i)(?<![\w$€£])\d{{1,5}}\s+(?:[\w.'-]+\s+){{1,4}}?{_STREET}"
                r"(?:[,\s]+[A-Za-z.' -]{2,30}?[,\s]+[A-Z]{2}\b(?:[,\s]+\d{2,6}(?:-\d{4})?)?)?"
            ),
            _pattern(r"(?i)(?<!\w)\d{1,4}(?:\s?(?:bis|ter))?,?\s+(?:rue|avenue|boulevard|chemin|place|impasse)\s+[\w' -]{3,40}(?:,\s*\d{5}\s+[\w-]+)?"),
            _pattern(r"[A-ZÄÖÜ][\wäöüß.-]*(?:straße|strasse|str\.|weg|gasse|platz|allee)\s+\d{1,4}[a-z]?(?:,\s*\d{5}\s+[\w-]+)?"),
        ),
    ),
    (
        "number",
        _pattern(
            r"(?i)\b(?:order|account|invoice|ticket|tracking|customer|commande|facture|bestellung)\b[^\n\d]{0,12}?"
            r"\b([A-Za-z0-9-]*\d[A-Za-z0-9-]*\d[A-Za-z0-9-]*\d[A-Za-z0-9-]*\d[A-Za-z0-9-]*)"
        ),
    ),
    ("phone", _phones),
    ("number", _codes),
    (
        "name",
        _either(
            _pattern(rf"(?i:\bmy (?:full |first |last )?name(?:['’]s| is|:)?|\bname is|\bname:|\bje m['’]appelle|\bmon nom est|\bich hei(?:ß|ss)e|\bmein name ist|\bme llamo)\s*({_NAME})"),
            _pattern(rf"(?i)\bmy (?:full )?name(?:['’]s| is|:)\s+({_NAME_ANY})"),
            _pattern(rf"(?i:\b(?:i am|i['’]?m|this is|it['’]s|je suis|ich bin))\s+({_NAME.replace('{0,3}', '{1,3}')})"),
            _pattern(rf"(?<!\w)({_NAME})(?i:,? (?:is my (?:full |first |last )*name|here\b(?=[.,!]|$)))"),
            _pattern(rf"(?i)^\W*(?:(?:sure|yes|ok|okay|hi|hello)\b\W*)?(?:it['’]s|i['’]m|i am) ((?-i:{_NAME}))\W*$"),
            _pattern(r"(?i)^\W*i['’]?m ((?!(?:\w+ing|\w+ed|not|so|very|still|just|a|an|the|in|on|at|from|unable|sorry|good|"
                     r"fine|okay|ok|here|all|also|only|done|quite|really|too|sure|happy|new|back)\b)[a-z]{3,} [a-z]{3,})\W*$"),
            _pattern(rf"(?im)^[ \t]*(?:best(?: regards| wishes)?|kind regards|regards|cheers|sincerely|cordialement|bien à vous|mit freundlichen grüßen|viele grüße|thanks|thank you|merci),?[ \t]*\n+[ \t]*((?-i:{_NAME}))[ \t]*$"),
            _pattern(rf"(?i:^|\b)(?:Mr|Mrs|Ms|Dr|Mme|Herr|Frau)\.? ({_NAME})"),
        ),
    ),
)  # fmt: skip

PLACEHOLDERS = MappingProxyType({name: f"[{name}]" for name, _ in _RULES})
"""What stands for each kind of personal data."""


def redact(text: str, people: Sequence[str] = ()) -> str:
    """Return the text without personal data; `people` are exact strings that go first."""
    text = _without_people(text[:_MAX_CHARACTERS], people)
    for name, find in _RULES:
        text = _replace(text, find(text), PLACEHOLDERS[name])
    return text


def redacted(conversation: Conversation) -> Conversation:
    """Return the conversation with all its turns redacted, and without the record of its people."""
    messages = tuple(
        msgspec.structs.replace(m, text=redact(m.text, conversation.people)) for m in conversation.messages
    )
    return msgspec.structs.replace(conversation, messages=messages, people=(), contact="")


def count(text: str, people: Sequence[str] = ()) -> Mapping[str, int]:
    """Return how many of each kind are found: what a test or a report tells of precision."""
    cleaned = redact(text, people)
    return {name: cleaned.count(mark) - text.count(mark) for name, mark in PLACEHOLDERS.items()}


def _without_people(text: str, people: Sequence[str]) -> str:
    """Remove the exact strings, and the single words of names that are not ordinary words in lower case."""
    parts = {part for person in people if "@" not in person for part in person.split() if len(part) > 2}  # noqa: PLR2004  initials
    lowered = (
        text.lower() if text.isascii() else ""
    )  # a text that holds a name costs a pattern, others nothing
    for exact in sorted({*people, *parts}, key=len, reverse=True):
        absent = bool(lowered) and exact.lower() not in lowered
        if len(exact) > 1 and not absent:
            whole = exact in people
            flags = re.IGNORECASE if whole else 0
            text = re.sub(rf"(?<!\w){re.escape(exact)}(?!\w)", _mark(exact), text, flags=flags)
    return text


def _mark(exact: str) -> str:
    if "@" in exact:
        return PLACEHOLDERS["email"]
    return PLACEHOLDERS["phone" if sum(c.isdigit() for c in exact) > _MIN_DIGITS else "name"]


def _replace(text: str, spans: Iterator[Span], mark: str) -> str:
    parts, end = list[str](), 0
    for start, stop in sorted(set(spans), key=lambda s: (s[0], -s[1])):
        if start >= end:
            parts += [text[end:start], mark]
            end = stop
    return "".join((*parts, text[end:]))
