"""Which addresses and slots a call touches (eth_createAccessList), found by running it until the list is stable.

A list makes accesses cheaper, and a contract that looks at its gas may then touch others: the call runs again with the
list that it made, until it makes the same one.
"""

from dataclasses import replace

from rollup.core.execution import AccessListResult, CallRequest
from rollup.core.ids import Address
from rollup.vm.accounts import StateSource
from rollup.vm.calls import CallLimits, run_once, scratch
from rollup.vm.fork import BlockEnvironment, ChainState
from rollup.vm.messages import contract_address_of

ROUNDS_MAX = 16

Slots = dict[Address, set[int]]


class WatchedState(ChainState):
    """A state that remembers what instructions ask for, whatever is reverted later."""

    def __init__(self, source: StateSource, environment: BlockEnvironment) -> None:
        super().__init__(source, environment)
        self.seen: Slots = {}

    def is_address_warm(self, address: bytes) -> bool:
        self.seen.setdefault(Address(address), set())
        return super().is_address_warm(address)

    def is_storage_warm(self, address: bytes, slot: int) -> bool:
        self.seen.setdefault(Address(address), set()).add(slot)
        return super().is_storage_warm(address, slot)


def create_access_list(
    source: StateSource, environment: BlockEnvironment, request: CallRequest, limits: CallLimits
) -> AccessListResult:
    """Raises as run_call does. A call that fails has a list all the same."""
    gas = limits.gas_max if request.gas is None else min(request.gas, limits.gas_max)
    state = WatchedState(source, environment)
    with scratch(state, request, limits.deadline):
        free = _free_addresses(state, request)
        found = {address: set(slots) for address, slots in request.access_list}
        rounds_left = ROUNDS_MAX
        while True:
            request = replace(request, access_list=_rows(found, free))
            state.seen = {address: set(slots) for address, slots in request.access_list}
            run = run_once(state, request, gas, limits.deadline)
            found, rounds_left = state.seen, rounds_left - 1
            if not rounds_left or _rows(found, free) == request.access_list:
                return AccessListResult(request.access_list, run.gas_used, run.message.error)


def _free_addresses(state: ChainState, request: CallRequest) -> frozenset[bytes]:
    """Warm without a list: listed only for their slots."""
    target = request.to or contract_address_of(request.sender, state.get_nonce(request.sender))
    return frozenset((request.sender, target, *state.listed_precompiles))


def _rows(found: Slots, free: frozenset[bytes]) -> tuple[tuple[Address, tuple[int, ...]], ...]:
    return tuple(
        (address, tuple(sorted(slots))) for address, slots in sorted(found.items()) if slots or address not in free
    )
