"""The difficulty that proof of work prescribes (Yellow Paper, section 4.4.4; EIPs 2, 100, and those on the bomb).

It follows from the parent alone. That the work was done is not looked at.
"""

from rollup.core.block import BlockHeader
from rollup.core.forks import Fork, ForkSchedule
from rollup.core.hashes import keccak

DIFFICULTY_MIN = 131_072
QUOTIENT = 2_048
BOMB_PERIOD = 100_000
STEPS_MIN = -99
NO_OMMERS_HASH = keccak(b"\xc0")


def next_difficulty(forks: ForkSchedule, fork: Fork, parent: BlockHeader, timestamp: int) -> int:
    """Of a child of ``parent`` at ``timestamp`` under ``fork``."""
    steps = _steps(fork, parent, timestamp - parent.timestamp)
    difficulty = max(parent.difficulty + parent.difficulty // QUOTIENT * steps, DIFFICULTY_MIN)
    delay = max((delay for start, delay in forks.bomb_delays or () if start <= parent.number + 1), default=0)
    period = max(parent.number + 1 - delay, 0) // BOMB_PERIOD
    return difficulty + (1 << (period - 2) if period > 1 else 0)


def _steps(fork: Fork, parent: BlockHeader, seconds: int) -> int:
    if fork < Fork.HOMESTEAD:
        return 1 if seconds < 13 else -1
    if fork < Fork.BYZANTIUM:
        return max(1 - seconds // 10, STEPS_MIN)
    first = 1 if parent.ommers_hash == NO_OMMERS_HASH else 2
    return max(first - seconds // 9, STEPS_MIN)
