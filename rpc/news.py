"""What happens to a chain, as those who listen are told: new heads, logs that come and go, waiting transactions.

Texts are encoded when the first listener needs them and shared by all.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from rollup.core.block import Block
from rollup.core.heads import Heads
from rollup.core.ids import Address, BlockNumber
from rollup.core.logs import FoundLog
from rollup.core.transaction import Transaction
from rpc.hexes import data, quantity
from rpc.json_codec import encode_json
from rpc.shapes.block import header_json
from rpc.shapes.log import found_json
from rpc.shapes.transaction import transaction_json

Topic = Literal["newHeads", "logs", "newPendingTransactions", "syncing", "rewinds"]
NEWS_BYTES = 300
"""What a piece of news takes beside its payload, rounded up."""


@dataclass(frozen=True)
class LogNews:
    """``removed``: its block is no longer canonical."""

    found: FoundLog
    removed: bool = False

    @cached_property
    def text(self) -> bytes:
        return encode_json(found_json(self.found) | {"removed": self.removed})

    @property
    def bytes_held(self) -> int:
        return log_bytes(self.found)


@dataclass(frozen=True)
class HeadAdded:
    serial: int
    text: bytes

    @property
    def bytes_held(self) -> int:
        return NEWS_BYTES + len(self.text)


@dataclass(frozen=True)
class LogsChanged:
    """Logs of one block that was added, or of blocks that were removed (newest first)."""

    serial: int
    logs: tuple[LogNews, ...]

    @property
    def bytes_held(self) -> int:
        return NEWS_BYTES + sum(log.bytes_held for log in self.logs)


@dataclass(frozen=True)
class TransactionWaits:
    serial: int
    transaction: Transaction
    sender: Address

    @cached_property
    def hash_text(self) -> bytes:
        return encode_json(data(self.transaction.hash))

    @cached_property
    def text(self) -> bytes:
        return encode_json(transaction_json(self.transaction, self.sender, position=None))

    @property
    def bytes_held(self) -> int:
        return NEWS_BYTES + len(self.transaction.raw)


@dataclass(frozen=True)
class SyncChanged:
    serial: int
    text: bytes

    @property
    def bytes_held(self) -> int:
        return NEWS_BYTES


@dataclass(frozen=True)
class ChainRewound:
    """Blocks above ``number`` are gone. ``logs`` are theirs, newest first, as far as they are remembered."""

    serial: int
    number: BlockNumber
    logs: tuple[LogNews, ...]

    @property
    def bytes_held(self) -> int:
        return NEWS_BYTES


News = HeadAdded | LogsChanged | TransactionWaits | SyncChanged | ChainRewound


def log_bytes(found: FoundLog) -> int:
    """What a log takes in memory, about."""
    return NEWS_BYTES + len(found.log.data) + 32 * len(found.log.topics)


def head_text(block: Block) -> bytes:
    """The header as ``newHeads`` shows it."""
    return encode_json(header_json(block.header))


def syncing_json(heads: Heads, starting_block: BlockNumber) -> object:
    """The answer of eth_syncing: False only when every block that is known to exist was executed here."""
    if heads.received <= heads.unsafe:
        return False
    return {
        "startingBlock": quantity(min(starting_block, heads.unsafe)),
        "currentBlock": quantity(heads.unsafe),
        "highestBlock": quantity(heads.received),
    }


def find_block_logs(block: Block) -> tuple[FoundLog, ...]:
    """All logs of a block, in order."""
    header, found = block.header, list[FoundLog]()
    for position, receipt in enumerate(block.receipts):
        place = (header.number, header.hash, header.timestamp, receipt.transaction_hash, position)
        found += [FoundLog(log, *place, index) for index, log in enumerate(receipt.logs, start=len(found))]
    return tuple(found)
