"""The pool's rules, one by one."""

from dataclasses import replace

import pytest
from pool_accounts import ETHER, GWEI, account_of, transfer

from rollup.core.errors import (
    AlreadyKnown,
    InsufficientFunds,
    MempoolFull,
    NonceTooLow,
    ReplacementUnderpriced,
    SenderLimitReached,
    TipTooLow,
)
from rollup.core.ids import Hash
from rollup.sequencer.mempool import Mempool, TakeLimits
from rollup.sequencer.settings import PoolSettings

LIMITS = TakeLimits(base_fee=GWEI, count_max=100, bytes_max=100_000, gas_max=30_000_000)


def pool_of(**settings: object) -> Mempool:
    return Mempool(replace(PoolSettings(count_max=16), **settings))  # type: ignore[arg-type]


def put(pool: Mempool, index: int, **fields: int) -> Hash:
    return pool.admit(transfer(index, **fields), account_of(index), 0.0).pooled.hash


def taken(pool: Mempool, limits: TakeLimits = LIMITS) -> list[Hash]:
    hashes = [pooled.hash for pooled in pool.take(limits)]
    pool.restore()
    return hashes


# --- order ------------------------------------------------------------------------------------------------------------


def test_blocks_take_by_arrival_whatever_is_offered() -> None:
    pool = pool_of()
    arrived = [put(pool, index, cap=cap) for index, cap in enumerate((2 * GWEI, 9 * GWEI, 3 * GWEI))]
    assert taken(pool) == arrived


def test_what_does_not_pay_the_base_fee_waits_and_keeps_its_turn() -> None:
    pool = pool_of()
    low, high = put(pool, 0, cap=GWEI - 1), put(pool, 1, cap=GWEI)
    assert taken(pool) == [high]
    assert taken(pool, replace(LIMITS, base_fee=GWEI - 1)) == [low, high]


def test_nonces_of_one_sender_come_in_turn_however_they_arrived() -> None:
    pool = pool_of()
    second, other, first = put(pool, 0, nonce=1), put(pool, 1), put(pool, 0, nonce=0)
    assert taken(pool) == [other, first, second]


def test_a_transaction_below_the_base_fee_holds_back_its_senders_later_ones() -> None:
    pool = pool_of()
    put(pool, 0, nonce=0, cap=GWEI - 1)
    put(pool, 0, nonce=1)
    assert taken(pool) == []


@pytest.mark.parametrize(
    "limits",
    [
        replace(LIMITS, count_max=2),
        replace(LIMITS, bytes_max=229),
        replace(LIMITS, gas_max=62_999),
    ],
)
def test_taking_stops_at_each_limit(limits: TakeLimits) -> None:
    pool = pool_of()
    arrived = [put(pool, index) for index in range(3)]
    assert taken(pool, limits) == arrived[:2]


def test_what_was_taken_is_not_taken_twice_before_the_block_is_done() -> None:
    pool = pool_of()
    arrived = [put(pool, 0, nonce=nonce) for nonce in range(3)]
    assert [pooled.hash for pooled in pool.take(replace(LIMITS, count_max=2))] == arrived[:2]
    assert [pooled.hash for pooled in pool.take(LIMITS)] == arrived[2:]
    pool.restore()
    assert taken(pool) == arrived


# --- nonces -----------------------------------------------------------------------------------------------------------


def test_gaps_are_queued_until_filled() -> None:
    pool = pool_of()
    put(pool, 0, nonce=2)
    assert (pool.counts, pool.pending_nonce(account_of(0).address)) == ((0, 1), 0)
    put(pool, 0, nonce=0)
    put(pool, 0, nonce=1)
    assert (pool.counts, pool.pending_nonce(account_of(0).address)) == ((3, 0), 3)


def test_spent_nonces_are_refused_and_leave_with_the_block() -> None:
    pool = pool_of()
    first, second = put(pool, 0, nonce=0), put(pool, 0, nonce=1)
    assert [pooled.hash for pooled in pool.update(account_of(0, nonce=1))] == [first]
    assert taken(pool) == [second]
    with pytest.raises(NonceTooLow, match="nonce too low: next nonce 1, tx nonce 0"):
        pool.admit(transfer(0, 0, cap=9 * GWEI), account_of(0), 0.0)


def test_losing_one_in_the_middle_queues_the_rest() -> None:
    pool = pool_of()
    hashes = [put(pool, 0, nonce=nonce) for nonce in range(3)]
    assert pool.remove(hashes[1]) is not None
    assert pool.counts == (1, 1)
    assert taken(pool) == hashes[:1]
    pending, queued = pool.content(account_of(0).address)
    assert ([pooled.nonce for pooled in pending], [pooled.nonce for pooled in queued]) == ([0], [2])


def test_an_account_that_goes_back_shows_the_gap() -> None:
    pool = pool_of()
    pool.admit(transfer(0, 5), account_of(0, nonce=5), 0.0)
    assert pool.counts == (1, 0)
    assert pool.update(account_of(0, nonce=4)) == []
    assert pool.counts == (0, 1)
    assert taken(pool) == []


# --- replacement ------------------------------------------------------------------------------------------------------


def test_the_same_transaction_is_already_known() -> None:
    pool = pool_of()
    put(pool, 0)
    with pytest.raises(AlreadyKnown, match=r"^already known$"):
        put(pool, 0)


@pytest.mark.parametrize(("cap", "tip"), [(110, 9), (109, 11), (100, 10)])
def test_replacement_needs_a_tenth_more_on_cap_and_tip(cap: int, tip: int) -> None:
    pool = pool_of()
    old = put(pool, 0, cap=100, tip=10)
    with pytest.raises(ReplacementUnderpriced, match=r"^replacement transaction underpriced$"):
        put(pool, 0, cap=cap, tip=tip, size=120)
    assert pool.find(old) is not None


def test_replacement_takes_the_nonce_and_a_new_place_in_the_order() -> None:
    pool = pool_of()
    old, later = put(pool, 0, cap=10 * GWEI), put(pool, 1)
    admitted = pool.admit(transfer(0, 0, 11 * GWEI), account_of(0), 0.0)
    assert admitted.replaced is not None
    assert admitted.replaced.hash == old
    assert taken(pool) == [later, admitted.pooled.hash]
    assert pool.counts == (2, 0)


def test_replacement_in_the_middle_keeps_later_nonces_pending() -> None:
    pool = pool_of()
    for nonce in range(3):
        put(pool, 0, nonce=nonce)
    put(pool, 0, nonce=0, cap=3 * GWEI)
    assert pool.counts == (3, 0)
    assert [pooled.nonce for pooled in pool.take(LIMITS)] == [0, 1, 2]


def test_replacement_while_a_block_is_being_built_waits_for_the_next() -> None:
    pool = pool_of()
    put(pool, 0)
    pool.take(LIMITS)
    new = put(pool, 0, cap=3 * GWEI)
    assert pool.take(LIMITS) == []
    pool.restore()
    assert taken(pool) == [new]


# --- funds ------------------------------------------------------------------------------------------------------------


def test_all_of_a_senders_transactions_together_must_be_paid_for() -> None:
    pool, cost = pool_of(), 21_000 * 2 * GWEI + 1
    account = account_of(0, balance=2 * cost)
    for nonce in range(2):
        pool.admit(transfer(0, nonce), account, 0.0)
    words = (
        f"insufficient funds for gas \\* price \\+ value: balance {2 * cost}, queued cost {2 * cost}, tx cost {cost}"
    )
    with pytest.raises(InsufficientFunds, match=words):
        pool.admit(transfer(0, 2), account, 0.0)


def test_a_replacement_is_weighed_without_what_it_replaces() -> None:
    pool, account = pool_of(), account_of(0, balance=21_000 * 3 * GWEI + 1)
    pool.admit(transfer(0, 0, 2 * GWEI), account, 0.0)
    pool.admit(transfer(0, 0, 3 * GWEI), account, 0.0)
    assert pool.counts == (1, 0)


def test_what_the_account_can_no_longer_pay_is_not_offered() -> None:
    pool = pool_of()
    hashes = [put(pool, 0)]
    pool.update(account_of(0, balance=1))
    assert (taken(pool), pool.fee_max) == ([], 0)
    pool.update(account_of(0, balance=ETHER))
    assert taken(pool) == hashes


def test_fee_caps_below_the_minimum_are_refused() -> None:
    with pytest.raises(TipTooLow, match="transaction underpriced: gas fee cap 9, minimum needed 10"):
        put(pool_of(fee_cap_min_wei=10), 0, cap=9)


# --- bounds -----------------------------------------------------------------------------------------------------------


def test_a_full_pool_gives_way_only_to_what_pays_more() -> None:
    pool = pool_of(count_max=3)
    cheap, *rest = [put(pool, index, cap=cap) for index, cap in enumerate((2 * GWEI, 4 * GWEI, 3 * GWEI))]
    with pytest.raises(MempoolFull, match="txpool is full"):
        put(pool, 3, cap=2 * GWEI)
    admitted = pool.admit(transfer(4, 0, 2 * GWEI + 1), account_of(4), 0.0)
    assert [pooled.hash for pooled in admitted.evicted] == [cheap]
    assert taken(pool) == [*rest, admitted.pooled.hash]


def test_the_tip_decides_between_equal_caps() -> None:
    pool = pool_of(count_max=2)
    tipped, plain = put(pool, 0, tip=1), put(pool, 1)
    assert [pooled.hash for pooled in pool.admit(transfer(2, tip=1), account_of(2), 0.0).evicted] == [plain]
    assert pool.find(tipped) is not None


def test_only_tails_are_evicted() -> None:
    pool = pool_of(count_max=3)
    hashes = [put(pool, 0, nonce=nonce, cap=cap) for nonce, cap in enumerate((1 * GWEI, 9 * GWEI, 5 * GWEI))]
    admitted = pool.admit(transfer(1, 0, 6 * GWEI), account_of(1), 0.0)
    assert [pooled.hash for pooled in admitted.evicted] == hashes[2:]
    with pytest.raises(MempoolFull):  # its own chain's tail is cheaper than others, but it stands on it
        put(pool, 1, nonce=1, cap=7 * GWEI)


def test_queued_ones_leave_before_pending_ones_and_never_push_them_out() -> None:
    pool = pool_of(count_max=2)
    pending, queued = put(pool, 0), put(pool, 1, nonce=7, cap=9 * GWEI)
    with pytest.raises(MempoolFull):
        put(pool, 2, nonce=7, cap=8 * GWEI)
    assert [pooled.hash for pooled in pool.admit(transfer(3), account_of(3), 0.0).evicted] == [queued]
    with pytest.raises(MempoolFull):
        put(pool, 4, nonce=1, cap=99 * GWEI)
    assert pool.find(pending) is not None


def test_queued_ones_have_a_bound_of_their_own() -> None:
    pool = pool_of(queued_count_max=1)
    first = put(pool, 0, nonce=1, cap=2 * GWEI)
    with pytest.raises(MempoolFull):
        put(pool, 1, nonce=1, cap=2 * GWEI)
    assert [pooled.hash for pooled in pool.admit(transfer(1, 1, 3 * GWEI), account_of(1), 0.0).evicted] == [first]


def test_bytes_are_bounded_and_room_is_made_by_several() -> None:
    pool = pool_of(bytes_max=400)
    cheap = [put(pool, index, size=200) for index in range(2)]
    admitted = pool.admit(transfer(2, 0, 3 * GWEI, size=300), account_of(2), 0.0)
    assert {pooled.hash for pooled in admitted.evicted} == set(cheap)
    assert pool.bytes_held == 300


def test_a_refused_newcomer_leaves_everything_in_place() -> None:
    pool = pool_of(bytes_max=400)
    cheap, dear = put(pool, 0, cap=2 * GWEI, size=200), put(pool, 1, cap=9 * GWEI, size=200)
    with pytest.raises(MempoolFull):
        put(pool, 2, cap=3 * GWEI, size=300)
    assert (taken(pool), pool.bytes_held, pool.counts) == ([cheap, dear], 400, (2, 0))


def test_a_sender_at_its_limit_may_fill_a_gap() -> None:
    pool = pool_of(sender_count_max=2)
    put(pool, 0, nonce=1)
    put(pool, 0, nonce=2)
    with pytest.raises(SenderLimitReached):
        put(pool, 0, nonce=3)
    put(pool, 0, nonce=0)
    assert pool.counts == (2, 0)
    assert pool.pending_nonce(account_of(0).address) == 2


# --- time -------------------------------------------------------------------------------------------------------------


def test_senders_from_whom_nothing_comes_expire_with_all_they_have() -> None:
    pool = pool_of(expiry_s=10.0)
    old = [pool.admit(transfer(0, nonce), account_of(0), 0.0).pooled.hash for nonce in (0, 4)]
    pool.admit(transfer(1), account_of(1), 9.0)
    assert pool.expire(9.9) == []
    assert {pooled.hash for pooled in pool.expire(10.0)} == set(old)
    assert pool.counts == (1, 0)
    assert pool.pending_nonce(account_of(0).address) is None


def test_stalled_senders_rest_until_time_or_their_account_moves() -> None:
    pool = pool_of(stall_s=1.0)
    first, other = put(pool, 0), put(pool, 1)
    pool.stall(first, 100.0)
    assert taken(pool) == [other]
    pool.wake(100.5)
    assert pool.has_stalled
    pool.wake(101.0)
    assert taken(pool) == [first, other]
    pool.stall(first, 101.0)
    pool.update(account_of(0, balance=ETHER))
    assert taken(pool) == [first, other]
    pool.stall(first, 101.0)
    pool.wake(5.0)  # the clock went back
    assert taken(pool) == [first, other]


def test_slots_are_renewed_without_losing_the_order() -> None:
    pool = pool_of(count_max=2)
    kept = put(pool, 0)
    for round_ in range(40):
        pool.remove(put(pool, 1, cap=(3 + round_) * GWEI))
    last = put(pool, 1)
    assert taken(pool) == [kept, last]
