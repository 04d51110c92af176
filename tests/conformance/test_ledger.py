"""The in-process ledger in each posting form, directly and from another process' point of view."""

import json
from collections.abc import Mapping

import pytest
from ledger_suite import LedgerSite, LedgerSuite
from memory_site import MemorySite

from ledgers.remote import Method, RemoteLedger, serve_methods
from rollup.core.ledger import PostingForm


class ServedMethods:
    """The methods of `serve_methods` behind the caller's port, with every value through JSON."""

    def __init__(self, methods: Mapping[str, Method]) -> None:
        self._methods = methods

    async def call(self, method: str, *params: object) -> object:
        answer: object = json.loads(json.dumps(await self._methods[method](*json.loads(json.dumps(params)))))
        return answer


class TestMemoryPointer(LedgerSuite):
    @pytest.fixture
    def site(self) -> LedgerSite:
        return MemorySite(PostingForm.POINTER)


class TestMemoryHeader(LedgerSuite):
    @pytest.fixture
    def site(self) -> LedgerSite:
        return MemorySite(PostingForm.HEADER)


class TestMemoryFull(LedgerSuite):
    @pytest.fixture
    def site(self) -> LedgerSite:
        return MemorySite(PostingForm.FULL)


class TestRemoteOverMemory(LedgerSuite):
    @pytest.fixture(params=[PostingForm.POINTER, PostingForm.FULL])
    def site(self, request: pytest.FixtureRequest) -> LedgerSite:
        site = MemorySite(request.param)
        site.reader = RemoteLedger(ServedMethods(serve_methods(site.node)), site.node.ledger_id)
        return site
