"""Instructions on accounts, storage and logs (EIPs 1153, 2200, 2929, 3529)."""

from eth.exceptions import OutOfGas

from rollup.core.block import Log
from rollup.core.ids import Address, Hash
from rollup.vm.frame import Frame, charge, copy_to_memory, expand_memory, read_memory, require_writable

GAS_COLD_ACCOUNT, GAS_WARM = 2_600, 100
GAS_COLD_SLOT = 2_100
GAS_SET, GAS_RESET = 20_000, 2_900
GAS_STIPEND = 2_300
REFUND_CLEAR = 4_800
GAS_LOG_BYTE = 8
ADDRESS_MASK = (1 << 160) - 1


def _account(frame: Frame, word: int) -> bytes:
    """The address in a word, its access paid for."""
    address = (word & ADDRESS_MASK).to_bytes(20, "big")
    if frame.state.is_address_warm(address):
        charge(frame, GAS_WARM)
    else:
        frame.state.mark_address_warm(address)
        charge(frame, GAS_COLD_ACCOUNT)
    return address


def balance(frame: Frame, _: int) -> None:
    frame.stack[-1] = frame.state.get_balance(_account(frame, frame.stack[-1]))


def selfbalance(frame: Frame, _: int) -> None:
    frame.stack.append(frame.state.get_balance(frame.address))


def extcodesize(frame: Frame, _: int) -> None:
    frame.stack[-1] = len(frame.state.get_code(_account(frame, frame.stack[-1])))


def extcodehash(frame: Frame, _: int) -> None:
    """Zero for accounts that are empty or do not exist (EIP-1052)."""
    address, state = _account(frame, frame.stack[-1]), frame.state
    is_empty = state.account_is_empty(address)
    frame.stack[-1] = 0 if is_empty else int.from_bytes(state.get_code_hash(address), "big")


def extcodecopy(frame: Frame, _: int) -> None:
    stack = frame.stack
    address = _account(frame, stack.pop())
    target, start, size = stack.pop(), stack.pop(), stack.pop()
    copy_to_memory(frame, target, frame.state.get_code(address)[start : start + size], size)


def sload(frame: Frame, _: int) -> None:
    stack, state, address = frame.stack, frame.state, frame.address
    slot = stack[-1]
    if state.is_storage_warm(address, slot):
        charge(frame, GAS_WARM)
    else:
        state.mark_storage_warm(address, slot)
        charge(frame, GAS_COLD_SLOT)
    stack[-1] = state.get_storage(address, slot)


def sstore(frame: Frame, _: int) -> None:
    require_writable(frame)
    if frame.gas <= GAS_STIPEND:
        raise OutOfGas
    state, address = frame.state, frame.address
    slot, value = frame.stack.pop(), frame.stack.pop()
    cost = 0
    if not state.is_storage_warm(address, slot):
        state.mark_storage_warm(address, slot)
        cost = GAS_COLD_SLOT
    current, original = state.get_storage(address, slot), state.get_storage(address, slot, from_journal=False)
    charge(frame, cost + _store_cost(original, current, value))
    frame.gas_refunded += _store_refund(original, current, value)
    state.set_storage(address, slot, value)


def _store_cost(original: int, current: int, value: int) -> int:
    if value == current or original != current:
        return GAS_WARM
    return GAS_RESET if original else GAS_SET


def _store_refund(original: int, current: int, value: int) -> int:
    """May be negative: what an earlier write earned is taken back (EIP-2200 with the amounts of EIP-3529)."""
    if value == current:
        return 0
    refund = 0
    if original:
        refund += (REFUND_CLEAR if not value else 0) - (REFUND_CLEAR if not current else 0)
    if original == value and original != current:
        refund += (GAS_RESET if original else GAS_SET) - GAS_WARM
    return refund


def tload(frame: Frame, _: int) -> None:
    stack = frame.stack
    stack[-1] = int.from_bytes(frame.state.get_transient_storage(frame.address, stack[-1]), "big")


def tstore(frame: Frame, _: int) -> None:
    require_writable(frame)
    slot, value = frame.stack.pop(), frame.stack.pop()
    frame.state.set_transient_storage(frame.address, slot, value.to_bytes(32, "big"))


def log(frame: Frame, topic_count: int) -> None:
    require_writable(frame)
    stack = frame.stack
    offset, size = stack.pop(), stack.pop()
    topics = tuple(Hash(stack.pop().to_bytes(32, "big")) for _ in range(topic_count))
    charge(frame, size * GAS_LOG_BYTE)
    expand_memory(frame, offset, size)
    frame.logs.append(Log(Address(frame.address), topics, read_memory(frame, offset, size)))
