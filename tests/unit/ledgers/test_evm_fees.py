"""What is offered for a posting."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgers.evm.fees import FeeCaps, Offer, bound_gas, choose_offer
from rollup.core.errors import LedgerFeeTooLow

CAPS = FeeCaps(max_fee_wei=1_000, max_tip_wei=100)


def test_twice_the_base_fee_and_a_tip() -> None:
    assert choose_offer(100, 7, None, CAPS) == Offer(207, 7)


def test_the_tip_is_capped_and_never_nothing() -> None:
    assert choose_offer(100, 5_000, None, CAPS).max_tip == 100
    assert choose_offer(100, 0, None, CAPS).max_tip == 1


def test_headroom_shrinks_to_the_cap_while_the_next_block_is_affordable() -> None:
    assert choose_offer(900, 50, None, CAPS) == Offer(1_000, 50)
    with pytest.raises(LedgerFeeTooLow):
        choose_offer(951, 50, None, CAPS)


def test_a_gas_price_where_there_is_no_base_fee() -> None:
    assert choose_offer(None, 30, None, CAPS) == Offer(30, 30)
    assert choose_offer(None, 0, None, CAPS) == Offer(0, 0)
    with pytest.raises(LedgerFeeTooLow):
        choose_offer(None, 1_001, None, CAPS)


@given(
    base_fee=st.integers(0, 10**12),
    tip=st.integers(0, 10**10),
    old=st.tuples(st.integers(0, 10**12), st.integers(0, 10**10)).map(lambda pair: (max(pair), min(pair))),
)
def test_a_replacement_is_an_eighth_above_in_both_or_is_refused(base_fee: int, tip: int, old: tuple[int, int]) -> None:
    caps = FeeCaps(max_fee_wei=10**12)
    try:
        offer = choose_offer(base_fee, tip, Offer(*old), caps)
    except LedgerFeeTooLow:
        return
    assert offer.max_fee > old[0]
    assert offer.max_tip > old[1]
    assert offer.max_fee * 1000 >= old[0] * 1125
    assert offer.max_tip * 1000 >= old[1] * 1125
    assert offer.max_tip <= offer.max_fee <= caps.max_fee_wei


def test_gas_bound_covers_the_calldata_floor() -> None:
    calldata = os.urandom(120_000)
    assert 21_000 + 40 * 119_000 < bound_gas(calldata) < 6_000_000
    assert bound_gas(bytes(100)) > 400_000
