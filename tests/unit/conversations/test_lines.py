"""Conversation lines: what is one is read, what is none is told."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbsync.conversations.lines import BadLine, parse
from kbsync.conversations.model import Conversation, Fin, Message

WHOLE = {
    "id": "c1",
    "created_at": "2026-10-01T12:00:00Z",
    "closed_at": 1790863200,
    "messages": [{"role": "customer", "text": "Hello", "at": 1790856000}],
    "rating": 4,
    "reopens": 1,
    "handling_seconds": 600,
    "tags": ["billing"],
    "locale": "en",
    "fin": {"resolution": "escalated", "sources": ["https://example.com/a"]},
}


def test_every_field_is_read() -> None:
    """A line with all fields becomes the conversation it describes."""
    (found,) = parse([json.dumps(WHOLE)])

    assert found == Conversation(
        id="c1",
        created_at=1790856000.0,
        messages=(Message("customer", "Hello", 1790856000.0),),
        closed_at=1790863200.0,
        rating=4,
        reopens=1,
        handling_seconds=600,
        tags=("billing",),
        locale="en",
        fin=Fin("escalated", ("https://example.com/a",)),
    )


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "Expecting"),
        ("[]", "not a JSON object"),
        ('{"created_at": 1}', "no id"),
        ('{"id": "a"}', "no created_at"),
        ('{"id": "a", "created_at": "yesterday"}', "created_at is neither"),
        ('{"id": "a", "created_at": 1, "messages": [{"role": "king", "text": ""}]}', "role"),
        ('{"id": "a", "created_at": 1, "rating": 9}', "rating"),
        ('{"id": "a", "created_at": 1, "reopens": NaN}', "reopens"),
        ('{"id": "a", "created_at": 1, "messages": {}}', "messages is not a list"),
    ],
)
def test_a_bad_line_says_what_it_lacks(line: str, reason: str) -> None:
    """A line that is no conversation is told by number and reason, and the next one is read."""
    bad, good = parse([line, json.dumps(WHOLE)])

    assert isinstance(bad, BadLine)
    assert bad.number == 1
    assert reason in bad.reason
    assert isinstance(good, Conversation)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*WHOLE, "x"]), inner, max_size=6)
    ),
    max_leaves=12,
)


@given(JSON)
def test_nothing_crashes_the_reader(value: object) -> None:
    """Whatever JSON a line holds, it is a conversation or a bad line."""
    assert all(isinstance(found, Conversation | BadLine) for found in parse([json.dumps(value)]))
