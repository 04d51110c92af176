"""The base fee follows EIP-1559 with the rollup's own parameters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup.core.fees import FeeRule, next_base_fee

LIMIT = 30_000_000
RULE = FeeRule()
TARGET = LIMIT // RULE.elasticity


@pytest.mark.parametrize(
    ("gas_used", "expected"),
    [
        (TARGET, 10**9),
        (0, 10**9 - 10**9 // RULE.change_denominator),
        (2 * TARGET, 10**9 + 10**9 // RULE.change_denominator),
        (LIMIT, 10**9 + 5 * 10**9 // RULE.change_denominator),
        (TARGET // 2, 10**9 - 10**9 // 2 // RULE.change_denominator),
    ],
)
def test_the_fee_moves_with_the_gas_used(gas_used: int, expected: int) -> None:
    assert next_base_fee(RULE, 10**9, gas_used, LIMIT) == expected


@pytest.mark.parametrize(
    ("parent_fee", "gas_used", "expected"),
    [(1000, 10_000_000, 1000), (1000, 5_000_000, 938), (1000, 20_000_000, 1125), (7, 20_000_000, 8)],
)
def test_with_ethereums_parameters_it_is_ethereums_fee(parent_fee: int, gas_used: int, expected: int) -> None:
    """EIP-1559, section Specification: elasticity 2 and denominator 8."""
    rule = FeeRule(elasticity=2, change_denominator=8, base_fee_min_wei=1)
    assert next_base_fee(rule, parent_fee, gas_used, 20_000_000) == expected


def test_it_never_falls_below_the_floor() -> None:
    assert next_base_fee(RULE, RULE.base_fee_min_wei, 0, LIMIT) == RULE.base_fee_min_wei


def test_above_the_target_it_rises_by_at_least_one_wei() -> None:
    rule = FeeRule(base_fee_min_wei=1)
    assert next_base_fee(rule, 1, TARGET + 1, LIMIT) == 2


@given(st.integers(RULE.base_fee_min_wei, 10**18), st.integers(0, LIMIT))
def test_a_step_is_bounded(parent_fee: int, gas_used: int) -> None:
    moved = next_base_fee(RULE, parent_fee, gas_used, LIMIT)
    most = parent_fee * (RULE.elasticity - 1) // RULE.change_denominator
    assert parent_fee - parent_fee // RULE.change_denominator <= moved <= parent_fee + most + 1
    assert moved >= RULE.base_fee_min_wei
