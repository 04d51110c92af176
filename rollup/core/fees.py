"""Base fee of the next block (EIP-1559 with the rollup's own parameters)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FeeRule:
    """Parameters of the EIP-1559 controller. Wei and gas."""

    elasticity: int = 6
    """Gas limit over gas target."""
    change_denominator: int = 50
    """Largest step is 1/denominator per block: blocks are short, so the step is smaller than Ethereum's 1/8."""
    base_fee_min_wei: int = 1_000_000
    base_fee_genesis_wei: int = 1_000_000_000


def next_base_fee(rule: FeeRule, parent_base_fee: int, parent_gas_used: int, parent_gas_limit: int) -> int:
    """Base fee in wei per gas of the child block (EIP-1559, section Specification), never below the rule's floor."""
    target = parent_gas_limit // rule.elasticity
    if parent_gas_used == target:
        moved = parent_base_fee
    elif parent_gas_used > target:
        step = parent_base_fee * (parent_gas_used - target) // target // rule.change_denominator
        moved = parent_base_fee + max(step, 1)
    else:
        moved = parent_base_fee - parent_base_fee * (target - parent_gas_used) // target // rule.change_denominator
    return max(moved, rule.base_fee_min_wei)
