"""Questions about logs, as eth_getLogs asks them (execution-apis, ``eth_getLogs``)."""

from dataclasses import dataclass

from rollup.core.block import Log
from rollup.core.ids import Address, BlockNumber, Hash

TOPICS_MAX = 4


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Logs of blocks first..last (inclusive).

    ``addresses``: any of these emitted it; empty means anyone. ``topics`` are positional: None stands for anything, a
    tuple for any of its members; a log with fewer topics than the filter has positions does not match. An empty tuple
    at a position matches nothing but is what no client sends: geth reads it as anything, and so does this.
    """

    first: BlockNumber
    last: BlockNumber
    addresses: tuple[Address, ...] = ()
    topics: tuple[tuple[Hash, ...] | None, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundLog:
    """A log and where it stands. ``index`` counts the logs of the block."""

    log: Log
    block_number: BlockNumber
    block_hash: Hash
    block_timestamp: int
    transaction_hash: Hash
    transaction_index: int
    index: int


def is_match(log_filter: LogFilter, log: Log) -> bool:
    """Whether a log answers the filter, whatever block it is in."""
    if log_filter.addresses and log.address not in log_filter.addresses:
        return False
    if len(log_filter.topics) > len(log.topics):
        return False
    return all(not wanted or topic in wanted for wanted, topic in zip(log_filter.topics, log.topics, strict=False))
