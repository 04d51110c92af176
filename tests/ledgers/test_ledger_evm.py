"""The EVM connector against anvil: both contracts, both forms."""

from collections.abc import AsyncIterator, Iterator

import pytest
from anvil_process import Anvil, start_anvil
from evm_site import EvmSite, open_site
from ledger_suite import LedgerSuite

from rollup.core.ledger import PostingForm


@pytest.fixture
def anvil() -> Iterator[Anvil]:
    """With the state of old blocks, without which anvil does not reorganise."""
    with start_anvil() as running:
        yield running


class TestInboxFull(LedgerSuite):
    @pytest.fixture
    async def site(self, anvil: Anvil) -> AsyncIterator[EvmSite]:
        async with open_site(anvil.url, "BatchInbox", PostingForm.FULL) as site:
            yield site


class TestMirrorFull(LedgerSuite):
    @pytest.fixture
    async def site(self, anvil: Anvil) -> AsyncIterator[EvmSite]:
        async with open_site(anvil.url, "MirrorAnchor", PostingForm.FULL) as site:
            yield site


class TestMirrorHeader(LedgerSuite):
    @pytest.fixture
    async def site(self, anvil: Anvil) -> AsyncIterator[EvmSite]:
        async with open_site(anvil.url, "MirrorAnchor", PostingForm.HEADER) as site:
            yield site
