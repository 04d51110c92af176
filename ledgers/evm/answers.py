"""From a node's JSON to plain values. Anything malformed means a node that cannot be used now: LedgerUnavailable."""

from rollup.core.errors import LedgerUnavailable
from rollup.core.ids import Address, Hash
from rollup.core.ledger import LedgerBlock


def read_object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise LedgerUnavailable("the node answered no object")
    return value


def read_list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise LedgerUnavailable("the node answered no list")
    return value


def read_uint(value: object) -> int:
    """A JSON-RPC quantity."""
    if not isinstance(value, str) or not value.startswith("0x"):
        raise LedgerUnavailable("the node answered no quantity")
    try:
        return int(value, 16)
    except ValueError as error:
        raise LedgerUnavailable("the node answered no quantity") from error


def read_data(value: object, length: int | None = None) -> bytes:
    """JSON-RPC unformatted data of exactly ``length`` bytes (any where None)."""
    if not isinstance(value, str) or not value.startswith("0x"):
        raise LedgerUnavailable("the node answered no data")
    try:
        data = bytes.fromhex(value[2:])
    except ValueError as error:
        raise LedgerUnavailable("the node answered no data") from error
    if length is not None and len(data) != length:
        raise LedgerUnavailable(f"the node answered {len(data)} bytes, not {length}")
    return data


def read_hash(value: object) -> Hash:
    return Hash(read_data(value, 32))


def read_address(value: object) -> Address:
    return Address(read_data(value, 20))


def read_ledger_block(value: object) -> LedgerBlock:
    block = read_object(value)
    return LedgerBlock(
        read_uint(block.get("number")),
        read_hash(block.get("hash")),
        read_hash(block.get("parentHash")),
        read_uint(block.get("timestamp")),
    )
