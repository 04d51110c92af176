"""Sealed blocks and what finds them: by number, by hash, by a transaction, by a log."""

from threading import Lock

from rollup.core.block import Block, BlockHeader
from rollup.core.block_codec import decode_block, encode_block, header_fields, read_header
from rollup.core.errors import MalformedBatch, StoreCorrupted, TooManyLogs
from rollup.core.ids import BlockNumber, Hash
from rollup.core.logs import FoundLog, LogFilter, is_match
from rollup.core.rlp_items import decode_rlp, encode_rlp
from rollup.store.database import Database
from rollup.store.keys import BLOCK_NUMBERS, BLOCKS, HEADERS, TRANSACTIONS, number_key, read_number
from rollup.store.log_index import find_blocks, log_index_keys
from rollup.store.recent_blocks import RecentBlocks

RECENT_BLOCKS_MAX = 64
REWIND_BLOCKS_MAX = 256
"""Blocks dropped in one write, so that a deep rewind needs little memory."""


class BlockStore:
    """One writer, any readers, on any threads. Numbers have no gap; the first block held may be 0 or any other."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._recent = RecentBlocks(RECENT_BLOCKS_MAX)
        self._write_lock = Lock()
        row = database.first(BLOCKS.prefix, reverse=True)
        self._head = None if row is None else BlockNumber(read_number(row[0]))

    def append_block(self, block: Block) -> None:
        """Block and indexes in one synced write; a block that is held already is no fault. Raises DiskFull, and
        StoreCorrupted for a block that does not follow the head."""
        number = block.header.number
        with self._write_lock:
            if self.number_of(block.header.hash) == number:
                return
            self._check_follows(block)
            self._database.write(_rows_of(block))
            self._recent.keep(block, self._recent.rewinds)
            self._head = number

    def head_number(self) -> BlockNumber | None:
        """None while no block is held."""
        return self._head

    def block(self, number: BlockNumber) -> Block | None:
        """None where it is not held."""
        if self._head is None or number > self._head:
            return None
        rewinds = self._recent.rewinds
        block = self._recent.find(number)
        if block is None:
            record = self._database.get(BLOCKS.key(number_key(number)))
            if record is None:
                return None
            block = self._decode(number, record)
            self._recent.keep(block, rewinds)
        return block

    def held_block(self, number: BlockNumber) -> Block | None:
        """The block where it is in memory, decoded; None says nothing."""
        return self._recent.find(number)

    def header(self, number: BlockNumber) -> BlockHeader | None:
        """None where it is not held. Cheaper than the block."""
        block = self._recent.find(number)
        if block is not None:
            return block.header
        record = self._database.get(HEADERS.key(number_key(number)))
        if record is None:
            return None
        try:
            return read_header(decode_rlp(record))
        except MalformedBatch as error:
            raise self._damaged(number, error) from error

    def number_of(self, block_hash: Hash) -> BlockNumber | None:
        """None for hashes of no block held."""
        row = self._database.get(BLOCK_NUMBERS.key(block_hash))
        return None if row is None else BlockNumber(read_number(row))

    def find_transaction(self, transaction_hash: Hash) -> tuple[BlockNumber, int] | None:
        """Block and position in it."""
        row = self._database.get(TRANSACTIONS.key(transaction_hash))
        return None if row is None else (BlockNumber(read_number(row[:8])), int.from_bytes(row[8:], "big"))

    def find_logs(self, log_filter: LogFilter, count_max: int) -> tuple[FoundLog, ...]:
        """Matching logs in chain order. Raises TooManyLogs, naming the cap, when there are more than ``count_max``."""
        found: list[FoundLog] = []
        for number in find_blocks(self._database, log_filter):
            block = self.block(number)
            found += _match_logs(block, log_filter) if block is not None else ()
            if len(found) > count_max:
                raise TooManyLogs(f"more than {count_max} logs in blocks {log_filter.first} to {log_filter.last}")
        return tuple(found)

    def rewind(self, number: BlockNumber) -> None:
        """Drop the blocks above ``number``, newest first, in synced writes of at most REWIND_BLOCKS_MAX blocks: a kill
        in between leaves a shorter chain without a gap, and rewinding again finishes. Raises DiskFull."""
        with self._write_lock:
            while self._head is not None and self._head > number:
                self._drop_newest(number)

    def _drop_newest(self, number: BlockNumber) -> None:
        dropped: list[bytes] = []
        head: BlockNumber | None = None
        for count, (key, record) in enumerate(self._database.scan(BLOCKS.prefix, reverse=True)):
            held = BlockNumber(read_number(key))
            if held <= number or count == REWIND_BLOCKS_MAX:
                head = held
                break
            dropped += [key, HEADERS.key(number_key(held)), *_index_rows(self._decode(held, record))]
        self._head = head
        self._database.write({}, dropped)
        self._recent.drop_above(number)

    def _check_follows(self, block: Block) -> None:
        if self._head is None:
            return
        number = block.header.number
        head = self.header(self._head)
        if number != self._head + 1 or head is None or head.hash != block.header.parent_hash:
            raise StoreCorrupted(f"block {number} does not follow the head {self._head}: rewind first")

    def _decode(self, number: BlockNumber, record: bytes) -> Block:
        try:
            return decode_block(record)
        except MalformedBatch as error:
            raise self._damaged(number, error) from error

    def _damaged(self, number: BlockNumber, error: MalformedBatch) -> StoreCorrupted:
        return StoreCorrupted(f"{self._database.path}: the record of block {number} is damaged: {error}")


def _rows_of(block: Block) -> dict[bytes, bytes]:
    number = number_key(block.header.number)
    return {
        BLOCKS.key(number): encode_block(block),
        HEADERS.key(number): encode_rlp(header_fields(block.header)),
        **_index_rows(block),
    }


def _index_rows(block: Block) -> dict[bytes, bytes]:
    number = number_key(block.header.number)
    rows = {BLOCK_NUMBERS.key(block.header.hash): number}
    for index, receipt in enumerate(block.receipts):
        rows[TRANSACTIONS.key(receipt.transaction_hash)] = number + index.to_bytes(4, "big")
    rows.update(dict.fromkeys(log_index_keys(block), b""))
    return rows


def _match_logs(block: Block, log_filter: LogFilter) -> list[FoundLog]:
    header, found, index = block.header, [], 0
    for position, receipt in enumerate(block.receipts):
        for log in receipt.logs:
            if is_match(log_filter, log):
                found.append(
                    FoundLog(
                        log,
                        header.number,
                        header.hash,
                        header.timestamp,
                        receipt.transaction_hash,
                        position,
                        index,
                    )
                )
            index += 1
    return found
