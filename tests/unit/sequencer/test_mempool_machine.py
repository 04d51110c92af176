"""The pool against a model that knows no indexes: a plain list that is walked over for every answer."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from pool_accounts import account_of, transfer

from rollup.core.errors import AlreadyKnown, TransactionRejected
from rollup.core.execution import AccountState
from rollup.core.ids import Address, Hash
from rollup.core.transaction import Transaction
from rollup.sequencer.mempool import Admitted, Mempool, TakeLimits
from rollup.sequencer.sender_queue import PooledTransaction
from rollup.sequencer.settings import PoolSettings

SETTINGS = PoolSettings(
    count_max=8, bytes_max=1_000, queued_count_max=4, sender_count_max=5, expiry_s=50.0, stall_s=5.0
)
SENDERS = st.integers(1, 4)
NONCES = st.integers(0, 5)
FEES = st.integers(1, 30)
COST = 21_000 * 30


class PoolMachine(RuleBasedStateMachine):
    """``waiting`` is every transaction that must be in the pool, ``accounts`` what was last said of each sender."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = Mempool(SETTINGS)
        self.waiting: dict[Hash, PooledTransaction] = {}
        self.accounts = {index: account_of(index, balance=4 * COST) for index in range(1, 5)}
        self.stalled: dict[Address, float] = {}
        self.seen: dict[Address, float] = {}
        self.now = 0.0

    # --- what the model says ------------------------------------------------------------------------------------------

    def of(self, address: Address) -> dict[int, PooledTransaction]:
        return {pooled.nonce: pooled for pooled in self.waiting.values() if pooled.sender == address}

    def account(self, address: Address) -> AccountState:
        return next(account for account in self.accounts.values() if account.address == address)

    def end(self, address: Address) -> int:
        nonce, held = self.account(address).nonce, self.of(address)
        while nonce in held:
            nonce += 1
        return nonce

    def is_pending(self, pooled: PooledTransaction) -> bool:
        return pooled.nonce < self.end(pooled.sender)

    def expected_order(self, base_fee: int) -> list[Hash]:
        order: list[Hash] = []
        cursors = {account.address: account.nonce for account in self.accounts.values()}
        while True:
            ready = [
                pooled
                for pooled in self.waiting.values()
                if cursors[pooled.sender] == pooled.nonce
                and pooled.transaction.max_fee >= base_fee
                and pooled.sender not in self.stalled
                and (pooled.nonce > self.account(pooled.sender).nonce or self.can_pay(pooled))
            ]
            if not ready:
                return order
            first = min(ready, key=lambda pooled: pooled.arrival)
            order.append(first.hash)
            cursors[first.sender] += 1

    def can_pay(self, pooled: PooledTransaction) -> bool:
        return pooled.cost_wei <= self.account(pooled.sender).balance

    def leave(self, gone: list[PooledTransaction]) -> None:
        for pooled in gone:
            del self.waiting[pooled.hash]
            if not self.of(pooled.sender):
                self.stalled.pop(pooled.sender, None)
                self.seen.pop(pooled.sender, None)

    # --- what happens -------------------------------------------------------------------------------------------------

    @rule(index=SENDERS, nonce=NONCES, cap=FEES, tip=st.integers(0, 3), size=st.sampled_from([50, 110, 400]))
    def admit(self, index: int, nonce: int, cap: int, tip: int, size: int) -> None:
        transaction, account = transfer(index, nonce, cap, min(tip, cap), size), self.accounts[index]
        was_pending = {hash_: self.is_pending(pooled) for hash_, pooled in self.waiting.items()}
        try:
            admitted = self.pool.admit(transaction, account, self.now)
        except AlreadyKnown:
            self.check_known(transaction)
            return
        except TransactionRejected:
            return
        self.check_evicted(admitted, was_pending)
        self.leave(list(admitted.evicted) + ([admitted.replaced] if admitted.replaced else []))
        self.waiting[admitted.pooled.hash] = admitted.pooled
        self.seen[account.address] = self.now
        queued = sum(not self.is_pending(pooled) for pooled in self.waiting.values())
        assert self.is_pending(admitted.pooled) or admitted.replaced or queued <= SETTINGS.queued_count_max

    def check_known(self, transaction: Transaction) -> None:
        assert transaction.hash in self.waiting

    def check_evicted(self, admitted: Admitted, was_pending: dict[Hash, bool]) -> None:
        newcomer = admitted.pooled
        for pooled in admitted.evicted:
            is_own = pooled.sender == newcomer.sender
            assert not is_own or pooled.nonce > newcomer.nonce
            assert not was_pending[pooled.hash] or pooled.worth < newcomer.worth or is_own
            left = set(self.of(pooled.sender)) - {
                gone.nonce for gone in admitted.evicted if gone.sender == pooled.sender
            }
            assert all(nonce < pooled.nonce for nonce in left)

    @rule(index=SENDERS, step=st.integers(0, 2), balance=st.integers(0, 5))
    def seal(self, index: int, step: int, balance: int) -> None:
        old = self.accounts[index]
        account = account_of(index, old.nonce + step, balance * COST)
        self.accounts[index] = account
        stale = self.pool.update(account)
        assert {pooled.nonce for pooled in stale} == {
            nonce for nonce in self.of(account.address) if nonce < account.nonce
        }
        self.leave(stale)
        if self.of(account.address):
            self.stalled.pop(account.address, None)

    @rule(index=SENDERS, nonce=NONCES)
    def remove(self, index: int, nonce: int) -> None:
        pooled = self.of(self.accounts[index].address).get(nonce)
        if pooled is not None:
            assert self.pool.remove(pooled.hash) is pooled
            self.leave([pooled])

    @rule(index=SENDERS, nonce=NONCES)
    def stall(self, index: int, nonce: int) -> None:
        pooled = self.of(self.accounts[index].address).get(nonce)
        if pooled is not None:
            self.pool.stall(pooled.hash, self.now)
            self.stalled[pooled.sender] = self.now + SETTINGS.stall_s

    @rule(seconds=st.sampled_from([1.0, 6.0, 30.0]))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.pool.wake(self.now)
        self.stalled = {address: until for address, until in self.stalled.items() if until > self.now}
        self.leave(self.pool.expire(self.now))
        assert all(seen + 2 * SETTINGS.expiry_s > self.now for seen in self.seen.values())

    # --- what must hold -----------------------------------------------------------------------------------------------

    @invariant()
    def holds_what_it_should(self) -> None:
        held = {
            pooled.hash for address in self.pool.senders() for part in self.pool.content(address) for pooled in part
        }
        assert held == set(self.waiting)
        assert self.pool.bytes_held == sum(pooled.size for pooled in self.waiting.values()) <= SETTINGS.bytes_max
        assert len(self.waiting) <= SETTINGS.count_max
        pending = sum(self.is_pending(pooled) for pooled in self.waiting.values())
        assert self.pool.counts == (pending, len(self.waiting) - pending)
        for account in self.accounts.values():
            assert len(self.of(account.address)) <= SETTINGS.sender_count_max
            assert self.pool.pending_nonce(account.address) in (None, self.end(account.address))

    @invariant()
    def takes_in_the_order_of_the_rule(self) -> None:
        for base_fee in (1, 12, 25):
            chosen = self.pool.take(TakeLimits(base_fee, 100, 10_000, 10**9))
            assert [pooled.hash for pooled in chosen] == self.expected_order(base_fee)
            self.pool.restore()


PoolMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)

TestPool = PoolMachine.TestCase
