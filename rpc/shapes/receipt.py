"""Receipts. Deposits carry op-geth's ``depositNonce`` only when the node knows it; here they have none."""

from rollup.core.block import DEPOSIT_TYPE, Block, Receipt
from rollup.core.ids import Address
from rollup.core.rlp_items import decode_rlp, read_bytes, read_items
from rpc.hexes import data, quantity
from rpc.shapes.log import LogPlace, log_json

_TO_POSITION = {1: 4, 2: 5, 3: 5, 4: 5, DEPOSIT_TYPE: 2}
_TO_POSITION_LEGACY = 3


def recipient_of(raw: bytes) -> Address | None:
    """``to`` of a transaction that is in a block, without decoding the rest of it."""
    kind = raw[0]
    is_legacy = kind not in _TO_POSITION
    fields = read_items(decode_rlp(raw if is_legacy else raw[1:]))
    to = read_bytes(fields[_TO_POSITION_LEGACY if is_legacy else _TO_POSITION[kind]])
    return Address(to) if to else None


def receipt_json(block: Block, index: int, first_log_index: int) -> dict[str, object]:
    """``first_log_index`` counts the logs of the block before this transaction."""
    receipt, header = block.receipts[index], block.header
    place = LogPlace(
        quantity(header.number),
        data(header.hash),
        quantity(header.timestamp),
        data(receipt.transaction_hash),
        quantity(index),
    )
    to = recipient_of(block.transactions[index])
    shape: dict[str, object] = {
        "blockHash": place.block_hash,
        "blockNumber": place.block_number,
        "contractAddress": None if receipt.contract_address is None else data(receipt.contract_address),
        "cumulativeGasUsed": quantity(receipt.cumulative_gas_used),
        "effectiveGasPrice": quantity(receipt.effective_gas_price),
        "from": data(block.senders[index]),
        "gasUsed": quantity(receipt.gas_used),
        "logs": [log_json(log, place, first_log_index + i) for i, log in enumerate(receipt.logs)],
        "logsBloom": data(receipt.logs_bloom),
        **_outcome(receipt),
        "to": None if to is None else data(to),
        "transactionHash": place.transaction_hash,
        "transactionIndex": place.transaction_index,
        "type": quantity(receipt.type),
    }
    if receipt.blob_gas_used:
        shape["blobGasUsed"] = quantity(receipt.blob_gas_used)
        shape["blobGasPrice"] = quantity(receipt.blob_gas_price)
    return shape


def _outcome(receipt: Receipt) -> dict[str, str]:
    """Before Byzantium a receipt has the state root after the transaction, and no status (EIP-658)."""
    if receipt.state_root is not None:
        return {"root": data(receipt.state_root)}
    return {"status": quantity(receipt.status)}


def logs_before(block: Block, index: int) -> int:
    """Logs in the block before transaction ``index``."""
    return sum(len(receipt.logs) for receipt in block.receipts[:index])
