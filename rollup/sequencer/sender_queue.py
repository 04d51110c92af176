"""All pooled transactions of one sender, by nonce: a pending run without gaps from the account's nonce, then the rest.

Pure. The pool owns these and keeps its own totals by asking before and after a change.
"""

from bisect import bisect_left, insort
from dataclasses import dataclass

from rollup.core.admission import max_cost
from rollup.core.ids import Address, Hash
from rollup.core.transaction import Transaction


@dataclass(frozen=True, slots=True)
class PooledTransaction:
    """A transaction in the pool. ``arrival`` counts admissions (never reused), ``gas_min`` is what it spends at least,
    ``cost_wei`` what its sender must hold."""

    transaction: Transaction
    sender: Address
    arrival: int
    gas_min: int
    cost_wei: int

    @property
    def hash(self) -> Hash:
        return self.transaction.hash

    @property
    def nonce(self) -> int:
        return self.transaction.nonce

    @property
    def size(self) -> int:
        """Bytes of the raw transaction."""
        return len(self.transaction.raw)

    @property
    def worth(self) -> tuple[int, int, int]:
        """Order of eviction, cheapest first: fee cap, then tip, then the later arrival."""
        return (self.transaction.max_fee, self.transaction.max_tip, -self.arrival)


def pool_transaction(transaction: Transaction, sender: Address, arrival: int, gas_min: int) -> PooledTransaction:
    """Put an admitted transaction in its pool form."""
    return PooledTransaction(transaction, sender, arrival, gas_min, max_cost(transaction))


class SenderQueue:
    """One sender. ``nonce`` and ``balance`` are the account's as of the last sealed block.

    ``end`` is the first nonce missing. While a block is being built, ``cursor`` runs ahead of ``nonce`` over what was
    taken for it. ``lined`` is the transaction that stands in the pool's arrival line for this sender, ``listed`` the
    worth under which its tail stands in the order of eviction.
    """

    __slots__ = (
        "address",
        "balance",
        "by_nonce",
        "cost_wei",
        "cursor",
        "end",
        "is_stalled",
        "lined",
        "listed",
        "nonce",
        "nonces",
        "seen_at",
    )

    def __init__(self, address: Address, nonce: int, balance: int) -> None:
        self.address = address
        self.nonce = nonce
        self.balance = balance
        self.by_nonce: dict[int, PooledTransaction] = {}
        self.nonces: list[int] = []
        self.cost_wei = 0
        self.end = nonce
        self.cursor = nonce
        self.is_stalled = False
        self.seen_at = 0.0
        self.lined: PooledTransaction | None = None
        self.listed: tuple[bool, tuple[int, int, int]] | None = None

    def __len__(self) -> int:
        return len(self.nonces)

    @property
    def pending_count(self) -> int:
        return self.end - self.nonce

    @property
    def tail(self) -> PooledTransaction:
        """The highest nonce: the only one that may leave without making a gap."""
        return self.by_nonce[self.nonces[-1]]

    @property
    def is_tail_pending(self) -> bool:
        return self.nonces[-1] < self.end

    @property
    def next_up(self) -> PooledTransaction | None:
        """The transaction that may be taken next: no gap before it, and the account as last seen pays for it."""
        if self.is_stalled or self.cursor >= self.end:
            return None
        pooled = self.by_nonce[self.cursor]
        return pooled if self.cursor > self.nonce or pooled.cost_wei <= self.balance else None

    def add(self, pooled: PooledTransaction) -> None:
        """The nonce is free and not below the account's."""
        self.by_nonce[pooled.nonce] = pooled
        insort(self.nonces, pooled.nonce)
        self.cost_wei += pooled.cost_wei
        self._extend()

    def drop(self, nonce: int) -> PooledTransaction:
        """Take one out. Later pending ones become queued."""
        pooled = self.by_nonce.pop(nonce)
        del self.nonces[bisect_left(self.nonces, nonce)]
        self.cost_wei -= pooled.cost_wei
        self.end = min(self.end, max(nonce, self.nonce))
        return pooled

    def advance(self, nonce: int, balance: int) -> list[PooledTransaction]:
        """The account is now in this state. Returns what its nonce has passed, which is no longer held."""
        stale = [self.by_nonce.pop(old) for old in self.nonces[: bisect_left(self.nonces, nonce)]]
        del self.nonces[: len(stale)]
        self.cost_wei -= sum(pooled.cost_wei for pooled in stale)
        is_back = nonce < self.nonce
        self.nonce, self.balance = nonce, balance
        self.cursor = nonce if is_back else max(self.cursor, nonce)
        self.end = nonce if is_back else max(self.end, nonce)
        self._extend()
        return stale

    def _extend(self) -> None:
        while self.end in self.by_nonce:
            self.end += 1
