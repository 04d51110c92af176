"""The least gas with which a call succeeds, found as geth's gas estimator finds it, but exactly."""

from rollup.core.errors import CallGasTooHigh, FloorDataGasTooLow, IntrinsicGasTooLow, TransferUnfunded
from rollup.core.execution import CallRequest, CallResult
from rollup.vm.calls import CallLimits, CallRun, run_once, scratch
from rollup.vm.failures import OUT_OF_GAS
from rollup.vm.fork import ChainState

GAS_TRANSFER = 21_000
GAS_STIPEND = 2_300


def estimate_gas(state: ChainState, request: CallRequest, limits: CallLimits) -> CallResult:
    """``gas_used`` of the result is the gas limit that suffices, the smallest one.

    A call that fails for another reason than gas is a value, as in run_call. Raises CallGasTooHigh when the highest
    limit allowed (by the caller, the block, a transaction's cap, the sender's funds) does not suffice,
    TransferUnfunded, else as run_call.
    """
    with scratch(state, request, limits.deadline):
        high = _highest_gas(state, request, limits)
        if _is_plain(state, request) and high >= GAS_TRANSFER and _succeeds(state, request, GAS_TRANSFER, limits):
            return CallResult(b"", GAS_TRANSFER, reverted=False, error="")
        try:
            run = run_once(state, request, high, limits.deadline)
        except (IntrinsicGasTooLow, FloorDataGasTooLow) as error:
            raise CallGasTooHigh(f"({high})") from error
        if run.message.error == OUT_OF_GAS:
            raise CallGasTooHigh(f"({high})")
        if run.message.error:
            words = "" if run.message.reverted else run.message.error
            return CallResult(run.message.output, run.gas_used, run.message.reverted, words)
        return CallResult(run.message.output, _search(state, request, limits, (run, high)), reverted=False, error="")


def _highest_gas(state: ChainState, request: CallRequest, limits: CallLimits) -> int:
    rule = state.environment.rule
    high = min(rule.gas_limit, rule.transaction_gas_max, limits.gas_max)
    if request.gas is not None and request.gas >= GAS_TRANSFER:
        high = min(high, request.gas)
    if not request.max_fee:
        return high
    available = state.get_balance(request.sender) - request.value
    if available <= 0:
        raise TransferUnfunded
    return min(high, available // request.max_fee)


def _is_plain(state: ChainState, request: CallRequest) -> bool:
    return not request.data and request.to is not None and not state.get_code(request.to)


def _succeeds(state: ChainState, request: CallRequest, gas: int, limits: CallLimits) -> bool:
    try:
        return not run_once(state, request, gas, limits.deadline).message.error
    except (IntrinsicGasTooLow, FloorDataGasTooLow):
        return False


def _search(state: ChainState, request: CallRequest, limits: CallLimits, first: tuple[CallRun, int]) -> int:
    """Between what the first run used (too little, or just enough) and its limit (enough)."""
    run, high = first
    low = run.gas_used - 1
    optimistic = (run.gas_used + run.gas_refunded + GAS_STIPEND) * 64 // 63
    probe = optimistic if optimistic < high else (low + high) // 2
    while low + 1 < high:
        if _succeeds(state, request, probe, limits):
            high = probe
        else:
            low = probe
        probe = min((low + high) // 2, low * 2)
    return high
