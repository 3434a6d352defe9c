"""Services that answer badly: what arrives is right in the end, and nothing is there twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from help_center import HelpCenter
from people import Colleague, Teammate

from kbsync.replicas.limits import Patience
from kbsync.sandbox.faults import Fault
from kbsync.sandbox.server import Sandbox

SHARE = 0.3
KINDS = ("429", "500", "503", "lost", "truncate")
EACH = 1 - (1 - SHARE) ** (1 / len(KINDS))
"""The rules are asked one after the other: together they hit three in ten."""
DAYS = 10
ARTICLES = 12


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries that do not wait for long: the tests wait for them."""
    monkeypatch.setattr(Patience.__init__, "__defaults__", _hurried(Patience.__init__.__defaults__))


def _hurried(defaults: tuple[object, ...]) -> tuple[object, ...]:
    attempts, longest, _first, _cap, *rest = defaults
    return (attempts, longest, 0.01, 0.05, *rest)


@pytest.mark.usefixtures("brief")
@pytest.mark.parametrize("kinds", [("429", "503"), ("500", "lost"), ("truncate", "503-bare")])
def test_a_third_of_all_answers_fail(
    center: HelpCenter, teammate: Teammate, colleague: Colleague, kinds: tuple[str, ...]
) -> None:
    """Edits on all sides through bad days, then one good one: all converge, and the next run is silent."""
    for kind in kinds:
        center.box.faults.add(Fault(kind, rate=SHARE / len(kinds), retry_after=0.01))
    center.kbsync("sync")
    center.replace("billing/refunds.md", "five days", "six days")
    center.kbsync("sync")
    center.write("billing/coupons.md", "Enter the code.")
    (center.content / "account/passwords.md").rename(center.content / "billing/passwords.md")
    center.kbsync("sync")
    center.box.faults.clear()

    center.ok("sync")

    assert sorted(each["title"] for each in teammate.listed()) == [
        "Coupons",
        "Invoices",
        "Passwords",
        "Refunds",
    ]
    assert teammate.published() == {"Coupons", "Invoices", "Passwords", "Refunds"}
    assert sorted(teammate.collections()) in (["Account", "Billing"], ["Billing"])
    assert "six days" in teammate.body("Refunds")
    assert "six days" in colleague.body("Refunds")
    assert colleague.parent("Passwords") == "Billing"
    assert len(colleague.pages()) == len(teammate.collections()) + 5
    assert center.ok("sync", "--json").document["applied"] == []


def _days(folder: Path, *, bad: bool) -> tuple[int, int]:
    """Sync for ten days of edits on all sides, the last one well; return the requests, and the faults."""
    content = folder / "content"
    content.mkdir(parents=True)
    with Sandbox(public=content) as box:
        center, teammate, colleague = HelpCenter(folder, box), Teammate(box), Colleague(box)
        center.configure()
        for number in range(ARTICLES):
            center.write(f"group{number % 3}/a{number}.md", f"Text {number}.", title=f"Article {number}")
        center.ok("sync")
        requests = faults = 0
        for day in range(DAYS + 1):
            _edit(day, center, teammate, colleague)
            box.app.state.journal.clear()
            for kind in KINDS if bad and day < DAYS else ():
                box.faults.add(Fault(kind, rate=EACH, retry_after=0.01))
            center.kbsync("sync")
            box.faults.clear()
            requests += sum(sum(counter.values()) for counter in box.app.state.journal.methods.values())
            faults += sum(box.app.state.journal.faults.values())
        _assert_equal(center, teammate, colleague)
        assert center.ok("sync", "--json").document["applied"] == []
        teammate.close()
        colleague.close()
    return requests, faults


def _edit(day: int, center: HelpCenter, teammate: Teammate, colleague: Colleague) -> None:
    """One edit in each place, a new file every third day, and one that moves."""
    file = next(center.content.rglob(f"a{day % ARTICLES}.md"))
    file.write_text(f"{file.read_text('utf-8')}\nFrom a writer on day {day}.\n", "utf-8")
    title = f"Article {(day + 4) % ARTICLES}"
    teammate.change(title, body=f"{teammate.body(title)}<p>From a teammate on day {day}.</p>")
    title = f"Article {(day + 8) % ARTICLES}"
    words = f"Text {(day + 8) % ARTICLES}."
    colleague.replace(title, words, f"{words} From a colleague on day {day}.")
    if day % 3 == 1:
        center.write(f"fresh/new{day}.md", f"New on day {day}.", title=f"New {day}")
    if day == DAYS // 2:
        old = next(center.content.rglob("a11.md"))
        old.rename(center.content / "fresh" / old.name)


def _assert_equal(center: HelpCenter, teammate: Teammate, colleague: Colleague) -> None:
    """Every day's words are in all three places, and every title stands there once."""
    titles = {f"Article {n}" for n in range(ARTICLES)} | {f"New {d}" for d in range(DAYS + 1) if d % 3 == 1}
    assert sorted(each["title"] for each in teammate.listed()) == sorted(titles)
    assert titles <= set(colleague.pages())
    assert len(colleague.pages()) == len(titles) + len(teammate.collections()) + 1
    places = (
        "".join(center.read(path) for path in center.files()),
        "".join(str(each["body"]) for each in teammate.listed()),
        "".join(str(page["body"]["storage"]["value"]) for page in colleague.pages().values()),
    )
    for text in places:
        for day in range(DAYS + 1):
            for who in ("writer", "teammate", "colleague"):
                assert text.count(f"From a {who} on day {day}.") == 1, (who, day)


@pytest.mark.usefixtures("brief")
def test_ten_bad_days_cost_little_more_than_ten_good_ones(tmp_path: Path) -> None:
    """With three answers in ten spoilt, ten syncs and a healthy one converge; each fault costs a retry or so."""
    good, _ = _days(tmp_path / "good", bad=False)
    bad, faults = _days(tmp_path / "bad", bad=True)
    print(f"{good} requests without faults; {bad} with {faults} faults: {(bad - faults) / good:.2f} times")
    assert faults > good * SHARE / 2
    assert bad <= 1.5 * good + faults


def test_a_short_listing_deletes_nothing(
    center: HelpCenter, teammate: Teammate, colleague: Colleague
) -> None:
    """Listings that leave things out without saying so prove nothing absent."""
    center.ok("sync")
    for path in ("/intercom/articles", "/wiki/api/v2/spaces/*/pages"):
        center.box.faults.add(Fault("short", method="GET", path=path))

    for _ in range(3):
        center.kbsync("sync")
    center.box.faults.clear()
    center.ok("sync")

    assert len(center.files()) == 3
    assert teammate.published() == {"Refunds", "Invoices", "Passwords"}
    assert {"Refunds", "Invoices", "Passwords"} <= set(colleague.pages())


def test_one_refused_article_holds_up_no_other(
    center: HelpCenter, teammate: Teammate, colleague: Colleague
) -> None:
    """A page that Confluence refuses to save fails alone, with its name in the line."""
    center.ok("sync")
    page = colleague.pages()["Refunds"]["id"]
    center.box.faults.add(Fault("500", method="PUT", path=f"/wiki/api/v2/pages/{page}"))
    center.replace("billing/refunds.md", "five days", "six days")
    center.replace("billing/invoices.md", "first day", "second day")

    result = center.ok("sync", code=1)
    center.box.faults.clear()

    assert "refunds" in result.err.casefold() or page in result.err
    assert "second day" in colleague.body("Invoices")
    assert "six days" in teammate.body("Refunds")
    center.ok("sync")
    assert "six days" in colleague.body("Refunds")


def test_requests_of_a_silent_sync_and_of_ten_edits(center: HelpCenter) -> None:
    """A no-op costs at most 15 requests and 8 per thousand articles; an edit at most 6 more in each remote."""
    for number in range(60):
        center.write(f"many/article-{number}.md", f"Text number {number}.")
    center.ok("-q", "sync")
    allowed = 15 + 8 * len(center.files()) / 1000

    silent, applied = _counted(center)
    assert applied == 0
    assert silent <= allowed

    for number in range(10):
        center.replace(f"many/article-{number}.md", "Text", "New text")
    busy, applied = _counted(center)
    assert applied == 20
    assert busy <= allowed + 6 * 10 * 2
    print(f"63 articles: a silent sync {silent} requests, one with ten edits {busy}")


def _counted(center: HelpCenter) -> tuple[int, int]:
    """Sync; return the requests, as both the sandbox and kbsync count them, and the steps taken."""
    journal = center.box.app.state.journal
    journal.clear()
    report = center.ok("sync", "--json").document
    sent = sum(sum(counter.values()) for counter in journal.methods.values())
    assert sent == sum(sum(counts.values()) for counts in report["requests"].values())
    return sent, len(report["applied"])
