"""The arrival line answers as a walk over all slots would."""

from hypothesis import given
from hypothesis import strategies as st

from rollup.sequencer.arrival_line import ArrivalLine

FEES = st.integers(0, 6)


@given(st.lists(st.tuples(st.integers(0, 20), FEES)), st.integers(1, 7))
def test_first_slot_is_the_earliest_that_pays(changes: list[tuple[int, int]], fee_min: int) -> None:
    line, fees = ArrivalLine(21), [0] * 21
    assert [line.open_slot() for _ in range(21)] == list(range(21))
    for slot, fee in changes:
        line.set_fee(slot, fee)
        fees[slot] = fee
    assert line.first_slot(fee_min) == next((slot for slot, fee in enumerate(fees) if fee >= fee_min), None)
    assert line.fee_max == max(fees)


def test_line_says_when_its_slots_are_used_up() -> None:
    line = ArrivalLine(3)
    opened = [line.open_slot() for _ in range(3)]
    assert not line.is_exhausted
    opened.append(line.open_slot())
    assert line.is_exhausted
    assert opened == [0, 1, 2, 3]


def test_fees_may_be_as_large_as_the_protocol_allows() -> None:
    line = ArrivalLine(2)
    line.set_fee(line.open_slot(), 2**256 - 1)
    assert line.first_slot(2**256 - 1) == 0


@given(st.lists(FEES, min_size=1, max_size=21), st.integers(0, 20), FEES, st.integers(1, 7))
def test_a_filled_line_is_as_good_as_one_that_grew(fees: list[int], slot: int, fee: int, fee_min: int) -> None:
    line = ArrivalLine(40)
    line.fill(fees)
    assert line.open_slot() == len(fees)
    line.set_fee(slot % len(fees), fee)
    fees[slot % len(fees)] = fee
    assert line.first_slot(fee_min) == next((slot for slot, fee in enumerate(fees) if fee >= fee_min), None)
