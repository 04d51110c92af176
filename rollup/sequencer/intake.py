"""The way of a transaction from raw bytes to an acknowledged place in the pool, and out of it again after a block."""

import asyncio
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from rollup.core.admission import check_sender_code, check_transaction, is_replay_protected
from rollup.core.errors import (
    AlreadyKnown,
    ExecutionTooLong,
    RollupError,
    SettlementBacklog,
    TransactionRejected,
    TransactionTooLarge,
    UnprotectedTransaction,
)
from rollup.core.execution import AccountState, BlockResult, Candidate, Dropped
from rollup.core.genesis import ChainRule
from rollup.core.hashes import keccak
from rollup.core.ids import Address, BlockNumber, Hash
from rollup.core.transaction import Transaction, decode_transaction, recover_sender
from rollup.sequencer import reasons
from rollup.sequencer.accounts import ADDRESSES_PER_READ, AccountCache, AccountLoader, SenderAccount
from rollup.sequencer.journal_writer import JournalWriter
from rollup.sequencer.mempool import Admitted, Mempool, TakeLimits
from rollup.sequencer.ports import SequencerPorts
from rollup.sequencer.reasons import Reasons
from rollup.sequencer.sender_queue import PooledTransaction
from rollup.sequencer.settings import SequencerSettings
from rollup.sequencer.strikes import Strikes


class Intake:
    """Owns what goes in and out of the pool. Pool, account cache and journal know nothing of each other.

    ``head`` gives the number of the last sealed block; ``on_admitted`` is called whenever a block may have more to do.
    """

    def __init__(
        self,
        ports: SequencerPorts,
        rule: ChainRule,
        settings: SequencerSettings,
        head: Callable[[], BlockNumber],
        on_admitted: Callable[[], None],
    ) -> None:
        self._ports = ports
        self._rule = rule
        self._settings = settings
        self._on_admitted = on_admitted
        fee_cap_min = max(settings.pool.fee_cap_min_wei, rule.fee.base_fee_min_wei)  # below it nothing is ever included
        self.pool = Mempool(replace(settings.pool, fee_cap_min_wei=fee_cap_min))
        self.reasons = Reasons(settings.reasons_max)
        self._strikes = Strikes(settings.pool.strike_s)
        self._senders: dict[Hash, Address] = {}
        """Of what the block in the making may hold."""
        self._cache = AccountCache(settings.accounts_max)
        self._loader = AccountLoader(ports.executor, self._cache, head)
        self._journal = JournalWriter(ports.journal, settings.waiting_max)

    async def run(self) -> None:
        """Serve account reads and the journal forever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._loader.run())
            group.create_task(self._journal.run())

    async def submit(self, raw: bytes) -> Hash:
        """Admit a user's transaction. Returns its hash once it survives a crash of the process.

        Raises Rejected leaves. A caller that is cancelled meanwhile may find the transaction in the pool all the same.
        """
        if self._ports.backlog.is_full():
            raise SettlementBacklog()
        transaction, sender = self._read(raw)
        account = await self._loader.load(sender)
        self._admit(transaction, account)
        try:
            await self._journal.append(transaction.hash, raw)
        except RollupError:
            self.pool.remove(transaction.hash)
            raise
        self._ports.pending.on_pending(transaction, sender)
        return transaction.hash

    def _read(self, raw: bytes) -> tuple[Transaction, Address]:
        if len(raw) > self._rule.transaction_bytes_max:  # before anything reads it: megabytes take seconds to decode
            raise TransactionTooLarge(f"transaction size {len(raw)}, limit {self._rule.transaction_bytes_max}")
        if self.pool.find(keccak(raw)) is not None:
            raise AlreadyKnown()
        transaction = decode_transaction(raw)
        if not (is_replay_protected(transaction) or self._settings.pool.unprotected_allowed):
            raise UnprotectedTransaction()
        check_transaction(transaction, self._rule)
        return transaction, recover_sender(transaction)

    def _admit(self, transaction: Transaction, account: SenderAccount) -> Admitted:
        check_sender_code(account.state, delegated=account.delegated)
        now = self._ports.pool_clock()
        wait_s = self._strikes.left_s(account.state.address, now)
        if wait_s:
            raise ExecutionTooLong(f"an earlier transaction of this sender; try again in {math.ceil(wait_s)} s")
        admitted = self.pool.admit(transaction, account.state, now)
        self.reasons.clear(transaction.hash)
        self._depart(admitted.evicted, reasons.EVICTED)
        if admitted.replaced is not None:
            self._depart([admitted.replaced], reasons.REPLACED)
        self._on_admitted()
        return admitted

    async def replay(self) -> int:
        """Take the journal back into the pool; what no longer fits leaves it. Returns how many were taken."""
        raws = await asyncio.to_thread(self._ports.journal.replay)
        taken = 0
        for first in range(0, len(raws), ADDRESSES_PER_READ):
            taken += await self._replay_some(raws[first : first + ADDRESSES_PER_READ])
        return taken

    async def _replay_some(self, raws: Sequence[bytes]) -> int:
        read: list[tuple[Transaction, Address]] = []
        for raw in raws:
            try:
                read.append(self._read(raw))
            except TransactionRejected as error:
                self._refuse(keccak(raw), error)
        unknown = {sender for _, sender in read if self._cache.get(sender) is None}
        await self._loader.read_patiently(tuple(unknown))
        taken = 0
        for transaction, sender in read:
            try:
                self._admit(transaction, await self._loader.load(sender))
                taken += 1
            except TransactionRejected as error:
                self._refuse(transaction.hash, error)
        return taken

    def _refuse(self, transaction_hash: Hash, error: TransactionRejected) -> None:
        self.reasons.note(transaction_hash, str(error))
        self._journal.forget([transaction_hash])

    # --- blocks -------------------------------------------------------------------------------------------------------

    def take(self, limits: TakeLimits) -> tuple[Candidate, ...]:
        """The next block's candidates. ``settle`` must follow."""
        taken = self.pool.take(limits)
        self._senders = {pooled.hash: pooled.sender for pooled in taken}
        return tuple(Candidate(pooled.transaction.raw, pooled.sender) for pooled in taken)

    def settle(self, result: BlockResult) -> None:
        """Bring the pool to the state after a block (or after an attempt that sealed none)."""
        included: set[Hash] = set()
        if result.block is not None:
            included.update(receipt.transaction_hash for receipt in result.block.receipts)
            self._follow(result.accounts, result.block.header.number, included)
        self._leave(included)
        self.pool.restore()
        now = self._ports.pool_clock()
        for dropped in result.dropped:
            self._drop(dropped, now)
        self.pool.wake(now)
        self._depart(self.pool.expire(now), reasons.EXPIRED)

    def release(self) -> None:
        """The block was not built after all: give back what was taken."""
        self.pool.restore()

    def _follow(self, accounts: Iterable[AccountState], number: BlockNumber, included: set[Hash]) -> None:
        for account in accounts:
            self._cache.update(account, number)
            stale = self.pool.update(account)
            self._depart([pooled for pooled in stale if pooled.hash not in included], reasons.OVERTAKEN)

    def _leave(self, included: set[Hash]) -> None:
        for transaction_hash in included:
            self.pool.remove(transaction_hash)
            self.reasons.clear(transaction_hash)
        self._journal.forget(included)

    def _drop(self, dropped: Dropped, now: float) -> None:
        if not dropped.final:
            self.pool.stall(dropped.transaction_hash, now)
            return
        self.pool.remove(dropped.transaction_hash)
        self.reasons.note(dropped.transaction_hash, dropped.message)
        self._journal.forget([dropped.transaction_hash])
        sender = self._senders.get(dropped.transaction_hash)  # the pool may have seen it replaced meanwhile
        if sender is not None and dropped.error == ExecutionTooLong.__name__:
            self._strikes.note(sender, now)

    def _depart(self, gone: Iterable[PooledTransaction], words: str) -> None:
        hashes = [pooled.hash for pooled in gone]
        for transaction_hash in hashes:
            self.reasons.note(transaction_hash, words)
        self._journal.forget(hashes)
