"""Fixtures of the tests against foreign ledgers and clients (scripts/install-ledgers brings what they need)."""

from collections.abc import Iterator

import pytest
from anvil_process import Anvil, start_anvil
from chain_driver import Chain


@pytest.fixture
def anvil() -> Iterator[Anvil]:
    """A fresh anvil for one test."""
    with start_anvil("--prune-history") as running:
        yield running


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    """One anvil for the tests of a module that do not mind each other, behind a synchronous driver."""
    with start_anvil("--prune-history") as running, Chain(running.url) as driver:
        yield driver
