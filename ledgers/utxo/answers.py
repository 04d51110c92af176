"""From a node's JSON to plain values. Anything malformed means a node that cannot be used now: LedgerUnavailable."""

from rollup.core.errors import LedgerUnavailable
from rollup.core.ids import ZERO_HASH, Hash
from rollup.core.ledger import LedgerBlock

UNITS_PER_COIN = 100_000_000


def read_object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise LedgerUnavailable("the node answered no object")
    return value


def read_list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise LedgerUnavailable("the node answered no list")
    return value


def read_text(value: object) -> str:
    if not isinstance(value, str):
        raise LedgerUnavailable("the node answered no text")
    return value


def read_int(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise LedgerUnavailable("the node answered no whole number")
    return value


def read_hex(value: object) -> bytes:
    try:
        return bytes.fromhex(read_text(value))
    except ValueError as error:
        raise LedgerUnavailable("the node answered no hex") from error


def read_hash(value: object) -> Hash:
    """32 bytes in display order."""
    digest = read_hex(value)
    if len(digest) != 32:
        raise LedgerUnavailable(f"the node answered {len(digest)} bytes, not 32")
    return Hash(digest)


def read_units(value: object) -> int:
    """Smallest units of an amount in coins. Exact: amounts have 8 decimals and fewer than 2^53 units exist."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise LedgerUnavailable("the node answered no amount")
    return round(value * UNITS_PER_COIN)


def show_coins(units: int) -> str:
    """An amount as the node takes it, without a detour by floating point."""
    return f"{units // UNITS_PER_COIN}.{units % UNITS_PER_COIN:08d}"


def read_header(value: object) -> LedgerBlock:
    """Of `getblockheader`. The genesis block has no parent: zeros."""
    header = read_object(value)
    parent = header.get("previousblockhash")
    return LedgerBlock(
        read_int(header.get("height")),
        read_hash(header.get("hash")),
        ZERO_HASH if parent is None else read_hash(parent),
        read_int(header.get("time")),
    )
