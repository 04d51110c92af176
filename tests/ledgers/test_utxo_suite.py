"""The connector of the Bitcoin family against Litecoin Core: everything that the port asks."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from ledger_suite import LedgerSuite
from utxo_site import UtxoSite, open_site


class TestLitecoin(LedgerSuite):
    @pytest.fixture
    async def site(self, tmp_path: Path) -> AsyncIterator[UtxoSite]:
        async with open_site(tmp_path) as site:
            yield site
