"""Parameters of the ``trace_`` namespace."""

from dataclasses import dataclass
from typing import Any

from rpc.errors import InvalidArgument
from rpc.fields import read_list, read_object
from rpc.scalars import BlockRef, read_address, read_block_number, read_quantity

KINDS = frozenset({"trace", "stateDiff", "vmTrace"})
EARLIEST, LATEST = BlockRef(tag="earliest"), BlockRef(tag="latest")
COUNT_MAX = 2**63


@dataclass(frozen=True, slots=True)
class TraceFilter:
    """Addresses are in hex, as the rows show them; none means any. ``after`` traces are left out, then ``count``
    taken."""

    first: BlockRef
    last: BlockRef
    senders: frozenset[str]
    recipients: frozenset[str]
    mode: str
    after: int
    count: int

    def matches(self, row: dict[str, Any]) -> bool:
        """With both lists given, ``mode`` says whether one of them or both must match."""
        action, result = row["action"], row.get("result") or {}
        sender = action.get("from", action.get("address"))
        recipient = action.get("to", action.get("refundAddress", result.get("address")))
        tests = [test for test in ((self.senders, sender), (self.recipients, recipient)) if test[0]]
        hits = [value in wanted for wanted, value in tests]
        return any(hits) or not hits if self.mode == "union" else all(hits)


def read_trace_kinds(value: object) -> frozenset[str]:
    kinds = read_list(value, "trace types")
    if any(not isinstance(kind, str) or kind not in KINDS for kind in kinds):
        raise InvalidArgument("trace types are trace, stateDiff and vmTrace")
    return frozenset(kinds)


def read_indexes(value: object) -> tuple[int, ...]:
    return tuple(read_quantity(item) for item in read_list(value, "trace address"))


def read_trace_filter(value: object) -> TraceFilter:
    given = read_object(value, "trace filter")
    mode = given.get("mode") or "union"
    if mode not in ("union", "intersection"):
        raise InvalidArgument("mode is union or intersection")
    return TraceFilter(
        first=_read_ref(given.get("fromBlock"), EARLIEST),
        last=_read_ref(given.get("toBlock"), LATEST),
        senders=_read_addresses(given.get("fromAddress")),
        recipients=_read_addresses(given.get("toAddress")),
        mode=mode,
        after=_read_count(given.get("after"), 0),
        count=_read_count(given.get("count"), COUNT_MAX),
    )


def _read_ref(value: object, default: BlockRef) -> BlockRef:
    return default if value is None else read_block_number(value)


def _read_addresses(value: object) -> frozenset[str]:
    rows = [] if value is None else read_list(value, "addresses")
    return frozenset("0x" + read_address(row).hex() for row in rows)


def _read_count(value: object, default: int) -> int:
    """A number, or a quantity in hex."""
    if value is None:
        return default
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    return read_quantity(value)
