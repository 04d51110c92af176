"""When a batch closes, and how many blocks go into it. Pure: decides by sizes, gas and age, not by content.

The compressed size is known only after compressing, so the window guesses by the ratio of the last batch, and the
caller cuts blocks off the end while the guess was too bold. One block always fits (``check_block_fits_batch``).
"""

from collections import deque
from dataclasses import dataclass
from itertools import islice

from rollup.core.block import BlockInput
from rollup.sequencer.settings import BatchSettings

RATIO_AT_START = 0.6
RATIO_MARGIN = 1.05
CUT_MARGIN = 0.97
BLOCK_BYTES = 12
CURSOR_BYTES = 96
MESSAGE_BYTES = 256


@dataclass(frozen=True, slots=True)
class BlockSummary:
    """``since`` is when the block was sealed, in seconds of whatever clock the caller asks by."""

    raw_bytes: int
    gas_used: int
    since: float


def raw_size(block: BlockInput) -> int:
    """Bytes of the block's input before compression, rounded up."""
    return (
        BLOCK_BYTES
        + sum(map(len, block.transactions))
        + CURSOR_BYTES * len(block.cursors)
        + sum(MESSAGE_BYTES + len(message.data) for message in block.messages)
    )


class BatchWindow:
    """The blocks since the last batch, oldest first."""

    def __init__(self, settings: BatchSettings) -> None:
        self._settings = settings
        self._blocks: deque[BlockSummary] = deque()
        self._ratio = RATIO_AT_START

    def __len__(self) -> int:
        return len(self._blocks)

    def add(self, block: BlockSummary) -> None:
        """The next block was sealed."""
        self._blocks.append(block)

    @property
    def is_full(self) -> bool:
        """A batch is due by its size alone: more blocks change nothing about it."""
        fitting = self._count_fitting()
        return fitting < len(self._blocks) or fitting >= self._settings.blocks_max

    def due_at(self) -> float | None:
        """When the oldest block becomes too old to wait. None while there is no block."""
        return self._blocks[0].since + self._settings.age_s_max if self._blocks else None

    def count_due(self, now: float) -> int:
        """How many blocks the batch that is due now takes; 0 when none is due."""
        due_at = self.due_at()
        if due_at is None or not (self.is_full or now >= due_at):
            return 0
        return self._count_fitting()

    def count_cut(self, count: int, body_bytes: int) -> int:
        """``count`` blocks made a body that is too large: how many to try instead. At least 1, fewer than ``count``."""
        raw = sum(block.raw_bytes for block in islice(self._blocks, count))
        raw_max = int(raw * self._settings.body_bytes_max / body_bytes * CUT_MARGIN)
        return max(1, min(self._count_within(raw_max), count - 1))

    def close(self, count: int, body_bytes: int) -> None:
        """These blocks are in a batch with a body of this size; the next guess follows it."""
        raw = sum(self._blocks.popleft().raw_bytes for _ in range(count))
        self._ratio = min(1.0, body_bytes / raw)

    def _count_fitting(self) -> int:
        guessed_max = int(self._settings.body_bytes_max / (self._ratio * RATIO_MARGIN))
        return self._count_within(min(guessed_max, self._settings.raw_bytes_max))

    def _count_within(self, raw_max: int) -> int:
        """Blocks from the oldest on that keep all limits; at least one, if there is one."""
        raw = gas = count = 0
        for block in islice(self._blocks, self._settings.blocks_max):
            raw += block.raw_bytes
            gas += block.gas_used
            if count and (raw > raw_max or gas > self._settings.gas_max):
                break
            count += 1
        return count
