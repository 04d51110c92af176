"""The sequencer: takes transactions, orders them, seals blocks and gives its word on them.

    submit > decode, recover, check > pool > journal (synced) > hash to the caller
    pool + ledger input > virtual machine (committed) > block log (synced) > signature > listeners

With ``block_interval_s == idle_block_interval_s``, no signer and the parts of ``standalone`` it is the block producer
of a plain EVM chain.
"""

import asyncio

from rollup.core.block import BlockHeader
from rollup.core.errors import StartingUp
from rollup.core.genesis import ChainRule
from rollup.core.ids import Address, Hash
from rollup.core.transaction import Transaction
from rollup.sequencer.block_builder import BlockBuilder, Signer
from rollup.sequencer.intake import Intake
from rollup.sequencer.mempool import PoolContent
from rollup.sequencer.ports import SequencerPorts
from rollup.sequencer.settings import SequencerSettings, check_transaction_fits_block


class Sequencer:
    """``start`` once, then ``run`` forever; ``submit`` answers while ``run`` runs. Raises BadConfig when the settings
    contradict the chain's rule."""

    def __init__(
        self, ports: SequencerPorts, rule: ChainRule, settings: SequencerSettings, signer: Signer | None = None
    ) -> None:
        check_transaction_fits_block(rule, settings.block)
        self._is_started = False
        self._builder = BlockBuilder(ports, rule, settings.block, signer)
        self._intake = Intake(ports, rule, settings, lambda: self._builder.head_number, self._builder.wake)

    async def start(self) -> int:
        """Catch up with what was committed before the last stop, and take the journal back.

        Returns how many transactions the journal brought. Raises StoreCorrupted, StateRootMismatch.
        """
        await self._builder.start()
        taken = await self._intake.replay()
        self._is_started = True
        return taken

    async def run(self) -> None:
        """Seal blocks and serve submissions forever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._intake.run())
            group.create_task(self._builder.run(self._intake))

    async def submit(self, raw: bytes) -> Hash:
        """Admit a user's transaction. Returns its hash once it survives a crash. Raises Rejected leaves (StartingUp
        before ``start`` is through), DiskFull."""
        if not self._is_started:
            raise StartingUp()
        return await self._intake.submit(raw)

    def wake(self) -> None:
        """There may be work that the pool does not know of: ledger input arrived, the backlog cleared."""
        self._builder.wake()

    # --- views for those who ask --------------------------------------------------------------------------------------

    @property
    def head(self) -> BlockHeader:
        """The last block that is stored and announced."""
        return self._builder.head

    def pending_nonce(self, address: Address) -> int | None:
        """The next nonce after the account's pending transactions; None when the pool holds nothing of it."""
        return self._intake.pool.pending_nonce(address)

    def find(self, transaction_hash: Hash) -> tuple[Transaction, Address] | None:
        """A transaction that waits, and its sender."""
        pooled = self._intake.pool.find(transaction_hash)
        return None if pooled is None else (pooled.transaction, pooled.sender)

    def find_reason(self, transaction_hash: Hash) -> str | None:
        """Why a transaction left the pool without a block, while that is remembered."""
        return self._intake.reasons.find(transaction_hash)

    @property
    def counts(self) -> tuple[int, int]:
        """(pending, queued) transactions."""
        return self._intake.pool.counts

    @property
    def bytes_held(self) -> int:
        """Raw bytes of everything in the pool."""
        return self._intake.pool.bytes_held

    def content(self, address: Address | None = None) -> PoolContent:
        """A snapshot of the pool, or of one sender's part of it. Costs time in proportion."""
        return self._intake.pool.snapshot(address)
