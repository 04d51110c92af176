"""Logs, in receipts and from eth_getLogs."""

from dataclasses import dataclass

from rollup.core.block import Log
from rollup.core.logs import FoundLog
from rpc.hexes import data, quantity


@dataclass(frozen=True, slots=True)
class LogPlace:
    """Where the logs of one transaction are, ready in hex."""

    block_number: str
    block_hash: str
    block_timestamp: str
    transaction_hash: str
    transaction_index: str


def log_json(log: Log, place: LogPlace, log_index: int) -> dict[str, object]:
    return {
        "address": data(log.address),
        "topics": [data(topic) for topic in log.topics],
        "data": data(log.data),
        "blockNumber": place.block_number,
        "transactionHash": place.transaction_hash,
        "transactionIndex": place.transaction_index,
        "blockHash": place.block_hash,
        "blockTimestamp": place.block_timestamp,
        "logIndex": quantity(log_index),
        "removed": False,
    }


def found_json(found: FoundLog) -> dict[str, object]:
    place = LogPlace(
        quantity(found.block_number),
        data(found.block_hash),
        quantity(found.block_timestamp),
        data(found.transaction_hash),
        quantity(found.transaction_index),
    )
    return log_json(found.log, place, found.index)
