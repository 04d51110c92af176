"""One transaction on a state: the checks, the purchase of gas, the message, the settlement of fees.

The order of every step is that of the Yellow Paper with EIPs 1559, 2929, 3529, 3607, 3651, 7623 and 7702. Nothing here
computes a root. A transaction that is refused leaves the state as it was.
"""

from dataclasses import dataclass

from rollup.core.admission import (
    INIT_CODE_BYTES_MAX,
    UINT256_MAX,
    blob_gas,
    check_account,
    check_blob_fee,
    check_transaction,
    floor_data_gas,
    intrinsic_gas,
)
from rollup.core.block import DEPOSIT_TYPE, Log
from rollup.core.deposit import Deposit
from rollup.core.errors import ExecutionTooLong, GasLimitTooHigh
from rollup.core.execution import AccountState
from rollup.core.forks import Fork
from rollup.core.ids import ZERO_HASH, Address, Hash
from rollup.core.transaction import Transaction
from rollup.vm.computation import ChainComputation
from rollup.vm.delegation import apply_authorizations, is_delegation
from rollup.vm.fork import ChainState
from rollup.vm.messages import MessageOutcome, MessageRequest, destroy, run_message

REFUND_QUOTIENT = 5  # EIP-3529
REFUND_QUOTIENT_BEFORE_LONDON = 2


@dataclass(frozen=True, slots=True)
class TransactionLimits:
    """``gas_left`` is what the block has not yet used. ``deadline`` is a moment of ``time.monotonic`` after which a
    sequencer gives up (never set where a block is derived: every node must reach the same result). ``frames`` is the
    kind of frame that runs, for whoever watches."""

    gas_left: int
    deadline: float | None = None
    frames: type[ChainComputation] = ChainComputation


UNLIMITED = TransactionLimits(UINT256_MAX)


@dataclass(frozen=True, slots=True)
class TransactionOutcome:
    """``gas_used`` is what the sender pays for: after the refund and not below the floor of EIP-7623."""

    status: int
    gas_used: int
    logs: tuple[Log, ...]
    contract_address: Address | None
    effective_gas_price: int
    output: bytes


def apply_transaction(
    state: ChainState, transaction: Transaction, sender: Address, *, limits: TransactionLimits
) -> TransactionOutcome:
    """Run a user's transaction whose sender was recovered before.

    Raises a TransactionRejected leaf, ExecutionTooLong among them when the deadline passes; the state is then what it
    was. A call that fails is an outcome with status 0.
    """
    check_transaction(transaction, state.environment.rule, state.fork)
    check_blob_fee(transaction, state.environment.blob_base_fee)
    check_sender(state, transaction, sender, limits.gas_left)
    start = state.snapshot()
    try:
        outcome = execute_transaction(state, transaction, sender, limits)
    except ExecutionTooLong:
        state.revert(start)
        raise
    state.end_transaction()
    return outcome


def effective_gas_price(transaction: Transaction, base_fee: int) -> int:
    """Wei per gas that the sender pays (EIP-1559)."""
    return min(transaction.max_fee, base_fee + transaction.max_tip)


def check_sender(state: ChainState, transaction: Transaction, sender: Address, gas_left: int) -> None:
    """The half of the checks that needs state. Raises a TransactionRejected leaf."""
    if transaction.gas > gas_left:
        raise GasLimitTooHigh(f"gas limit {transaction.gas}, left in the block {gas_left}")
    account = AccountState(
        address=sender,
        nonce=state.get_nonce(sender),
        balance=state.get_balance(sender),
        code_hash=Hash(state.get_code_hash(sender)),
        storage_root=ZERO_HASH,
    )
    delegated = state.fork >= Fork.PRAGUE and is_delegation(state.get_code(sender))
    check_account(transaction, account, state.environment.base_fee, delegated=delegated)


def execute_transaction(
    state: ChainState, transaction: Transaction, sender: Address, limits: TransactionLimits
) -> TransactionOutcome:
    """Run what was checked, from the purchase of gas to the settlement of fees; the caller ends it. Raises
    ExecutionTooLong with the state in the middle of it."""
    price = effective_gas_price(transaction, state.environment.base_fee)
    blob_fee = blob_gas(transaction) * state.environment.blob_base_fee
    state.delta_balance(sender, -transaction.gas * price - blob_fee)
    state.increment_nonce(sender)
    outcome = run_message(state, _prepare_message(state, transaction, sender, price, limits))
    gas_used = gas_to_pay(transaction, outcome, state.fork)
    state.delta_balance(sender, (transaction.gas - gas_used) * price)
    state.delta_balance(state.coinbase, gas_used * (price - state.environment.base_fee))
    destroy(state, outcome)
    return _outcome(outcome, gas_used, price)


def _prepare_message(
    state: ChainState, transaction: Transaction, sender: Address, price: int, limits: TransactionLimits
) -> MessageRequest:
    """Set the delegations that the transaction authorizes; the message that runs then."""
    return MessageRequest(
        sender=sender,
        to=transaction.to,
        value=transaction.value,
        data=transaction.data,
        gas=transaction.gas - intrinsic_gas(transaction, state.fork),
        gas_price=price,
        access_list=transaction.access_list,
        refund=apply_authorizations(state, transaction.authorizations),
        deadline=limits.deadline,
        frames=limits.frames,
        blob_hashes=transaction.blob_hashes,
    )


def _outcome(outcome: MessageOutcome, gas_used: int, price: int) -> TransactionOutcome:
    return TransactionOutcome(
        status=0 if outcome.error else 1,
        gas_used=gas_used,
        logs=outcome.logs,
        contract_address=outcome.contract_address,
        effective_gas_price=price,
        output=outcome.output,
    )


def gas_to_pay(transaction: Transaction, outcome: MessageOutcome, fork: Fork = Fork.PRAGUE) -> int:
    """Gas after the capped refund (EIP-3529), not below the floor of the calldata (EIP-7623)."""
    used_before_refund = transaction.gas - outcome.gas_left
    quotient = REFUND_QUOTIENT if fork >= Fork.LONDON else REFUND_QUOTIENT_BEFORE_LONDON
    refunded = min(outcome.refund, used_before_refund // quotient)
    return max(used_before_refund - refunded, floor_data_gas(transaction, fork))


def apply_deposit(state: ChainState, deposit: Deposit, limits: TransactionLimits = UNLIMITED) -> TransactionOutcome:
    """Run a deposit: never refused. The mint stands and the sender's nonce moves whatever the call does.

    No gas is bought and none given back. A deposit that cannot even start (value not covered, gas below the intrinsic
    gas, init code too large) uses all of its gas; gas above the cap of a transaction is not there (ADR 0004).
    """
    shape = _as_transaction(deposit, min(deposit.gas, state.environment.rule.transaction_gas_max))
    state.set_balance(deposit.sender, min(state.get_balance(deposit.sender) + deposit.mint, UINT256_MAX))
    state.increment_nonce(deposit.sender)
    if _can_start(shape):
        outcome = run_message(state, _prepare_message(state, shape, deposit.sender, 0, limits))
        gas_used = gas_to_pay(shape, outcome)
        destroy(state, outcome)
    else:
        outcome = MessageOutcome(0, 0, b"", (), None, "intrinsic gas too low", reverted=False)
        gas_used = shape.gas
    state.end_transaction()
    return _outcome(outcome, gas_used, 0)


def _can_start(shape: Transaction) -> bool:
    too_large = shape.to is None and len(shape.data) > INIT_CODE_BYTES_MAX
    return not too_large and shape.gas >= max(intrinsic_gas(shape), floor_data_gas(shape))


def _as_transaction(deposit: Deposit, gas: int) -> Transaction:
    """What the rules for gas look at; a deposit carries no signature, price or access list."""
    return Transaction(
        raw=b"",
        hash=ZERO_HASH,
        type=DEPOSIT_TYPE,
        chain_id=None,
        nonce=0,
        max_fee=0,
        max_tip=0,
        gas=gas,
        to=deposit.to,
        value=deposit.value,
        data=deposit.data,
        access_list=(),
        authorizations=(),
        v=0,
        r=0,
        s=0,
        signing_hash=ZERO_HASH,
    )
