"""The hub between the node, which tells what happens to its chain, and those who want to be told: WebSocket
connections, filters, calls that wait for a block.

The node calls ``on_block``, ``on_rewind``, ``on_pending`` and ``on_heads``; they return at once and keep little: the
newest blocks' logs, so that a reorganisation can be told log by log (``removed: true``).
"""

import asyncio
from collections import deque
from typing import Protocol

from rollup.core.block import Block
from rollup.core.confirmation import SoftConfirmation
from rollup.core.heads import Heads
from rollup.core.ids import Address, BlockNumber
from rollup.core.logs import FoundLog
from rollup.core.transaction import Transaction
from rpc.json_codec import encode_json
from rpc.news import (
    ChainRewound,
    HeadAdded,
    LogNews,
    LogsChanged,
    News,
    SyncChanged,
    Topic,
    TransactionWaits,
    find_block_logs,
    head_text,
    log_bytes,
    syncing_json,
)

REMEMBERED_BLOCKS_MAX = 1024
REMEMBERED_BYTES_MAX = 16 * 1024 * 1024


class Hearer(Protocol):
    def on_news(self, news: News) -> None:
        """Must return at once and raise nothing."""
        ...


class ChainFeed:
    """One per chain. Not thread-safe: the event loop's."""

    def __init__(self) -> None:
        self._hearers: dict[Topic, dict[Hearer, None]] = {}
        self._logs: deque[tuple[BlockNumber, tuple[FoundLog, ...]]] = deque()
        self._log_bytes = 0
        self._next_block = asyncio.Event()
        self._is_syncing = False
        self._sync_start = BlockNumber(0)
        self.serial = 0
        """Grows with every piece of news."""

    # --- those who listen ---------------------------------------------------------------------------------------------

    def listen(self, topic: Topic, hearer: Hearer) -> None:
        """From now on ``hearer`` is told, once per piece of news however often this is called."""
        self._hearers.setdefault(topic, {})[hearer] = None

    def leave(self, topic: Topic, hearer: Hearer) -> None:
        self._hearers.get(topic, {}).pop(hearer, None)

    @property
    def next_block(self) -> asyncio.Event:
        """Set when the next block comes: take it, look at the chain, then wait for it."""
        return self._next_block

    # --- what the node tells ------------------------------------------------------------------------------------------

    def on_block(self, block: Block, confirmation: SoftConfirmation | None) -> None:
        """A block that is stored: it can be asked for."""
        del confirmation
        logs = find_block_logs(block)
        self._remember(block.header.number, logs)
        self.serial += 1
        if self._is_heard("newHeads"):
            self._tell("newHeads", HeadAdded(self.serial, head_text(block)))
        if logs and self._is_heard("logs"):
            self._tell("logs", LogsChanged(self.serial, tuple(LogNews(found) for found in logs)))
        self._next_block.set()
        self._next_block = asyncio.Event()

    def on_rewind(self, number: BlockNumber) -> None:
        """Blocks above ``number`` are no longer canonical."""
        self.serial += 1
        removed: list[LogNews] = []
        while self._logs and self._logs[-1][0] > number:
            removed += [LogNews(found, removed=True) for found in reversed(self._forget(newest=True))]
        self._tell("rewinds", ChainRewound(self.serial, number, tuple(removed)))
        if removed:
            self._tell("logs", LogsChanged(self.serial, tuple(removed)))

    def on_pending(self, transaction: Transaction, sender: Address) -> None:
        """A transaction was admitted."""
        if self._is_heard("newPendingTransactions"):
            self.serial += 1
            self._tell("newPendingTransactions", TransactionWaits(self.serial, transaction, sender))

    def on_heads(self, heads: Heads) -> None:
        """Labels moved: tells when the node begins or ceases to lag behind what it knows to exist."""
        is_syncing = heads.received > heads.unsafe
        if is_syncing == self._is_syncing:
            return
        self._is_syncing = is_syncing
        self._sync_start = heads.unsafe
        self.serial += 1
        status = syncing_json(heads, self._sync_start)
        shape = {"syncing": True, "status": status} if is_syncing else False
        self._tell("syncing", SyncChanged(self.serial, encode_json(shape)))

    def _is_heard(self, topic: Topic) -> bool:
        return bool(self._hearers.get(topic))

    def _tell(self, topic: Topic, news: News) -> None:
        for hearer in tuple(self._hearers.get(topic, ())):
            hearer.on_news(news)

    def _remember(self, number: BlockNumber, logs: tuple[FoundLog, ...]) -> None:
        if not logs:
            return
        self._logs.append((number, logs))
        self._log_bytes += sum(map(log_bytes, logs))
        while len(self._logs) > REMEMBERED_BLOCKS_MAX or (
            self._log_bytes > REMEMBERED_BYTES_MAX and len(self._logs) > 1
        ):
            self._forget(newest=False)

    def _forget(self, *, newest: bool) -> tuple[FoundLog, ...]:
        _, logs = self._logs.pop() if newest else self._logs.popleft()
        self._log_bytes -= sum(map(log_bytes, logs))
        return logs
