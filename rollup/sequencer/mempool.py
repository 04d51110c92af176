"""The mempool: transactions that wait for a block, bounded in every direction. Pure: time enters as an argument.

Order of blocks: by arrival among the transactions that pay the base fee, nonces of one sender in turn (ADR 0006).
Admission here knows the sender's account; checks that need no account are made before (``rollup.core.admission``).
Every method but the snapshots costs at most O(log n) per transaction that it touches.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from rollup.core.admission import check_nonce_unused, floor_data_gas, intrinsic_gas, max_cost
from rollup.core.errors import (
    AlreadyKnown,
    InsufficientFunds,
    MempoolFull,
    ReplacementUnderpriced,
    SenderLimitReached,
    TipTooLow,
)
from rollup.core.execution import AccountState
from rollup.core.ids import Address, Hash
from rollup.core.transaction import Transaction
from rollup.sequencer.arrival_line import ArrivalLine
from rollup.sequencer.eviction import EvictionOrder
from rollup.sequencer.sender_queue import PooledTransaction, SenderQueue, pool_transaction
from rollup.sequencer.settings import PoolSettings

PoolContent = dict[Address, tuple[dict[int, Transaction], dict[int, Transaction]]]
"""Per sender its pending and its queued transactions, by nonce."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """``replaced`` had the same nonce, ``evicted`` made room: both are no longer in the pool."""

    pooled: PooledTransaction
    replaced: PooledTransaction | None = None
    evicted: tuple[PooledTransaction, ...] = ()


@dataclass(frozen=True, slots=True)
class TakeLimits:
    """Bounds of one block. ``gas_max`` is held against what the transactions spend at least, so that no block is left
    half empty by generous gas limits."""

    base_fee: int
    count_max: int
    bytes_max: int
    gas_max: int


class Mempool:
    """All state of the pool. Not safe for concurrent use: one owner calls it."""

    def __init__(self, settings: PoolSettings) -> None:
        self._settings = settings
        self._by_hash: dict[Hash, PooledTransaction] = {}
        self._senders: dict[Address, SenderQueue] = {}
        self._line = ArrivalLine(4 * settings.count_max)
        self._slots: dict[Hash, int] = {}
        self._by_slot: dict[int, PooledTransaction] = {}
        self._eviction = EvictionOrder(self._senders)
        self._by_last_seen: dict[Address, None] = {}
        self._stalled: dict[Address, float] = {}
        self._taken: set[Address] = set()
        self._arrivals = 0
        self._bytes = 0
        self._pending = 0

    # --- admission ----------------------------------------------------------------------------------------------------

    def admit(self, transaction: Transaction, account: AccountState, now: float) -> Admitted:
        """Take a valid transaction of ``account`` in, or raise a TransactionRejected leaf and change nothing.

        ``account`` is the sender's as of the last sealed block; for senders in the pool the pool's own view counts.
        """
        if transaction.hash in self._by_hash:
            raise AlreadyKnown()
        if transaction.max_fee < self._settings.fee_cap_min_wei:
            raise TipTooLow(f"gas fee cap {transaction.max_fee}, minimum needed {self._settings.fee_cap_min_wei}")
        sender = self._senders.get(account.address) or SenderQueue(account.address, account.nonce, account.balance)
        check_nonce_unused(transaction, sender.nonce)
        old = sender.by_nonce.get(transaction.nonce)
        self._check_funds(transaction, sender, old)
        gas_min = max(intrinsic_gas(transaction), floor_data_gas(transaction))
        pooled = pool_transaction(transaction, account.address, self._arrivals + 1, gas_min)
        if old is None:
            evicted = self._make_room(pooled, sender)
        else:
            self._check_replacement(pooled, old)
            self._remove(old)
            evicted = []
        self._arrivals += 1
        if self._line.is_exhausted:
            self._renew_line()
        sender.seen_at = now
        self._by_last_seen.pop(sender.address, None)
        self._insert(pooled, self._line.open_slot(), sender)
        return Admitted(pooled, old, tuple(evicted))

    def _check_funds(self, transaction: Transaction, sender: SenderQueue, old: PooledTransaction | None) -> None:
        cost = max_cost(transaction)
        queued = sender.cost_wei - (old.cost_wei if old else 0)
        if queued + cost > sender.balance:
            over = queued + cost - sender.balance
            raise InsufficientFunds(
                f"balance {sender.balance}, queued cost {queued}, tx cost {cost}, overshot {over}"
                if queued
                else f"balance {sender.balance}, tx cost {cost}, overshot {over}"
            )

    def _check_replacement(self, new: PooledTransaction, old: PooledTransaction) -> None:
        percent = 100 + self._settings.replacement_percent_min
        fees = ((new.transaction.max_fee, old.transaction.max_fee), (new.transaction.max_tip, old.transaction.max_tip))
        if any(offered * 100 < standing * percent for offered, standing in fees):
            raise ReplacementUnderpriced()
        if self._bytes - old.size + new.size > self._settings.bytes_max:
            raise MempoolFull()

    def _make_room(self, newcomer: PooledTransaction, sender: SenderQueue) -> list[PooledTransaction]:
        """Evict until the newcomer fits, or put everything back and raise."""
        evicted: list[tuple[PooledTransaction, int, SenderQueue]] = []
        if len(sender) >= self._settings.sender_count_max:
            if newcomer.nonce > sender.tail.nonce:
                raise SenderLimitReached(f"limit {self._settings.sender_count_max}")
            evicted.append((sender.tail, *self._remove(sender.tail)))
        pending = newcomer.nonce == sender.end
        while not self._has_room(newcomer, pending=pending):
            victim = self._eviction.find_victim(newcomer, pending=pending)
            if victim is None:
                for pooled, slot, queue in reversed(evicted):
                    self._insert(pooled, slot, queue)
                raise MempoolFull()
            evicted.append((victim, *self._remove(victim)))
        return [pooled for pooled, _, _ in evicted]

    def _has_room(self, newcomer: PooledTransaction, *, pending: bool) -> bool:
        settings = self._settings
        return (
            len(self._by_hash) < settings.count_max
            and self._bytes + newcomer.size <= settings.bytes_max
            and (pending or len(self._by_hash) - self._pending < settings.queued_count_max)
        )

    # --- blocks -------------------------------------------------------------------------------------------------------

    @property
    def fee_max(self) -> int:
        """The highest fee cap among what may be taken now; 0 when there is nothing."""
        return self._line.fee_max

    @property
    def has_stalled(self) -> bool:
        return bool(self._stalled)

    def take(self, limits: TakeLimits) -> list[PooledTransaction]:
        """The next block's candidates in order. They stay in the pool, untakeable, until ``restore``.

        Stops at the first that no longer fits, so that large transactions keep their turn.
        """
        chosen: list[PooledTransaction] = []
        bytes_left, gas_left = limits.bytes_max, limits.gas_max
        while len(chosen) < limits.count_max:
            slot = self._line.first_slot(max(limits.base_fee, 1))
            if slot is None:
                break
            pooled = self._by_slot[slot]
            bytes_left -= pooled.size
            gas_left -= pooled.gas_min
            if bytes_left < 0 or gas_left < 0:
                break
            sender = self._senders[pooled.sender]
            sender.cursor += 1
            self._taken.add(pooled.sender)
            self._refresh(sender)
            chosen.append(pooled)
        return chosen

    def restore(self) -> None:
        """The block is done: whatever was taken and is still here may be taken again, in its old place."""
        for address in self._taken:
            sender = self._senders.get(address)
            if sender is not None:
                sender.cursor = sender.nonce
                self._refresh(sender)
        self._taken.clear()

    def update(self, account: AccountState) -> list[PooledTransaction]:
        """The account changed. Returns its transactions whose nonce is now spent; they have left the pool."""
        sender = self._senders.get(account.address)
        if sender is None:
            return []
        before = sender.pending_count
        stale = sender.advance(account.nonce, account.balance)
        self._pending += sender.pending_count - before
        for pooled in stale:
            self._forget(pooled, sender)
        sender.is_stalled = False
        self._stalled.pop(account.address, None)
        self._refresh(sender)
        return stale

    def remove(self, transaction_hash: Hash) -> PooledTransaction | None:
        """Take one out for good; its sender's later ones wait for the nonce to be filled."""
        pooled = self._by_hash.get(transaction_hash)
        if pooled is not None:
            self._remove(pooled)
        return pooled

    # --- time ---------------------------------------------------------------------------------------------------------

    def stall(self, transaction_hash: Hash, now: float) -> None:
        """It could not run: leave its sender out until its account changes or ``stall_s`` has passed."""
        pooled = self._by_hash.get(transaction_hash)
        if pooled is None:
            return
        sender = self._senders[pooled.sender]
        sender.is_stalled = True
        self._stalled.pop(pooled.sender, None)
        self._stalled[pooled.sender] = now + self._settings.stall_s
        self._refresh(sender)

    def wake(self, now: float) -> None:
        """Let stalled senders try again whose time has come (or lies too far ahead: the clock went back)."""
        while self._stalled:
            address, until = next(iter(self._stalled.items()))
            if now < until <= now + self._settings.stall_s:
                return
            del self._stalled[address]
            sender = self._senders[address]
            sender.is_stalled = False
            self._refresh(sender)

    def expire(self, now: float) -> list[PooledTransaction]:
        """Drop everything of senders from whom nothing new came for ``expiry_s``."""
        expired: list[PooledTransaction] = []
        while self._by_last_seen:
            sender = self._senders[next(iter(self._by_last_seen))]
            if sender.seen_at + self._settings.expiry_s > now:
                break
            while sender:
                expired.append(sender.tail)
                self._remove(sender.tail)
        return expired

    # --- views --------------------------------------------------------------------------------------------------------

    def find(self, transaction_hash: Hash) -> PooledTransaction | None:
        return self._by_hash.get(transaction_hash)

    def pending_nonce(self, address: Address) -> int | None:
        """The first nonce that the account and its pending transactions leave free; None for unknown senders."""
        sender = self._senders.get(address)
        return None if sender is None else sender.end

    @property
    def counts(self) -> tuple[int, int]:
        """(pending, queued)."""
        return self._pending, len(self._by_hash) - self._pending

    @property
    def bytes_held(self) -> int:
        return self._bytes

    def content(self, address: Address) -> tuple[list[PooledTransaction], list[PooledTransaction]]:
        """(pending, queued) of one sender, by nonce."""
        sender = self._senders.get(address)
        if sender is None:
            return [], []
        ordered = [sender.by_nonce[nonce] for nonce in sender.nonces]
        return ordered[: sender.pending_count], ordered[sender.pending_count :]

    def snapshot(self, address: Address | None) -> PoolContent:
        """The whole pool, or one sender's part of it. Costs time in proportion."""
        found: PoolContent = {}
        for sender in self.senders() if address is None else (address,):
            pending, queued = self.content(sender)
            found[sender] = (
                {pooled.nonce: pooled.transaction for pooled in pending},
                {pooled.nonce: pooled.transaction for pooled in queued},
            )
        return found

    def senders(self) -> Iterator[Address]:
        """Every sender in the pool, at the time of the call."""
        return iter(tuple(self._senders))

    # --- bookkeeping --------------------------------------------------------------------------------------------------

    def _insert(self, pooled: PooledTransaction, slot: int, sender: SenderQueue) -> None:
        self._by_hash[pooled.hash] = pooled
        self._slots[pooled.hash] = slot
        self._by_slot[slot] = pooled
        self._bytes += pooled.size
        self._senders[sender.address] = sender
        self._by_last_seen.setdefault(sender.address)
        before = sender.pending_count
        sender.add(pooled)
        self._pending += sender.pending_count - before
        self._refresh(sender)

    def _remove(self, pooled: PooledTransaction) -> tuple[int, SenderQueue]:
        sender = self._senders[pooled.sender]
        before = sender.pending_count
        sender.drop(pooled.nonce)
        self._pending += sender.pending_count - before
        slot = self._forget(pooled, sender)
        self._refresh(sender)
        return slot, sender

    def _forget(self, pooled: PooledTransaction, sender: SenderQueue) -> int:
        del self._by_hash[pooled.hash]
        slot = self._slots.pop(pooled.hash)
        del self._by_slot[slot]
        self._bytes -= pooled.size
        if sender.lined is pooled:
            self._line.set_fee(slot, 0)
            sender.lined = None
        return slot

    def _refresh(self, sender: SenderQueue) -> None:
        """After any change of a sender: its place in the arrival line, in the order of eviction, in the pool."""
        up, lined = sender.next_up, sender.lined
        if up is not lined:
            if lined is not None:
                self._line.set_fee(self._slots[lined.hash], 0)
            if up is not None:
                self._line.set_fee(self._slots[up.hash], up.transaction.max_fee)
            sender.lined = up
        self._eviction.note(sender)
        if not sender:
            self._senders.pop(sender.address, None)
            self._by_last_seen.pop(sender.address, None)
            self._stalled.pop(sender.address, None)
            sender.is_stalled = False

    def _renew_line(self) -> None:
        """Number the slots anew, without the holes that departed transactions left."""
        ordered = sorted(self._by_hash.values(), key=lambda pooled: pooled.arrival)
        self._slots = {pooled.hash: slot for slot, pooled in enumerate(ordered)}
        self._by_slot = dict(enumerate(ordered))
        self._line = ArrivalLine(4 * self._settings.count_max)
        lined = (self._senders[pooled.sender].lined is pooled for pooled in ordered)
        self._line.fill(
            [pooled.transaction.max_fee if is_lined else 0 for pooled, is_lined in zip(ordered, lined, strict=True)]
        )
