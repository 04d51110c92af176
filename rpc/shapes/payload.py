"""Built blocks as the engine API's ExecutionPayloadV3 with what comes beside it."""

from rollup.core.payload import BuiltPayload
from rpc.hexes import data, quantity
from rpc.shapes.block import withdrawal_json


def payload_json(payload: BuiltPayload) -> dict[str, object]:
    """Blobs stay with whoever sent them."""
    block, header = payload.block, payload.block.header
    return {
        "executionPayload": {
            "parentHash": data(header.parent_hash),
            "feeRecipient": data(header.coinbase),
            "stateRoot": data(header.state_root),
            "receiptsRoot": data(header.receipts_root),
            "logsBloom": data(header.logs_bloom),
            "prevRandao": data(header.prev_randao),
            "blockNumber": quantity(header.number),
            "gasLimit": quantity(header.gas_limit),
            "gasUsed": quantity(header.gas_used),
            "timestamp": quantity(header.timestamp),
            "extraData": data(header.extra_data),
            "baseFeePerGas": quantity(header.base_fee),
            "blockHash": data(header.hash),
            "transactions": [data(raw) for raw in block.transactions],
            "withdrawals": [withdrawal_json(each) for each in block.withdrawals],
            "blobGasUsed": quantity(header.blob_gas_used),
            "excessBlobGas": quantity(header.excess_blob_gas),
        },
        "blockValue": quantity(payload.value),
        "blobsBundle": {"commitments": [], "proofs": [], "blobs": []},
        "executionRequests": [data(request) for request in payload.requests],
        "shouldOverrideBuilder": False,
    }
