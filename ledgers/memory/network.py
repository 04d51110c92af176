"""The memory network as a process: mines by hand or by the clock, keeps its file, and fails when told to."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ledgers.memory.chain import MemoryBlock, MemoryChain, MemoryRules, build_block, memory_ledger_id
from ledgers.memory.journal import MemoryJournal, Record
from ledgers.memory.transaction import CarrierTransaction, build_unsigned, decode_transaction
from rollup.core.errors import BadDataDirectory, PostingRefused, StoreCorrupted
from rollup.core.ids import Address, Hash, LedgerId
from rollup.core.ledger import LedgerBlock

JOURNAL_VERSION = 1


class MemoryNetwork:
    """One network, shared by any number of `MemoryReader` and `MemoryLedger` in the process.

    With ``path`` the chain is durable before any reader sees it, and a new object on the same path continues it. The
    pool is not kept: who posted posts again. Raises BadDataDirectory when the file is another ledger's.
    """

    def __init__(self, rules: MemoryRules, path: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        self.chain = MemoryChain(rules)
        self.halted = False
        self._clock = clock
        self._journal = MemoryJournal(path) if path else None
        self._lock = asyncio.Lock()
        self._changed = asyncio.Event()
        self._salt = 0
        self._puts = 0
        self._open_journal()

    @property
    def ledger_id(self) -> LedgerId:
        return memory_ledger_id(self.chain.rules.name)

    async def run(self) -> None:
        """Mine a block every ``block_time_s`` for ever, except while halted."""
        while True:
            await asyncio.sleep(self.chain.rules.block_time_s)
            await self.mine()

    async def mine(self, count: int = 1) -> tuple[LedgerBlock, ...]:
        """Add blocks with what waits in the pool. While halted nothing is added."""
        mined: list[LedgerBlock] = []
        for _ in range(0 if self.halted else count):
            async with self._lock:
                block = self._next_block(self.chain.head, self.chain.choose_transactions())
                await self._commit([_block_record(block)], partial(self.chain.append, block))
            mined.append(block.block)
        return tuple(mined)

    async def wait_for_height(self, height: int) -> None:
        """Return once the tip is there or above."""
        while self.chain.head.height < height:
            await self._changed.wait()

    async def reorg(self, depth: int, *, keep_transactions: bool) -> tuple[LedgerBlock, ...]:
        """Replace the top ``depth`` blocks by as many empty ones and return the dropped blocks, lowest first. Their
        transactions go back to the pool, or are forgotten by every node."""
        async with self._lock:
            depth = min(depth, self.chain.head.height)
            parent = self.chain.block_at(self.chain.head.height - depth).block
            self._salt += 1
            branch: list[MemoryBlock] = []
            for _ in range(depth):
                branch.append(self._next_block(branch[-1].block if branch else parent, ()))
            removed = tuple(self.chain.block_at(parent.height + 1 + index) for index in range(depth))
            change = partial(self._replace_top, tuple(branch), keep_transactions=keep_transactions)
            await self._commit([{"revert": depth}, *map(_block_record, branch)], change)
        return tuple(block.block for block in removed)

    def halt(self) -> None:
        """No new blocks until `resume`; nodes still answer and take transactions."""
        self.halted = True

    def resume(self) -> None:
        self.halted = False

    def put_raw(self, payload: bytes) -> Hash:
        """Anyone's bytes: the next block carries them at no cost. Nothing here checks a payload."""
        transaction = build_unsigned(self._puts, payload)
        self._puts += 1
        self.chain.pool[transaction.tx_id] = transaction
        return transaction.tx_id

    def drop(self, tx_id: Hash) -> bool:
        """Forget a waiting transaction, as every node may. False when it is not waiting."""
        return self.chain.pool.pop(tx_id, None) is not None

    def set_fee_floor(self, fee_per_byte: int) -> None:
        """What is below neither enters the pool nor a block."""
        self.chain.fee_floor = fee_per_byte

    async def fund(self, account: Address, amount: int) -> None:
        """Create money."""
        async with self._lock:
            await self._commit([_fund_record(account, amount)], partial(self.chain.fund, account, amount))

    def _next_block(self, parent: LedgerBlock, transactions: tuple[CarrierTransaction, ...]) -> MemoryBlock:
        return build_block(parent, int(self._clock()), self._salt, transactions)

    def _replace_top(self, branch: tuple[MemoryBlock, ...], *, keep_transactions: bool) -> None:
        removed = self.chain.revert(len(branch))
        for block in branch:
            self.chain.append(block)
        for transaction in (known for block in removed for known in block.transactions if keep_transactions):
            self.chain.pool[transaction.tx_id] = transaction

    async def _commit(self, records: list[Record], change: Callable[[], None]) -> None:
        """File first, then memory. A caller that is cancelled waits for both: they must not part."""
        cancelled: asyncio.CancelledError | None = None
        if self._journal is not None:
            writing = asyncio.get_running_loop().run_in_executor(None, self._journal.append, records)
            while not writing.done():
                try:
                    await asyncio.shield(writing)
                except asyncio.CancelledError as error:
                    cancelled = error
            writing.result()
        change()
        self._changed.set()
        self._changed = asyncio.Event()
        if cancelled is not None:
            raise cancelled

    def _open_journal(self) -> None:
        rules = self.chain.rules
        start: list[Record] = [{"ledger": rules.name, "version": JOURNAL_VERSION}]
        start += [_fund_record(account, amount) for account, amount in rules.accounts]
        records = self._journal.read() if self._journal else []
        if records and records[0] != start[0]:
            raise BadDataDirectory(f"the file of memory ledger {rules.name!r} belongs to another ledger: {records[0]}")
        if self._journal and not records:
            self._journal.append(start)
        try:
            for record in (records or start)[1:]:
                self._replay(record)
        except (KeyError, TypeError, ValueError, PostingRefused) as error:
            raise StoreCorrupted(f"the file of memory ledger {rules.name!r} does not replay: {error}") from error

    def _replay(self, record: Record) -> None:
        match record:
            case {"fund": [str(account), int(amount)]}:
                self.chain.fund(Address(bytes.fromhex(account)), amount)
            case {"revert": int(depth)}:
                self.chain.revert(depth)
            case {"block": [int(stamp), int(salt), list(raws)]}:
                transactions = tuple(decode_transaction(self.chain.genesis_hash, bytes.fromhex(raw)) for raw in raws)
                self.chain.append(build_block(self.chain.head, stamp, salt, transactions))
                self._salt = max(self._salt, salt)
                self._puts = max([self._puts, *(known.nonce + 1 for known in transactions if known.sender is None)])
            case _:
                raise ValueError("unknown record")


def _block_record(block: MemoryBlock) -> Record:
    return {"block": [block.block.time, block.salt, [transaction.raw.hex() for transaction in block.transactions]]}


def _fund_record(account: Address, amount: int) -> Record:
    return {"fund": [account.hex(), amount]}
