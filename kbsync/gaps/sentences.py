"""The sentences in which a customer states something, without manners, mail furniture and slot values."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from kbsync.conversations.model import Conversation
from kbsync.gaps.slots import PLACEHOLDERS, is_only_slots, mask

_TURN_CHARACTERS: Final = 20_000

_MARKUP = re.compile(
    r"<(script|style)\b.*?(?:</\1\s*>|\Z)|<!--.*?-->|</?[a-zA-Z][^<>]{0,500}>", re.DOTALL | re.IGNORECASE
)
_MAIL_HEADER = re.compile(
    r"(?:-{2,} ?(?:original message|forwarded message|ursprüngliche nachricht|message d'origine|mensaje original)|_{8,}"
    r"|on .{4,120} wrote:|am .{4,120} schrieb.{0,80}:|le .{4,120} a écrit ?:|el .{4,120} escribió:|il .{4,120} ha scritto:"
    r"|op .{4,120} schreef.{0,80}:|from: .{3,120}@|von: .{3,120}@)",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(
    r"(?:--|__)\s*$|(?:sent from my|get outlook for|von meinem .{2,20} gesendet|envoyé de(?:puis)? mon|enviado desde mi)\b"
    r"|(?:best|kind|warm|many)?\s*(?:regards|wishes)\b.{0,20}$|(?:yours )?(?:sincerely|faithfully)\b.{0,20}$|cheers,?$"
    r"|(?:mit freundlichen|viele|liebe|beste) grü(?:ß|ss)en?\b.{0,20}$|cordialement\b.{0,20}$|(?:un )?saludos?\b.{0,20}$"
    r"|cordiali saluti\b.{0,20}$|met vriendelijke groet\b.{0,20}$|atenciosamente\b.{0,20}$",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile("(?<=[.!?\u2026])\\s+|(?<=[\u3002\uff01\uff1f])|\n+")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")  # noqa: RUF001 - customers type both apostrophes
#: A letter of a script that puts no spaces between words.
UNSPACED: Final = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")

#: A sentence made of these alone states no problem.
_MANNERS: Final = frozenset(
    # English
    "hi hello hey dear hiya howdy good morning afternoon evening day night greetings there team sir madam all everyone guys"
    " thanks thank thankyou thx ty cheers you so much very a lot many again advance please pls yes no yeah yep yup nope nah"
    " ok okay k sure great perfect awesome nice cool fine alright right correct wonderful excellent amazing brilliant got"
    " it that's that is all for now bye goodbye have one too your the be hold on moment sec welcome understood sounds i see"
    " appreciate help will do how are doing today and well hope is anyone anybody here just wait waiting question quick"
    " need some can could me with something of course certainly absolutely oh um uh hmm wow lol sorry to bother"
    # German, French, Spanish, Italian, Portuguese, Dutch
    " hallo guten tag morgen abend liebes moin servus danke vielen dank schön bitte ja nein okay alles klar super prima"
    " gut tschüss wiedersehen auf schönen noch ihnen dir"
    " bonjour bonsoir salut merci beaucoup bien oui non d'accord parfait bonne journée au revoir svp"
    " hola buenos días buenas tardes noches gracias muchas sí vale perfecto adiós favor por"
    " ciao buongiorno buonasera grazie mille prego va bene perfetto arrivederci"
    " olá oi bom dia boa tarde noite obrigado obrigada sim não tchau"
    " dag goedemorgen goedemiddag dank je wel bedankt nee prima tot ziens".split()
)


def telling(conversation: Conversation) -> list[str]:
    """Return the customer's sentences that say more than manners, each once, slot values masked."""
    return [sentence for sentence in dict.fromkeys(_sentences(conversation)) if _tells(sentence)]


class _Tidy(dict[int, str | None]):
    """What becomes of each character, worked out when it is first met."""

    def __missing__(self, code: int) -> str | None:
        character = chr(code)
        line_end = character in "\n\r\u2028\u2029"
        self[code] = kept = "\n" if line_end else " " if character == "\t" else _seen(character)
        return kept


def _seen(character: str) -> str | None:
    return None if unicodedata.category(character)[0] == "C" else character


_TIDY: Final = _Tidy()


def clean(text: str) -> str:
    """Return readable text: no control, invisible, direction or unassigned characters, one kind of white space."""
    text = text[:_TURN_CHARACTERS]
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    text = text.translate(_TIDY)
    return _MARKUP.sub(" ", text) if "<" in text else text


def _sentences(conversation: Conversation) -> Iterator[str]:
    for message in conversation.messages:
        if message.role != "customer":
            continue
        written = "\n".join(_own_lines(clean(message.text)))
        for sentence in _SENTENCE_END.split(mask(written, conversation.people)):
            tidy = " ".join(sentence.split())
            if re.search(r"[^\W_]", tidy):
                yield tidy


def _own_lines(text: str) -> Iterator[str]:
    """Yield the lines the customer wrote: up to the quoted mail or the signature, quoted lines left out."""
    for number, line in enumerate(text.splitlines()):
        stripped = line.strip()
        if stripped.startswith((">", "|>")):
            continue
        if number and (_MAIL_HEADER.match(stripped) or _SIGNATURE.match(stripped)):
            return
        yield stripped


def _tells(sentence: str) -> bool:
    """Whether the sentence says more than manners and slot values."""
    if is_only_slots(sentence):
        return False
    words = [word.lower().replace("\u2019", "'") for word in _WORD.findall(sentence)]
    told = [
        word
        for word in words
        if word not in _MANNERS and not (f"[{word}]" in sentence and word in PLACEHOLDERS)
    ]
    return (
        len(told) > 1 or bool(UNSPACED.search(sentence)) or (bool(told) and told == words) or "?" in sentence
    )
