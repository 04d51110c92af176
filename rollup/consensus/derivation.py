"""From an ordered batch to the blocks to execute. Pure: every node comes to the same verdict on the same bytes.

A batch that breaks a rule here, or holds a block that cannot be executed exactly, is *void*: the rollup's head stays
where it was, and its hash is still the parent of the next batch. ``first_block`` of a batch is always the derived head
plus one, so after a void batch the next one begins with the same number.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from rollup.core.batch import BatchHeader
from rollup.core.batch_body import decode_body
from rollup.core.block import BlockInput
from rollup.core.cursor import Cursor, LedgerMessage
from rollup.core.errors import MalformedBatch
from rollup.core.ids import BlockNumber


@dataclass(frozen=True, slots=True)
class Context:
    """Where the rollup stands before the batch: its head, and how far each ledger was read (by ascending index).

    ``ledger_indexes`` are those of the genesis: no batch may read any other ledger.
    """

    head: BlockNumber
    head_timestamp: int
    cursors: tuple[Cursor, ...]
    ledger_indexes: frozenset[int]


def derive_blocks(header: BatchHeader, body: bytes, context: Context) -> tuple[BlockInput, ...]:
    """Blocks of the batch in order. Raises MalformedBatch with the reason for which the batch is void."""
    if header.first_block != context.head + 1:
        raise MalformedBatch(f"begins with block {header.first_block}, the head is {context.head}")
    blocks = tuple(decode_body(body, header.first_block))
    if len(blocks) != header.last_block - header.first_block + 1:
        raise MalformedBatch(f"{len(blocks)} blocks where the header has {header.first_block}..{header.last_block}")
    if not blocks:
        raise MalformedBatch("no blocks")
    _check_times(header, blocks, context)
    _check_inputs(header, blocks, context)
    return blocks


def _check_times(header: BatchHeader, blocks: tuple[BlockInput, ...], context: Context) -> None:
    times = [context.head_timestamp, *(block.timestamp for block in blocks)]
    if any(earlier > later for earlier, later in pairwise(times)):
        raise MalformedBatch("timestamps decrease")
    if (header.start_time, header.end_time) != (blocks[0].timestamp, blocks[-1].timestamp):
        raise MalformedBatch("start and end time are not those of the blocks")


def _check_inputs(header: BatchHeader, blocks: tuple[BlockInput, ...], context: Context) -> None:
    cursors = {int(cursor.ledger_index): cursor for cursor in context.cursors}
    for block in blocks:
        _check_cursors(block, cursors, context)
        _check_messages(block, cursors)
        cursors.update((int(cursor.ledger_index), cursor) for cursor in block.cursors)
    if header.cursors != tuple(cursors[index] for index in sorted(cursors)):
        raise MalformedBatch("the header's cursors are not those after its blocks")


def _check_cursors(block: BlockInput, known: dict[int, Cursor], context: Context) -> None:
    if not _is_ascending((cursor.ledger_index,) for cursor in block.cursors):
        raise MalformedBatch(f"block {block.number}: cursors out of order")
    for cursor in block.cursors:
        before = known.get(cursor.ledger_index)
        if cursor.ledger_index not in context.ledger_indexes:
            raise MalformedBatch(f"block {block.number}: cursor of an unknown ledger")
        if before is not None and cursor.height <= before.height:
            raise MalformedBatch(f"block {block.number}: a cursor does not advance")


def _check_messages(block: BlockInput, known: dict[int, Cursor]) -> None:
    """Messages lie in the stretch that the block's cursors pass, and are as many as the cursors count."""
    if not _is_ascending(_message_order(message) for message in block.messages):
        raise MalformedBatch(f"block {block.number}: messages out of order")
    moved = {int(cursor.ledger_index): cursor for cursor in block.cursors}
    counts = dict.fromkeys(moved, 0)
    for message in block.messages:
        index = int(message.ledger_index)
        before = known.get(index)
        if index not in moved or not (before.height if before else -1) < message.height <= moved[index].height:
            raise MalformedBatch(f"block {block.number}: a message outside of what its cursor passes")
        counts[index] += 1
    for index, cursor in moved.items():
        before = known.get(index)
        if cursor.message_count != (before.message_count if before else 0) + counts[index]:
            raise MalformedBatch(f"block {block.number}: a cursor counts other messages than there are")


def _message_order(message: LedgerMessage) -> tuple[int, int, int]:
    return message.ledger_index, message.height, message.position


def _is_ascending(keys: Iterable[tuple[int, ...]]) -> bool:
    """Strictly."""
    return all(low < high for low, high in pairwise(keys))
