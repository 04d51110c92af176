"""The postings of one wallet as an account with nonces.

Coins know no order, postings need one. So every posting spends the change of the one before and bears its number in
its lock time: 500,000,000 and the nonce are seconds since the epoch (1985 and later), hence always passed, and the
ledger itself lets no posting in before its predecessor. What the account did can be read from the wallet alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass

NONCE_BASE = 500_000_000
"""Lock times from here on are times, not heights (LOCKTIME_THRESHOLD of the reference clients)."""

NONCE_MAX = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Coin:
    """An output that the wallet can spend. ``units`` are smallest units."""

    tx_id: str
    output: int
    units: int


@dataclass(frozen=True, slots=True)
class Link:
    """A posting of ours in the chain or, when not ``is_included``, in the node's pool; ``change`` is what the next one
    spends."""

    nonce: int
    change: Coin
    is_included: bool


def lock_time_of(nonce: int) -> int:
    return NONCE_BASE + nonce


def nonce_of(lock_time: int) -> int | None:
    nonce = lock_time - NONCE_BASE
    return nonce if 0 <= nonce <= NONCE_MAX else None


def next_nonce(links: Iterable[Link]) -> int:
    """Counts what is included."""
    return max((link.nonce + 1 for link in links if link.is_included), default=0)


def pending_nonce(links: Iterable[Link]) -> int:
    """Counts what waits as well."""
    return max((link.nonce + 1 for link in links), default=0)


def find_parent(links: Iterable[Link], nonce: int) -> Link | None:
    """The last posting before this nonce: the one whose change comes next."""
    before = [link for link in links if link.nonce < nonce]
    return max(before, key=lambda link: (link.nonce, link.is_included, link.change.tx_id), default=None)
