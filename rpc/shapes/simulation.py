"""Simulated blocks as eth_simulateV1 answers them: the block's own shape, and ``calls`` beside it."""

from rollup.core.simulation import CallOutcome, SimulatedBlock
from rpc.errors import EXECUTION_FAILED, REVERTED
from rpc.hexes import data, quantity
from rpc.reverts import revert_message
from rpc.shapes.block import block_json
from rpc.shapes.log import LogPlace, log_json
from rpc.shapes.transaction import Position, transaction_json


def simulated_json(simulated: SimulatedBlock, *, full: bool) -> dict[str, object]:
    """``full``: whole transactions instead of their hashes."""
    block, header = simulated.block, simulated.block.header
    transactions: list[object] = [data(each.hash) for each in simulated.transactions]
    if full:
        transactions = [
            transaction_json(each, block.senders[index], Position(header, index))
            for index, each in enumerate(simulated.transactions)
        ]
    calls = [_call_json(call, _place(simulated, index)) for index, call in enumerate(simulated.calls)]
    return block_json(block, transactions) | {"calls": calls}


def _place(simulated: SimulatedBlock, index: int) -> LogPlace:
    header = simulated.block.header
    return LogPlace(
        block_number=quantity(header.number),
        block_hash=data(header.hash),
        block_timestamp=quantity(header.timestamp),
        transaction_hash=data(simulated.transactions[index].hash),
        transaction_index=quantity(index),
    )


def _call_json(call: CallOutcome, place: LogPlace) -> dict[str, object]:
    """What a revert returns is part of its error alone, as geth has it."""
    shape: dict[str, object] = {
        "returnData": "0x" if call.error else data(call.output),
        "logs": [log_json(each.log, place, each.number) for each in call.logs],
        "gasUsed": quantity(call.gas_used),
        "maxUsedGas": quantity(call.gas_used_max),
        "status": "0x0" if call.error else "0x1",
    }
    if call.error:
        shape["error"] = _error_json(call)
    return shape


def _error_json(call: CallOutcome) -> dict[str, object]:
    if call.reverted:
        return {"code": REVERTED, "message": revert_message(call.output), "data": data(call.output)}
    return {"code": EXECUTION_FAILED, "message": call.error}
