"""Reverts and failed calls as errors: code 3 with the revert data, in geth's words."""

from rollup.core.execution import CallResult
from rollup.core.reverts import revert_reason
from rpc.errors import REVERTED, SERVER_ERROR, RpcError
from rpc.hexes import data


def revert_message(output: bytes) -> str:
    """geth's words for a revert with this data."""
    reason = revert_reason(output)
    return f"execution reverted: {reason}" if reason else "execution reverted"


def check_call(result: CallResult) -> None:
    """Raises RpcError unless the call succeeded."""
    if result.reverted:
        raise RpcError(REVERTED, revert_message(result.output), data(result.output))
    if result.error:
        raise RpcError(SERVER_ERROR, result.error)
