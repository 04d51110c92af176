"""The in-process ledger as a `LedgerSite`."""

from ledger_suite import ROLLUP_ID, PostingLedger

from ledgers.memory import MemoryLedger, MemoryNetwork, MemoryPosting, MemoryRules
from rollup.core.hashes import address_of, keccak
from rollup.core.ids import Hash
from rollup.core.ledger import CarriesPostings, Ledger, PostingForm

KEY = bytes(keccak(b"poster of the conformance tests"))
RULES = MemoryRules(name="conformance", finality_depth=3, accounts=((address_of(KEY), 10**9),))


class MemorySite:
    """A `LedgerSite` whose reader and poster are one node."""

    finality_depth = RULES.finality_depth

    def __init__(self, form: PostingForm) -> None:
        self.network = MemoryNetwork(RULES)
        self.node = MemoryLedger(self.network, ROLLUP_ID, MemoryPosting(KEY, form))
        self.reader: Ledger = self.node
        self.poster: PostingLedger = self.node

    async def mine(self, count: int = 1) -> None:
        await self.network.mine(count)

    async def reorg(self, depth: int) -> None:
        await self.network.reorg(depth, keep_transactions=False)

    async def put_garbage(self) -> None:
        for payload in (b"", b"hello", bytes(49), b"ENTR" + bytes(45), b"\xc3\x80\x80\x80", b"\xf8" * 60):
            self.network.put_raw(payload)

    async def drop(self, tx_id: Hash) -> None:
        assert self.network.drop(tx_id)

    async def go_offline(self) -> None:
        self.node.go_offline()

    async def go_online(self) -> None:
        self.node.go_online()

    async def switch_chain(self) -> None:
        self.node.serve_network(MemoryNetwork(MemoryRules(name="another")))

    async def open_poor(self) -> CarriesPostings:
        return MemoryLedger(self.network, ROLLUP_ID, MemoryPosting(bytes(keccak(b"poor")), self.node.posting_form))
