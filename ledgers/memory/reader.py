"""One node of the memory network, for reading; and what a bad node does: silence, lateness, lag, lies."""

import asyncio

from ledgers.memory.chain import MemoryBlock
from ledgers.memory.network import MemoryNetwork
from ledgers.memory.transaction import CarrierTransaction
from rollup.core.batch import decode_pointer, decode_posting
from rollup.core.errors import LedgerUnavailable, MalformedBatch, UnknownBlock, WrongLedger
from rollup.core.ids import Hash, LedgerId
from rollup.core.ledger import LedgerBlock, LedgerHead, PostingForm, SeenPosting


class MemoryReader:
    """Fits the port `Ledger`. The fault methods change what this one node answers, never the network."""

    def __init__(self, network: MemoryNetwork, rollup_id: int, posting_form: PostingForm = PostingForm.POINTER) -> None:
        self.network = network
        self._ledger_id = network.ledger_id
        self._rollup_id = rollup_id
        self._posting_form = posting_form
        self._online = True
        self._delay_s = 0.0
        self._lag = 0
        self._false_hashes: dict[int, Hash] = {}
        self._false_postings: dict[Hash, SeenPosting | None] = {}

    # --- the port ---

    @property
    def ledger_id(self) -> LedgerId:
        return self._ledger_id

    async def read_head(self) -> LedgerHead:
        await self._answer()
        tip = self._tip()
        return LedgerHead(self._serve(self._block_at(tip)), max(tip - self.network.chain.rules.finality_depth, -1))

    async def read_block(self, height: int) -> LedgerBlock:
        await self._answer()
        return self._serve(self._block_at(height))

    async def read_postings(self, first: int, last: int) -> tuple[SeenPosting, ...]:
        """Raises UnknownBlock when ``last`` is above the tip."""
        await self._answer()
        if last >= first:
            self._block_at(last)
        blocks = self.network.chain.blocks_between(first, last)
        seen = [self._decode(block, position) for block in blocks for position in range(len(block.transactions))]
        return tuple(posting for posting in seen if posting is not None)

    # --- faults ---

    def go_offline(self) -> None:
        """Every question ends in LedgerUnavailable."""
        self._online = False

    def go_online(self) -> None:
        self._online = True

    def delay(self, seconds: float) -> None:
        """Answer every question so much later."""
        self._delay_s = seconds

    def lag(self, blocks: int) -> None:
        """Know nothing of the newest ``blocks`` blocks."""
        self._lag = blocks

    def lie_about_block(self, height: int, block_hash: Hash) -> None:
        """Serve another hash for a block (its children still name the true one)."""
        self._false_hashes[height] = block_hash

    def lie_about_posting(self, tx_id: Hash, posting: SeenPosting | None) -> None:
        """Serve another posting in the place of one, or withhold it (None)."""
        self._false_postings[tx_id] = posting

    def tell_truth(self) -> None:
        """End all lies."""
        self._false_hashes.clear()
        self._false_postings.clear()

    def serve_network(self, network: MemoryNetwork) -> None:
        """Be a node of another network from now on: what a caller sees when the machine at an address changes."""
        self.network = network

    # --- how it answers ---

    async def _answer(self) -> None:
        if self._delay_s:
            await asyncio.sleep(self._delay_s)
        if not self._online:
            raise LedgerUnavailable(f"{self._ledger_id} is offline")
        if self.network.ledger_id != self._ledger_id:
            raise WrongLedger(f"{self.network.ledger_id}, not {self._ledger_id}")

    def _tip(self) -> int:
        return max(self.network.chain.head.height - self._lag, 0)

    def _block_at(self, height: int) -> MemoryBlock:
        if height > self._tip():
            raise UnknownBlock(f"height {height}, the tip is {self._tip()}")
        return self.network.chain.block_at(height)

    def _serve(self, block: MemoryBlock) -> LedgerBlock:
        true = block.block
        return LedgerBlock(true.height, self._false_hashes.get(true.height, true.hash), true.parent_hash, true.time)

    def _decode(self, block: MemoryBlock, position: int) -> SeenPosting | None:
        transaction = block.transactions[position]
        if transaction.tx_id in self._false_postings:
            return self._false_postings[transaction.tx_id]
        try:
            return self._read_payload(transaction, self._serve(block), position)
        except MalformedBatch:  # garbage counts for nothing
            return None

    def _read_payload(self, transaction: CarrierTransaction, block: LedgerBlock, position: int) -> SeenPosting | None:
        if self._posting_form is PostingForm.POINTER:
            pointer = decode_pointer(transaction.payload)
            rollup_id, number, digest, batch = pointer.rollup_id, pointer.number, pointer.batch_hash, None
        else:
            batch = decode_posting(transaction.payload)
            rollup_id, number, digest = batch.header.rollup_id, batch.header.number, batch.hash
        if rollup_id != self._rollup_id:
            return None
        return SeenPosting(number, digest, batch, transaction.tx_id, block.height, block.hash, position)
