"""The top-level message of a transaction, a deposit or a call, from warm access list to outcome.

Who pays for the gas, and whether the message may run at all, is decided by the callers.
"""

from dataclasses import dataclass

import rlp
from eth.constants import CREATE_CONTRACT_ADDRESS
from eth.vm.message import Message
from eth_typing import Address as EthAddress

from rollup.core.block import Log
from rollup.core.forks import Fork
from rollup.core.hashes import keccak
from rollup.core.ids import Address, Hash
from rollup.core.rlp_items import uint_bytes
from rollup.core.transaction import AccessList
from rollup.vm.computation import ChainComputation, ChainContext
from rollup.vm.delegation import resolve_code
from rollup.vm.failures import REVERTED, describe_failure
from rollup.vm.fork import ChainState
from rollup.vm.work import WorkExhausted, WorkMeter

REFUND_SELFDESTRUCT = 24_000
"""Until London (EIP-3529)."""


@dataclass(frozen=True, slots=True)
class MessageRequest:
    """``gas`` is what is left after the intrinsic gas; ``refund`` what the authorizations already earned. The sender's
    nonce was incremented before. ``frames`` is the kind of frame that runs, for whoever watches."""

    sender: Address
    to: Address | None
    value: int
    data: bytes
    gas: int
    gas_price: int
    access_list: AccessList = ()
    refund: int = 0
    deadline: float | None = None
    frames: type[ChainComputation] = ChainComputation
    blob_hashes: tuple[Hash, ...] = ()


@dataclass(frozen=True, slots=True)
class MessageOutcome:
    """``error`` is '' on success, else geth's words; the state changes are then reverted. ``contract_address`` is set
    for every creation, failed or not. ``refund`` is uncapped. ``destroyed`` are accounts that self-destructed: they go
    once all fees are settled (``destroy``)."""

    gas_left: int
    refund: int
    output: bytes
    logs: tuple[Log, ...]
    contract_address: Address | None
    error: str
    reverted: bool
    destroyed: tuple[bytes, ...] = ()


def destroy(state: ChainState, outcome: MessageOutcome) -> None:
    """The end of accounts that self-destructed, whatever they were paid since."""
    for address in outcome.destroyed:
        state.delete_account(address)


def contract_address_of(sender: bytes, nonce: int) -> Address:
    """Where a creation by ``sender`` at ``nonce`` puts its contract (Yellow Paper, section 7)."""
    return Address(keccak(rlp.encode([sender, uint_bytes(nonce)]))[12:])


def run_message(state: ChainState, request: MessageRequest) -> MessageOutcome:
    """Run to the end. Raises ExecutionTooLong, with the state in the middle of it: the caller has a snapshot."""
    created = contract_address_of(request.sender, state.get_nonce(request.sender) - 1) if request.to is None else None
    _warm_access_list(state, request, request.to or Address(created or b""))
    if state.get_balance(request.sender) < request.value:
        return _spent(request, created, "insufficient balance for transfer")
    if created is not None and state.has_code_or_nonce(created):
        return _spent(request, created, "contract address collision")
    start = state.snapshot()
    try:
        computation = _run(state, request, created)
    except WorkExhausted:
        state.revert(start)
        return _spent(request, created, "work limit exceeded")
    destroyed = tuple(computation.accounts_to_delete)
    error = describe_failure(computation.error) if computation.is_error else ""
    return MessageOutcome(
        gas_left=computation.gas,
        refund=computation.gas_refunded + (len(destroyed) * REFUND_SELFDESTRUCT if state.fork < Fork.LONDON else 0),
        output=computation.output,
        logs=tuple(computation.logs),
        contract_address=created,
        error=error,
        reverted=error == REVERTED,
        destroyed=destroyed,
    )


def _spent(request: MessageRequest, created: Address | None, error: str) -> MessageOutcome:
    """A failure that takes all of the gas and changes nothing."""
    return MessageOutcome(0, request.refund, b"", (), created, error, reverted=False)


def _run(state: ChainState, request: MessageRequest, created: Address | None) -> ChainComputation:
    context = ChainContext(
        request.gas_price,
        EthAddress(request.sender),
        WorkMeter(state.environment.rule.work_max, request.deadline),
        request.blob_hashes,
    )
    if request.to is None:
        message = Message(
            gas=request.gas,
            to=CREATE_CONTRACT_ADDRESS,
            sender=EthAddress(request.sender),
            value=request.value,
            data=b"",
            code=request.data,
            create_address=EthAddress(created or b""),
            refund=request.refund,
        )
        return request.frames.apply_create_message(state, message, context)
    code, delegate = resolve_code(state, request.to)
    message = Message(
        gas=request.gas,
        to=EthAddress(request.to),
        sender=EthAddress(request.sender),
        value=request.value,
        data=request.data,
        code=code,
        refund=request.refund,
        is_delegation=delegate is not None,
    )
    return request.frames.apply_message(state, message, context)


def _warm_access_list(state: ChainState, request: MessageRequest, target: Address) -> None:
    state.mark_address_warm(request.sender)
    state.mark_address_warm(target)
    if state.fork >= Fork.SHANGHAI:  # EIP-3651
        state.mark_address_warm(state.environment.rule.coinbase)
    for address, keys in request.access_list:
        state.mark_address_warm(address)
        for key in keys:
            state.mark_storage_warm(address, int.from_bytes(key, "big"))
