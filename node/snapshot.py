"""What the operator sees, as one value: taken from the running parts, drawn by the terminal view, logged as lines."""

from collections import deque
from dataclasses import dataclass

from rollup.core.heads import Alarm, Heads, LedgerStatus
from rollup.core.ids import BatchNumber


@dataclass(frozen=True, slots=True)
class Snapshot:
    """``transactions_per_s`` is over the last ten seconds; times in seconds since the epoch."""

    taken_at: float
    heads: Heads
    last_batch: BatchNumber
    transactions: int
    transactions_per_s: float
    pool_depth: int
    ledgers: tuple[LedgerStatus, ...]
    alarms: tuple[Alarm, ...]

    def is_final_everywhere(self, batch: int) -> bool:
        """Whether every ledger holds this batch (or one that covers it) finally."""
        return all(ledger.last_batch_final >= batch for ledger in self.ledgers)


class RateMeter:
    """Events per second over a sliding window. The clock is an argument."""

    def __init__(self, window_s: float = 10.0) -> None:
        self._window_s = window_s
        self._marks: deque[tuple[float, int]] = deque()
        self.total = 0

    def add(self, count: int, now: float) -> None:
        self.total += count
        self._marks.append((now, count))

    def per_s(self, now: float) -> float:
        while self._marks and self._marks[0][0] < now - self._window_s:
            self._marks.popleft()
        return sum(count for _, count in self._marks) / self._window_s
