"""Blocks as eth_getBlockBy* answers them, without ``totalDifficulty`` (execution-apis dropped it with the merge)."""

from collections.abc import Sequence

from rollup.core.block import Block
from rpc.hexes import data, quantity
from rpc.shapes.header_rlp import block_size


def block_json(block: Block, transactions: Sequence[object]) -> dict[str, object]:
    """``transactions`` are the block's, as hashes or whole."""
    header = block.header
    return {
        "baseFeePerGas": quantity(header.base_fee),
        "blobGasUsed": quantity(header.blob_gas_used),
        "difficulty": quantity(header.difficulty),
        "excessBlobGas": quantity(header.excess_blob_gas),
        "extraData": data(header.extra_data),
        "gasLimit": quantity(header.gas_limit),
        "gasUsed": quantity(header.gas_used),
        "hash": data(header.hash),
        "logsBloom": data(header.logs_bloom),
        "miner": data(header.coinbase),
        "mixHash": data(header.prev_randao),
        "nonce": data(header.nonce),
        "number": quantity(header.number),
        "parentBeaconBlockRoot": data(header.parent_beacon_root),
        "parentHash": data(header.parent_hash),
        "receiptsRoot": data(header.receipts_root),
        "requestsHash": data(header.requests_hash),
        "sha3Uncles": data(header.ommers_hash),
        "size": quantity(block_size(block)),
        "stateRoot": data(header.state_root),
        "timestamp": quantity(header.timestamp),
        "transactions": transactions,
        "transactionsRoot": data(header.transactions_root),
        "uncles": [],
        "withdrawals": [],
        "withdrawalsRoot": data(header.withdrawals_root),
    }
