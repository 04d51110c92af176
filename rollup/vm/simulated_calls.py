"""One unsigned transaction of a simulated block: geth's checks with and without validation, and its run.

Without validation any nonce will do, and a call that names no fees pays none, whatever the base fee. Whether the sender
has code is never asked.
"""

from dataclasses import dataclass

from rollup.core.admission import (
    INIT_CODE_BYTES_MAX,
    NONCE_MAX,
    blob_gas,
    floor_data_gas,
    intrinsic_gas,
    max_cost,
)
from rollup.core.errors import (
    CallTimedOut,
    ExecutionTooLong,
    FeeTooLow,
    FloorDataGasTooLow,
    InitCodeTooLarge,
    InsufficientFunds,
    IntrinsicGasTooLow,
    NonceMax,
    NonceTooHigh,
    NonceTooLow,
    TipAboveFeeCap,
)
from rollup.core.forks import Fork
from rollup.core.ids import Address
from rollup.core.transaction import Transaction
from rollup.vm.apply import effective_gas_price, gas_to_pay
from rollup.vm.computation import ChainComputation
from rollup.vm.delegation import apply_authorizations
from rollup.vm.fork import ChainState
from rollup.vm.forms import check_blob_cap, check_form
from rollup.vm.messages import MessageOutcome, MessageRequest, destroy, run_message


@dataclass(frozen=True, slots=True)
class CallRules:
    """``frames`` is the kind of frame that runs; ``deadline`` a moment of ``time.monotonic``."""

    validates: bool
    frames: type[ChainComputation]
    deadline: float | None


@dataclass(frozen=True, slots=True)
class SimulatedRun:
    """``gas_used_max`` is the gas before the refund, not below the floor of EIP-7623."""

    gas_used: int
    gas_used_max: int
    message: MessageOutcome


def run_simulated(state: ChainState, transaction: Transaction, sender: Address, rules: CallRules) -> SimulatedRun:
    """Run to the end and settle. Raises TransactionRejected leaves, and CallTimedOut with the state in the middle."""
    is_free = not rules.validates and not transaction.max_fee and not transaction.max_tip
    _check_nonce(state, transaction, sender, validates=rules.validates)
    _check_fees(state, transaction, is_free=is_free)
    check_form(transaction)
    _check_funds(state, transaction, sender)
    _check_gas(state, transaction)
    price = 0 if is_free else effective_gas_price(transaction, state.environment.base_fee)
    blob_price = state.environment.blob_base_fee if transaction.max_blob_fee else 0
    state.delta_balance(sender, -transaction.gas * price - blob_gas(transaction) * blob_price)
    state.set_nonce(sender, (state.get_nonce(sender) + 1) % 2**64)
    outcome = _run(state, transaction, sender, price, rules)
    gas_used = gas_to_pay(transaction, outcome, state.fork)
    state.delta_balance(sender, (transaction.gas - gas_used) * price)
    if not is_free:
        state.delta_balance(state.environment.rule.coinbase, gas_used * (price - state.environment.base_fee))
    destroy(state, outcome)
    state.end_transaction()
    gas_used_max = max(transaction.gas - outcome.gas_left, floor_data_gas(transaction, state.fork))
    return SimulatedRun(gas_used, gas_used_max, outcome)


def _run(state: ChainState, transaction: Transaction, sender: Address, price: int, rules: CallRules) -> MessageOutcome:
    refund = apply_authorizations(state, transaction.authorizations)
    request = MessageRequest(
        sender=sender,
        to=transaction.to,
        value=transaction.value,
        data=transaction.data,
        gas=transaction.gas - intrinsic_gas(transaction, state.fork),
        gas_price=price,
        access_list=transaction.access_list,
        refund=refund,
        deadline=rules.deadline,
        frames=rules.frames,
        blob_hashes=transaction.blob_hashes,
    )
    try:
        return run_message(state, request)
    except ExecutionTooLong as error:
        raise CallTimedOut() from error


def _check_nonce(state: ChainState, transaction: Transaction, sender: Address, *, validates: bool) -> None:
    nonce = state.get_nonce(sender)
    where = f"address 0x{sender.hex()}"
    if nonce == NONCE_MAX and (validates or transaction.to is None):
        raise NonceMax(f"{where}, nonce: {nonce}")
    if not validates:
        return
    if transaction.nonce > nonce:
        raise NonceTooHigh(f"{where}, tx: {transaction.nonce} state: {nonce}")
    if transaction.nonce < nonce:
        raise NonceTooLow(f"{where}, tx: {transaction.nonce} state: {nonce}")


def _check_fees(state: ChainState, transaction: Transaction, *, is_free: bool) -> None:
    environment = state.environment
    if not is_free and state.fork >= Fork.LONDON:
        if transaction.max_tip > transaction.max_fee:
            raise TipAboveFeeCap(f"maxPriorityFeePerGas: {transaction.max_tip}, maxFeePerGas: {transaction.max_fee}")
        if transaction.max_fee < environment.base_fee:
            raise FeeTooLow(f"maxFeePerGas: {transaction.max_fee}, baseFee: {environment.base_fee}")
    check_blob_cap(transaction, environment.blob_base_fee, is_free=is_free)


def _check_funds(state: ChainState, transaction: Transaction, sender: Address) -> None:
    have, want = state.get_balance(sender), max_cost(transaction)
    if have < want:
        raise InsufficientFunds(f"address 0x{sender.hex()} have {have} want {want}")


def _check_gas(state: ChainState, transaction: Transaction) -> None:
    needed, floor = intrinsic_gas(transaction, state.fork), floor_data_gas(transaction, state.fork)
    if transaction.gas < needed:
        raise IntrinsicGasTooLow(f"have {transaction.gas}, want {needed}")
    if transaction.gas < floor:
        raise FloorDataGasTooLow(f"have {transaction.gas}, want {floor}")
    size = len(transaction.data)
    if state.fork >= Fork.SHANGHAI and transaction.to is None and size > INIT_CODE_BYTES_MAX:
        raise InitCodeTooLarge(f"code size {size}, limit {INIT_CODE_BYTES_MAX}")
