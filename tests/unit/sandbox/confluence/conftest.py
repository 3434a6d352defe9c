"""An emulated Confluence for each test, empty but for its home pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from confluence_wiki import Wiki

from kbsync.sandbox.store import Store


@pytest.fixture
def store() -> Iterator[Store]:
    made = Store()
    yield made
    made.close()


@pytest.fixture
def wiki(store: Store) -> Wiki:
    return Wiki(store)


@pytest.fixture
def datacenter(store: Store) -> Wiki:
    return Wiki(store, "datacenter")
