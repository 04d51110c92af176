"""The filter object of eth_getLogs. Which blocks its bounds mean is resolved later, against the chain."""

from dataclasses import dataclass

from rollup.core.ids import Address, Hash
from rollup.core.logs import TOPICS_MAX
from rpc.errors import InvalidArgument
from rpc.fields import read_list, read_object
from rpc.scalars import LATEST, BlockRef, read_address, read_block_number, read_hash

ADDRESSES_MAX = 1000
TOPIC_CHOICES_MAX = 1000

Topics = tuple[tuple[Hash, ...] | None, ...]


@dataclass(frozen=True, slots=True)
class LogQuery:
    """``block_hash`` stands alone; otherwise the bounds count, both inclusive."""

    block_hash: Hash | None
    first: BlockRef
    last: BlockRef
    addresses: tuple[Address, ...]
    topics: Topics


def read_log_query(value: object) -> LogQuery:
    """Raises InvalidArgument."""
    given = read_object(value, "filter")
    block_hash, first, last = given.get("blockHash"), given.get("fromBlock"), given.get("toBlock")
    if block_hash is not None and (first is not None or last is not None):
        raise InvalidArgument("cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other")
    return LogQuery(
        block_hash=None if block_hash is None else read_hash(block_hash),
        first=LATEST if first is None else read_block_number(first),
        last=LATEST if last is None else read_block_number(last),
        addresses=_read_addresses(given.get("address")),
        topics=_read_topics(given.get("topics")),
    )


def _read_addresses(value: object) -> tuple[Address, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        return (read_address(value),)
    if len(value) > ADDRESSES_MAX:
        raise InvalidArgument("exceed max addresses")
    return tuple(read_address(item) for item in value)


def _read_topics(value: object) -> Topics:
    positions = [] if value is None else read_list(value, "topics")
    if len(positions) > TOPICS_MAX:
        raise InvalidArgument("exceed max topics")
    return tuple(_read_position(position) for position in positions)


def _read_position(value: object) -> tuple[Hash, ...] | None:
    """null, an empty list, or a list with a null in it stand for anything."""
    if value is None:
        return None
    choices = value if isinstance(value, list) else [value]
    if len(choices) > TOPIC_CHOICES_MAX:
        raise InvalidArgument("exceed max topics")
    if not choices or None in choices:
        return None
    return tuple(read_hash(choice) for choice in choices)
