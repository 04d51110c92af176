"""Blocks as eth_getBlockBy* answers them, without ``totalDifficulty`` (execution-apis dropped it with the merge)."""

from collections.abc import Sequence

from rollup.core.block import Block, BlockHeader, Withdrawal
from rollup.core.block_rlp import block_size
from rpc.hexes import data, quantity


def block_json(block: Block, transactions: Sequence[object]) -> dict[str, object]:
    """``transactions`` are the block's, as hashes or whole. Members in the order of their names, as geth has them."""
    shape = {
        **header_json(block.header),
        "size": quantity(block_size(block)),
        "transactions": transactions,
        "uncles": [data(ommer.hash) for ommer in block.ommers],
    }
    if block.header.has_withdrawals:
        shape["withdrawals"] = [withdrawal_json(each) for each in block.withdrawals]
    return dict(sorted(shape.items()))


def header_json(header: BlockHeader) -> dict[str, object]:
    """A header; what its fork does not have is left out."""
    shape: dict[str, object] = {
        "difficulty": quantity(header.difficulty),
        "extraData": data(header.extra_data),
        "gasLimit": quantity(header.gas_limit),
        "gasUsed": quantity(header.gas_used),
        "hash": data(header.hash),
        "logsBloom": data(header.logs_bloom),
        "miner": data(header.coinbase),
        "mixHash": data(header.prev_randao),
        "nonce": data(header.nonce),
        "number": quantity(header.number),
        "parentHash": data(header.parent_hash),
        "receiptsRoot": data(header.receipts_root),
        "sha3Uncles": data(header.ommers_hash),
        "stateRoot": data(header.state_root),
        "timestamp": quantity(header.timestamp),
        "transactionsRoot": data(header.transactions_root),
    }
    if header.has_base_fee:
        shape["baseFeePerGas"] = quantity(header.base_fee)
    if header.has_withdrawals:
        shape["withdrawalsRoot"] = data(header.withdrawals_root)
    if header.has_blob_gas:
        shape["blobGasUsed"] = quantity(header.blob_gas_used)
        shape["excessBlobGas"] = quantity(header.excess_blob_gas)
        shape["parentBeaconBlockRoot"] = data(header.parent_beacon_root)
    if header.has_requests:
        shape["requestsHash"] = data(header.requests_hash)
    return shape


def uncle_json(ommer: BlockHeader) -> dict[str, object]:
    """An ommer as geth shows it: a header with a size, and no transactions."""
    block = Block(ommer, (), (), ())
    return {**header_json(ommer), "size": quantity(block_size(block)), "uncles": []}


def withdrawal_json(withdrawal: Withdrawal) -> dict[str, object]:
    """``amount`` is in gwei (EIP-4895)."""
    return {
        "index": quantity(withdrawal.index),
        "validatorIndex": quantity(withdrawal.validator_index),
        "address": data(withdrawal.address),
        "amount": quantity(withdrawal.amount),
    }
