"""Senders whose transaction ran past a whole block's time: it is in no block, so nobody paid for it (ADR 0005).

A second one would cost as much again, and the next. So its sender waits. Pure; bounded, the oldest go first.
"""

from rollup.core.ids import Address

STRIKES_MAX = 10_000


class Strikes:
    """Times are the pool's clock."""

    def __init__(self, strike_s: float) -> None:
        self._strike_s = strike_s
        self._until: dict[Address, float] = {}

    def note(self, sender: Address, now: float) -> None:
        """From now on the sender waits."""
        self._until.pop(sender, None)
        self._until[sender] = now + self._strike_s
        if len(self._until) > STRIKES_MAX:
            del self._until[next(iter(self._until))]

    def left_s(self, sender: Address, now: float) -> float:
        """How much longer the sender waits; 0 for everybody else."""
        return max(self._until.get(sender, now) - now, 0.0)
