"""A ledger that one process holds, read by another over real HTTP: the ledger suite through server and client."""

from collections.abc import AsyncIterator

import pytest
from ledger_suite import LedgerSite, LedgerSuite
from listening import listening
from memory_site import MemorySite

from ledgers.remote import RemoteLedger, serve_methods
from ledgers.transport import RpcTransport, TransportSettings
from rollup.core.ledger import PostingForm


class TestRemoteOverHttp(LedgerSuite):
    @pytest.fixture(params=[PostingForm.POINTER, PostingForm.FULL])
    async def site(self, request: pytest.FixtureRequest) -> AsyncIterator[LedgerSite]:
        site = MemorySite(request.param)
        async with (
            listening(extra_methods=serve_methods(site.node)) as server,
            RpcTransport(TransportSettings(server.url)) as transport,
        ):
            site.reader = RemoteLedger(transport, site.node.ledger_id)
            yield site
