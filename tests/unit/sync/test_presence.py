"""The presence table: total, symmetrical, and the same in the documents as in the code."""

from __future__ import annotations

from itertools import permutations, product
from pathlib import Path

import pytest

from kbsync.sync.presence import COLUMNS, PRESENCE, presence_table, verdict

ROOT = Path(__file__).resolve().parents[3]
HEADER = presence_table().splitlines()[0]


def test_all_27_cases_are_decided() -> None:
    """No combination of same, changed and absent is left out."""
    assert set(PRESENCE) == set(product(("same", "changed", "absent"), repeat=3))


@pytest.mark.parametrize("row", PRESENCE)
def test_it_does_not_matter_which_replica_it_is(row: tuple[str, str, str]) -> None:
    """Every permutation of a row has the same verdict."""
    assert {PRESENCE[each] for each in permutations(row)} == {PRESENCE[row]}  # type: ignore[index]


@pytest.mark.parametrize("row", PRESENCE)
def test_an_edit_beats_a_delete(row: tuple[str, str, str]) -> None:
    """Nothing is retired while anyone has edited it, and nothing is retired unless it vanished somewhere."""
    if "changed" in row:
        assert PRESENCE[row] in ("merge", "restore")  # type: ignore[index]
    if PRESENCE[row] in ("retire", "forget"):  # type: ignore[index]
        assert "absent" in row


def test_a_replica_that_is_not_there_has_no_say() -> None:
    """Two replicas are decided about as if the third were at rest."""
    assert verdict({"files": "absent", "intercom": "same"}) == "retire"


def test_documents_show_the_table_of_the_code() -> None:
    """Wherever a document shows the table, it is the one the code decides by."""
    for path in [ROOT / "ARCHITECTURE.md", *sorted((ROOT / "content").rglob("*.md"))]:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        if HEADER in text:
            assert presence_table() in text, f"{path.name}: print kbsync.sync.presence.presence_table()"
    assert len(presence_table().splitlines()) == len(PRESENCE) + 2
    assert HEADER.count("|") == len(COLUMNS) + 2
