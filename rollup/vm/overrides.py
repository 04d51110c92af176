"""What a call or a simulated block sees otherwise than the chain has it: state overrides and block overrides.

The rules are those of geth's ``override`` objects: what is overridden counts as written by a transaction before, so it
is cold and it is the original value of its slots.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from rollup.core.admission import UINT256_MAX
from rollup.core.errors import CallTimedOut, OverrideRefused
from rollup.core.execution import AccountOverride, BlockOverride, StateOverrides
from rollup.core.forks import Fork
from rollup.core.ids import ZERO_HASH, Address, BlockNumber, Hash
from rollup.vm.accounts import EMPTY_ACCOUNT
from rollup.vm.fork import BlockEnvironment, ChainState
from rollup.vm.precompiles import Precompile

Precompiles = Mapping[bytes, Precompile]
Value = TypeVar("Value")


def check_time(deadline: float | None) -> None:
    """Raises CallTimedOut past the deadline, a moment of ``time.monotonic``."""
    if deadline is not None and time.monotonic() > deadline:
        raise CallTimedOut()


def override_environment(environment: BlockEnvironment, context: BlockOverride) -> BlockEnvironment:
    """The block as the override has it. Where its number was moved, blocks that do not exist have hash zero."""
    rule = replace(
        environment.rule,
        gas_limit=_either(context.gas_limit, environment.rule.gas_limit),
        coinbase=_either(context.coinbase, environment.rule.coinbase),
    )
    real_number = environment.number
    number = _either(context.number, real_number)
    timestamp = _either(context.timestamp, environment.timestamp)
    forks, is_merged = environment.rule.forks, environment.fork >= Fork.PARIS

    def ancestor_hash(number: BlockNumber) -> Hash:
        return environment.ancestor_hash(number) if number < real_number else ZERO_HASH

    return replace(
        environment,
        rule=rule,
        number=BlockNumber(number),
        timestamp=timestamp,
        fork=environment.fork if forks is None else forks.fork_at(number, timestamp, merged=is_merged),
        base_fee=_either(context.base_fee, environment.base_fee),
        prev_randao=_either(context.prev_randao, environment.prev_randao),
        ancestor_hash=ancestor_hash,
        blob_base_fee=_either(context.blob_base_fee, environment.blob_base_fee),
    )


def _either(given: Value | None, otherwise: Value) -> Value:
    return otherwise if given is None else given


def apply_overrides(state: ChainState, overrides: StateOverrides, deadline: float | None = None) -> Precompiles:
    """Write the overrides into the state, and return the precompiled contracts as they leave them.

    Raises OverrideRefused in geth's words: what moves must be a precompile, to where nothing else is overridden; and
    CallTimedOut.
    """
    precompiles = dict(state.precompiles)
    overridden, moved_to = {address for address, _ in overrides}, set()
    for address, override in overrides:
        check_time(deadline)
        precompile = precompiles.get(address)
        if address in moved_to:
            raise OverrideRefused(f"account 0x{address.hex()} has already been overridden by a precompile")
        if (target := override.precompile_to) is not None:
            if precompile is None:
                raise OverrideRefused(f"account 0x{address.hex()} is not a precompile")
            if target in overridden:
                raise OverrideRefused(f"account 0x{target.hex()} is already overridden")
            precompiles[target] = precompile
            moved_to.add(target)
        precompiles.pop(address, None)
        _override_account(state, address, override, deadline)
    state.forget_accesses()
    return precompiles


def _override_account(state: ChainState, address: Address, override: AccountOverride, deadline: float | None) -> None:
    if override.nonce is not None:
        state.set_nonce(address, override.nonce)
    if override.balance is not None:
        state.set_balance(address, min(override.balance, UINT256_MAX))
    if override.code is not None:
        state.set_code(address, override.code)
    slots = override.state_diff if override.state is None else override.state
    if override.state is not None:
        state.replace_storage(address, ())
    elif slots and not state.account_exists(address):
        state.write_account(address, EMPTY_ACCOUNT)
    for slot, value in slots:
        check_time(deadline)
        state.set_storage(address, slot, value)
