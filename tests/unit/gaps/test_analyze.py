"""The whole path: any conversations give a valid analysis, the same every time."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kbsync.conversations.model import Conversation, Message
from kbsync.gaps.analyze import analyze
from kbsync.gaps.model import Analysis, HelpText
from kbsync.gaps.settings import GapSettings

SETTINGS = GapSettings(encoder="tfidf")
SUBJECTS = {
    "refund": (
        "when is my {} paid back",
        "I am still waiting for the {} of the shoes",
        "how long does a {} take",
    ),
    "password": (
        "I forgot my {}",
        "how do I reset the {} of my login",
        "the {} link in the mail does not work",
    ),
    "invoice": (
        "where do I find the {} of last month",
        "please send me an {} with my tax number",
        "the {} shows a wrong name",
    ),
    "delivery": ("the {} is late", "can the {} go to a parcel shop", "track my {} please"),
    "coupon": ("my {} is not accepted", "where do I enter the {} code", "can I use one {} twice"),
}
ENDINGS = ("", " please", " today", " again", " thanks for help", " since Monday")


def question(text: str, number: int, **fields: Any) -> Conversation:
    return Conversation(
        id=f"c{number}", created_at=1.76e9 + 3600 * number, messages=(Message("customer", text),), **fields
    )


def desk() -> list[Conversation]:
    lines = [
        form.format(subject) + ending
        for subject, forms in SUBJECTS.items()
        for form in forms
        for ending in ENDINGS
    ]
    random.Random(1).shuffle(lines)
    return [question(line, number) for number, line in enumerate(lines)]


def article(subject: str, locale: str = "en") -> HelpText:
    passages = tuple(form.format(subject) for form in SUBJECTS[subject])
    return HelpText(f"{subject}.md", subject, locale, f"About the {subject}", passages)


@pytest.mark.parametrize("answers", [(), ("refund",), ("refund", "invoice", "coupon")])
def test_a_small_desk_knows_what_is_missing(answers: tuple[str, ...]) -> None:
    """With fewer topics than statistics need, those with an article are covered, those without are not."""
    about_else = HelpText("t.md", "t", "en", "Tables", ("The columns of the table have equal width please.",))
    found = analyze(desk(), [about_else, *map(article, answers)], SETTINGS)
    asked = {each.id: each.messages[0].text for each in desk()}
    told = [
        (next(subject for subject in SUBJECTS if subject in asked[topic.representatives[0]]), topic.verdict)
        for topic in found.topics
    ]

    assert {subject for subject, verdict in told if verdict == "uncovered"} == set(SUBJECTS) - set(answers)
    assert {subject for subject, verdict in told if verdict != "uncovered"} == set(answers)


SHELF = tuple(article(subject) for subject in ("refund", "password", "invoice"))


def check(found: Analysis, conversations: list[Conversation]) -> None:
    """An analysis is valid: JSON, every conversation once, members agree, labels and ids distinct."""
    decoded = msgspec.json.decode(msgspec.json.encode(found), type=Analysis)
    ids = [verdict.id for verdict in decoded.conversations]
    assert sorted(ids) == sorted({conversation.id for conversation in conversations})
    assert len({topic.id for topic in decoded.topics}) == len(decoded.topics)
    assert len({topic.label.lower() for topic in decoded.topics}) == len(decoded.topics)
    placed = {verdict.id: verdict.topic for verdict in decoded.conversations}
    for topic in decoded.topics:
        assert topic.size == len(topic.conversations) >= SETTINGS.min_topic_size
        assert 0 <= topic.coverage <= 1
        assert set(topic.representatives) <= set(topic.conversations)
        assert all(placed[member] == topic.id for member in topic.conversations)
    assert all(0 <= verdict.coverage <= 1 for verdict in decoded.conversations)


def test_what_no_article_answers_is_reported() -> None:
    """Both subjects without an article are gaps, those with one are not."""
    conversations = desk()
    found = analyze(conversations, SHELF, SETTINGS)
    gaps = " ".join(" ".join(topic.keywords) for topic in found.topics if topic.verdict == "uncovered")

    check(found, conversations)
    assert "delivery" in gaps
    assert "coupon" in gaps
    assert not {"refund", "password", "invoice"} & set(gaps.split())


def test_the_same_input_gives_the_same_bytes() -> None:
    """Nothing depends on chance."""
    first, second = (msgspec.json.encode(analyze(desk(), SHELF, SETTINGS)) for _ in range(2))

    assert first == second


def test_the_last_of_two_conversations_with_one_id_counts() -> None:
    """A conversation pulled again replaces the older copy."""
    conversations = [*desk(), question("something else entirely", 0)]

    check(analyze(conversations, SHELF, SETTINGS), conversations)


def test_each_language_is_compared_with_its_own_articles() -> None:
    """German questions about a subject with an English article only are a gap of their own."""
    german = [
        question(
            f"Wo bleibt meine {word} für die Bestellung vom letzten Monat {ending}",
            1_000 + number,
            locale="de",
        )
        for number, (word, ending) in enumerate(
            (word, ending)
            for word in ("Erstattung", "Rückzahlung")
            for ending in ("bitte", "denn", "nun", "jetzt")
        )
    ]
    found = analyze([*desk(), *german], SHELF, SETTINGS)

    assert {topic.verdict for topic in found.topics if topic.locale == "de"} == {"uncovered"}


def test_resends_count_in_the_size() -> None:
    """A line sent by fifty people is one question asked fifty times."""
    same = [question("the app crashes when I open the camera", 2_000 + number) for number in range(50)]
    found = analyze([*desk(), *same], SHELF, SETTINGS)

    assert max(topic.size for topic in found.topics if "camera" in topic.keywords) >= 50


WHERE_IS_MY_ORDER = """\
Где мой заказ?
Де моє замовлення
Дзе мая замова
Къде е поръчката ми
Каде е мојата нарачка
Где је моја поруџбина
我的订单在哪里
我的訂單在哪裡
注文はどこですか
내 주문은 어디에 있나요
أين طلبي
سفارش من کجاست
میرا آرڈر کہاں ہے
איפה ההזמנה שלי
Πού είναι η παραγγελία μου
Որտեղ է իմ պատվերը
სად არის ჩემი შეკვეთა
मेरा ऑर्डर कहाँ है
माझी ऑर्डर कुठे आहे
আমার অর্ডার কোথায়
ਮੇਰਾ ਆਰਡਰ ਕਿੱਥੇ ਹੈ
મારો ઓર્ડર ક્યાં છે
என் ஆர்டர் எங்கே
నా ఆర్డర్ ఎక్కడ ఉంది
ನನ್ನ ಆರ್ಡರ್ ಎಲ್ಲಿದೆ
എന്റെ ഓർഡർ എവിടെ
คำสั่งซื้อของฉันอยู่ที่ไหน
ຄໍາສັ່ງຊື້ຂອງຂ້ອຍຢູ່ໃສ
តើការបញ្ជាទិញរបស់ខ្ញុំនៅឯណា
Đơn hàng của tôi đâu
Di mana pesanan saya
Nasaan ang order ko
Oda yangu iko wapi
Where is my order
Wo ist meine Bestellung
Waar is mijn bestelling
Hvor er min ordre
Var är min beställning
Missä tilaukseni on
Kus on mu tellimus
Kur ir mans pasūtījums
Kur yra mano užsakymas
Gdzie jest moje zamówienie
Kde je moje objednávka
Hol van a rendelésem
Unde este comanda mea
Où est ma commande
Dónde está mi pedido
Onde está o meu pedido
Siparişim nerede
"""  # noqa: RUF001 - other scripts
"""One question in fifty languages."""

HOSTILE: dict[str, list[Conversation]] = {
    "nothing": [],
    "one": [question("where is my refund", 0)],
    "empty": [Conversation(id=str(number), created_at=0.0) for number in range(5)],
    "identical": [question("help me with the export", number) for number in range(200)],
    "ten megabytes": [
        question("word " * 2_000_000, 0),
        question("\x00" * 10_000_000, 1),
        question("a" * 10_000_000, 2),
    ],
    "binary": [
        question(random.Random(number).randbytes(400).decode("latin-1"), number) for number in range(20)
    ],
    "surrogates": [question("\ud800\udfff lost \udc80 card", number) for number in range(4)],
    "right to left": [question(f"\u202egnp.exe\u202c refund {number}", number) for number in range(6)],
    "injection": [
        question(text, number)
        for number, text in enumerate(
            (
                "<script>alert(1)</script> broken page",
                "{{ 7*7 }} {% raw %} template",
                '=HYPERLINK("http://x") cell',
                "[x](javascript:alert(1)) link",
            )
            * 3
        )
    ],
    "quotes only": [question("> quoted\n> lines", number) for number in range(4)],
    "signs": [question("??? !!! ...", number) for number in range(5)],
    "brackets": [question("[" * 5_000 + "<" * 5_000, number) for number in range(3)],
    "many languages": [
        question(text, number) for number, text in enumerate(WHERE_IS_MY_ORDER.splitlines() * 4)
    ],
}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("shelf", [(), SHELF], ids=["empty shelf", "shelf"])
def test_hostile_conversations_give_a_valid_analysis(kind: str, shelf: tuple[HelpText, ...]) -> None:
    """Whatever customers send, the report can be written."""
    check(analyze(HOSTILE[kind], shelf, SETTINGS), HOSTILE[kind])


def test_markup_never_reaches_a_label() -> None:
    """Tags, control and direction characters stay out of what people read."""
    found = analyze(HOSTILE["injection"] + HOSTILE["right to left"], (), SETTINGS)
    shown = "".join(topic.label + topic.question for topic in found.topics)

    assert not set(shown) & set("<>\u202e\x00")


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate],
)
@given(st.lists(st.text(max_size=60), max_size=12))
def test_any_lines_give_a_valid_analysis(lines: list[str]) -> None:
    """There is no list of messages that ends the run."""
    conversations = [question(line, number) for number, line in enumerate(lines)]

    check(analyze(conversations, SHELF, SETTINGS), conversations)
