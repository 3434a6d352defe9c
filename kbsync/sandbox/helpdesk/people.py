"""Invented customers with the personal data that people put into support conversations."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import cache
from random import Random
from typing import Any, Final

import msgspec

from kbsync.sandbox.helpdesk.catalogue import Language, document

_ACCOUNTS: Final[dict[str, tuple[str, int]]] = {"en": ("GB", 18), "fr": ("FR", 23), "de": ("DE", 18)}
_GB_BANK: Final = "WEST"


class Person(msgspec.Struct, frozen=True):
    """One customer; `card` and `iban` carry right check digits."""

    name: str
    email: str
    phone: str
    company: str
    account: str
    card: str
    iban: str

    @property
    def first(self) -> str:
        """The given name."""
        return self.name.split()[0]

    @property
    def contact(self) -> str:
        """The id of the contact's record: 24 hexadecimal digits."""
        return hashlib.sha256(self.email.encode()).hexdigest()[:24]

    @property
    def record(self) -> tuple[str, ...]:
        """The strings by which a help desk knows the person."""
        return (self.name, self.company, self.email, self.phone)


def person(seed: int, language: Language, number: int) -> Person:
    """Return the customer of that number, always the same."""
    chance = Random(f"{seed}/{language}/{number}")  # noqa: S311  invented people
    names = _names(language)
    first, last = chance.choice(names["first"]), chance.choice(names["last"])
    which = chance.randrange(len(names["company"]))
    return Person(
        name=f"{first} {last}",
        email=f"{_plain(first)}.{_plain(last)}{number}@{names['domain'][which]}",
        phone=_digits(chance.choice(names["phone"]), chance),
        company=names["company"][which],
        account=f"ACC-{chance.randrange(10**6, 10**7)}",
        card=card(chance),
        iban=iban(language, chance),
    )


def card(chance: Random) -> str:
    """Return a card number in groups of four that ends in its check digit (ISO/IEC 7812, Luhn)."""
    body = _digits("4" + "#" * 14, chance)
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in body[::-2])
    number = body + str(-(doubled + sum(map(int, body[-2::-2]))) % 10)
    return " ".join(re.findall("....", number))


def iban(language: Language, chance: Random) -> str:
    """Return an account number with its check digits (ISO 7064, modulo 97) in groups of four."""
    country, length = _ACCOUNTS[language]
    bank = _GB_BANK if country == "GB" else ""
    body = bank + _digits("#" * (length - len(bank)), chance)
    value = int("".join(str(int(sign, 36)) for sign in f"{body}{country}00"))
    number = f"{country}{98 - value % 97:02}{body}"
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4))


@cache
def _names(language: Language) -> dict[str, list[str]]:
    entry: dict[str, Any] = document("people")[language]
    return {key: text.split(", " if key in ("company", "phone") else " ") for key, text in entry.items()}


def _digits(pattern: str, chance: Random) -> str:
    return re.sub("#", lambda _: str(chance.randrange(10)), pattern)


def _plain(name: str) -> str:
    """Return a name as it stands in a mail address."""
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
