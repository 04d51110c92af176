"""Blocks, pages and calls as Otterscan wants them."""

from collections.abc import Iterator
from typing import Any

from rollup.core.block import Block
from rpc.hexes import quantity
from rpc.shapes.block import block_json
from rpc.shapes.receipt import logs_before, receipt_json
from rpc.shapes.transaction import mined_json

TRANSFER, SELF_DESTRUCTION = 0, 1
CREATIONS = {"CREATE": 2, "CREATE2": 3}
SELECTOR_DIGITS = 10
"""With the ``0x``: of the input only the selector is shown in lists."""
NO_ISSUANCE = {"blockReward": "0x0", "uncleReward": "0x0", "issuance": "0x0"}

Row = dict[str, Any]


def details_json(block: Block) -> Row:
    """Nothing is issued: blocks here have no reward."""
    shape = block_json(block, [])
    del shape["transactions"]
    shape["transactionCount"] = len(block.transactions)
    fees = sum(receipt.gas_used * receipt.effective_gas_price for receipt in block.receipts)
    return {"block": {**shape, "logsBloom": None}, "issuance": NO_ISSUANCE, "totalFees": quantity(fees)}


def page_json(block: Block, page: int, size: int) -> Row:
    stop = max(len(block.transactions) - page * size, 0)
    indexes = range(max(stop - size, 0), stop)
    transactions = [mined_json(block, index) for index in indexes]
    for transaction in transactions:
        transaction["input"] = str(transaction["input"])[:SELECTOR_DIGITS]
    receipts = [receipt_json(block, index, logs_before(block, index)) for index in indexes]
    shape = {**block_json(block, transactions), "transactionCount": len(block.transactions), "logsBloom": None}
    return {"fullblock": shape, "receipts": [{**each, "logs": None, "logsBloom": None} for each in receipts]}


def _walk(root: Row) -> Iterator[tuple[Row, int]]:
    """Calls before those that they make, with their depth."""
    waiting = [(root, 0)]
    while waiting:
        call, depth = waiting.pop()
        yield call, depth
        waiting += [(inner, depth + 1) for inner in reversed(call.get("calls", []))]


def steps_of(root: Row) -> list[Row]:
    return [
        {
            "type": call["type"],
            "depth": depth,
            "from": call["from"],
            "to": call.get("to"),
            "value": None if call["type"] == "DELEGATECALL" else call.get("value"),
            "input": call["input"],
            "output": call.get("output", "0x"),
        }
        for call, depth in _walk(root)
    ]


def transfers_of(root: Row) -> list[Row]:
    """Without the transaction's own transfer, and without what was taken back."""
    rows: list[Row] = []
    waiting = [root]
    while waiting:
        call = waiting.pop()
        if "error" in call:
            continue
        if call is not root and (kind := _kind_of(call)) is not None:
            rows.append({"type": kind, "from": call["from"], "to": call["to"], "value": call["value"]})
        waiting += reversed(call.get("calls", []))
    return rows


def _kind_of(call: Row) -> int | None:
    if call["type"] in CREATIONS:
        return CREATIONS[call["type"]]
    if call["type"] == "SELFDESTRUCT":
        return SELF_DESTRUCTION
    return TRANSFER if call["type"] == "CALL" and call["value"] != "0x0" else None
