"""Which blocks may hold a log: rows by address, by topic position, and by address and first topic together.

A row says that some log of the block has this address, or this topic at this position; that one and the same log has
all of what a filter asks shows only in the block. For the question that is asked most, one event of one contract, that
would mean every block in which a busy contract and a common event meet by chance: hence the rows of pairs, which cost
one row per contract and event of a block. Keys carry ten bytes of a digest instead of the item: a collision costs a
look into one block.
"""

from collections.abc import Iterator
from hashlib import blake2b

from rollup.core.block import Block
from rollup.core.ids import BlockNumber
from rollup.core.logs import LogFilter
from rollup.store.database import Database
from rollup.store.keys import LOGS, number_key, read_number

ITEM_BYTES = 10
ADDRESS_KIND, ANY_KIND, PAIR_KIND = 8, 9, 10
"""Kinds 0 to 3 are topic positions; every block with a log has a row of ANY_KIND."""
PAIRS_MAX = 256
"""A filter with more pairs of address and first topic than this looks for the two apart."""


def log_index_keys(block: Block) -> list[bytes]:
    """The rows of a block, each once; their values are empty."""
    items = {(ANY_KIND, b"") for receipt in block.receipts if receipt.logs}
    for receipt in block.receipts:
        for log in receipt.logs:
            items.add((ADDRESS_KIND, log.address))
            items.update(enumerate(log.topics))
            items.update((PAIR_KIND, log.address + topic) for topic in log.topics[:1])
    place = number_key(block.header.number)
    return [_item_prefix(kind, item) + place for kind, item in items]


def find_blocks(database: Database, log_filter: LogFilter) -> Iterator[BlockNumber]:
    """Ascending numbers of the blocks first..last that have every item that the filter asks for."""
    prefixes = [[_item_prefix(kind, item) for item in items] for kind, items in _wanted(log_filter)]
    rows = _Rows(database, last=log_filter.last)
    number = int(log_filter.first)
    while number <= log_filter.last:
        reached = max(min(rows.next_at(prefix, number) for prefix in group) for group in prefixes)
        if reached == number:
            yield BlockNumber(number)
            reached += 1
        number = reached


def _wanted(log_filter: LogFilter) -> list[tuple[int, list[bytes]]]:
    """Kinds and items of which a block must have one each."""
    wanted: list[tuple[int, list[bytes]]] = [
        (kind, list(topics)) for kind, topics in enumerate(log_filter.topics) if topics
    ]
    addresses = log_filter.addresses
    firsts = (log_filter.topics[0] if log_filter.topics else None) or ()
    if addresses and firsts and len(addresses) * len(firsts) <= PAIRS_MAX:
        wanted[0] = (PAIR_KIND, [address + topic for address in addresses for topic in firsts])
    elif addresses:
        wanted.append((ADDRESS_KIND, list(addresses)))
    return wanted or [(ANY_KIND, [b""])]


class _Rows:
    """Remembers how far each item's rows were looked at, so that none is sought twice."""

    def __init__(self, database: Database, last: int) -> None:
        self._database = database
        self._beyond = last + 1
        self._next: dict[bytes, int] = {}

    def next_at(self, prefix: bytes, number: int) -> int:
        """The first block from ``number`` on that has this item; ``last + 1`` when none up to ``last`` has."""
        known = self._next.get(prefix, -1)
        if known < number:
            row = self._database.first(prefix, prefix + number_key(number))
            known = self._next[prefix] = self._beyond if row is None else min(read_number(row[0]), self._beyond)
        return known


def _item_prefix(kind: int, item: bytes) -> bytes:
    return LOGS.key(bytes([kind]), blake2b(item, digest_size=ITEM_BYTES).digest())
