"""What the ledgers have for the sequencer's next block: cursors that follow their finalized heights."""

import time
from collections.abc import Callable

from rollup.core.cursor import Cursor, LedgerMessage
from rollup.core.ids import ZERO_HASH, LedgerIndex
from rollup.core.ledger import LedgerBlock


class CursorFeed:
    """An offer stays the same until it is consumed; the next one comes ``cursor_interval_s`` later at the earliest, and
    holds only the ledgers that moved. Two calls instead of one, so that an offer that met a crash is made again."""

    def __init__(self, cursor_interval_s: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval_s = cursor_interval_s
        self._clock = clock
        self._finalized: dict[int, LedgerBlock] = {}
        self._consumed: dict[int, Cursor] = {}
        self._offer: tuple[Cursor, ...] = ()
        self._next_at: float | None = None

    def on_finalized(self, ledger_index: int, block: LedgerBlock) -> None:
        """A ledger's finality moved."""
        self._finalized[ledger_index] = block

    def peek(self) -> tuple[tuple[Cursor, ...], tuple[LedgerMessage, ...]]:
        """Cursors by ascending ledger index, and the messages that they pass."""
        if not self._offer and (self._next_at is None or self._clock() >= self._next_at):
            self._offer = tuple(self._advance(index) for index in sorted(self._finalized) if self._has_moved(index))
        return self._offer, ()

    def consume(self, cursors: tuple[Cursor, ...], messages: tuple[LedgerMessage, ...]) -> None:
        """These are in a sealed block."""
        del messages
        for cursor in cursors:
            known = self._consumed.get(cursor.ledger_index)
            if known is None or known.height < cursor.height:
                self._consumed[cursor.ledger_index] = cursor
        if cursors:
            self._offer, self._next_at = (), self._clock() + self._interval_s

    def _has_moved(self, index: int) -> bool:
        known = self._consumed.get(index)
        return known is None or self._finalized[index].height > known.height

    def _advance(self, index: int) -> Cursor:
        block, known = self._finalized[index], self._consumed.get(index)
        count, accumulator = (known.message_count, known.message_accumulator) if known else (0, ZERO_HASH)
        return Cursor(LedgerIndex(index), block.height, block.hash, count, accumulator)
