"""Decoders of single parameters. All raise InvalidArgument with words like geth's."""

import string
from dataclasses import dataclass

from rollup.core.ids import Address, Hash
from rpc.errors import InvalidArgument

TAGS = frozenset({"latest", "pending", "earliest", "safe", "finalized"})
UINT64_MAX = 2**64 - 1
INT64_MAX = 2**63 - 1
UINT256_MAX = 2**256 - 1
_HEX_DIGITS = frozenset(string.hexdigits)


@dataclass(frozen=True, slots=True)
class BlockRef:
    """Which block a parameter means; exactly one field is set. ``canonical`` comes with a hash (EIP-1898)."""

    tag: str | None = None
    number: int | None = None
    hash: Hash | None = None


LATEST = BlockRef(tag="latest")


def _hex_digits(value: object, kind: str) -> str:
    if not isinstance(value, str):
        raise InvalidArgument(f"cannot unmarshal non-string into {kind}")
    if value[:2] not in ("0x", "0X"):
        raise InvalidArgument(
            "empty hex string" if not value else f"cannot unmarshal hex string without 0x prefix into {kind}"
        )
    return value[2:]


def read_data(value: object, kind: str = "bytes") -> bytes:
    """DATA: an even number of hex digits."""
    digits = _hex_digits(value, kind)
    if len(digits) % 2:
        raise InvalidArgument(f"cannot unmarshal hex string of odd length into {kind}")
    if digits.isascii() and " " not in digits:
        try:
            return bytes.fromhex(digits)
        except ValueError:
            pass
    raise InvalidArgument(f"cannot unmarshal invalid hex string into {kind}")


def _fixed(value: object, length: int, kind: str) -> bytes:
    digits = _hex_digits(value, kind)
    if len(digits) % 2 == 0 and len(digits) != length * 2:
        raise InvalidArgument(f"hex string has length {len(digits)}, want {length * 2} for {kind}")
    return read_data(value, kind)


def read_address(value: object) -> Address:
    return Address(_fixed(value, 20, "address"))


def read_hash(value: object) -> Hash:
    return Hash(_fixed(value, 32, "hash"))


def read_quantity(value: object, value_max: int = UINT256_MAX) -> int:
    """QUANTITY: no leading zeros, ``0x0`` for zero."""
    digits = _hex_digits(value, "quantity")
    if not digits:
        raise InvalidArgument('hex string "0x"')
    if len(digits) > 1 and digits[0] == "0":
        raise InvalidArgument("hex number with leading zero digits")
    if not _HEX_DIGITS.issuperset(digits):
        raise InvalidArgument("invalid hex string")
    if len(digits) > 64 or (number := int(digits, 16)) > value_max:
        raise InvalidArgument(f"hex number > {value_max.bit_length()} bits")
    return number


def read_uint64(value: object) -> int:
    return read_quantity(value, UINT64_MAX)


def read_bool(value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidArgument("cannot unmarshal into bool")
    return value


def read_slot(value: object) -> int:
    """A storage key: up to 32 bytes of hex, in any number of digits."""
    if not isinstance(value, str):
        raise InvalidArgument("cannot unmarshal non-string into storage key")
    digits = value[2:] if value[:2] in ("0x", "0X") else value
    if not digits or not _HEX_DIGITS.issuperset(digits):
        raise InvalidArgument(f'invalid hex in storage key: "{value[:80]}"')
    if len(digits) > 64:
        raise InvalidArgument("hex string too long, want at most 32 bytes")
    return int(digits, 16)


@dataclass(frozen=True, slots=True)
class StorageKey:
    """A slot and how answers name it: 32 bytes where it was given so, otherwise a quantity (as geth does)."""

    slot: int
    text: str


def read_storage_key(value: object) -> StorageKey:
    """As read_slot, remembering the form."""
    slot = read_slot(value)
    digits = str(value).removeprefix("0x").removeprefix("0X")
    return StorageKey(slot, f"0x{slot:064x}" if len(digits) > 62 else hex(slot))


def read_block_number(value: object) -> BlockRef:
    """A tag or a number, as the methods take that do not accept hashes."""
    if isinstance(value, str) and value in TAGS:
        return BlockRef(tag=value)
    number = read_uint64(value)
    if number > INT64_MAX:
        raise InvalidArgument("block number larger than int64")
    return BlockRef(number=number)


def read_block(value: object) -> BlockRef:
    """A tag, a number, a block hash, or the object of EIP-1898."""
    if isinstance(value, str) and len(value) == 66:
        return BlockRef(hash=read_hash(value))
    if not isinstance(value, dict):
        return read_block_number(value)
    number, block_hash = value.get("blockNumber"), value.get("blockHash")
    if number is not None and block_hash is not None:
        raise InvalidArgument("cannot specify both BlockHash and BlockNumber, choose one or the other")
    if value.get("requireCanonical") is not None:
        read_bool(value["requireCanonical"])
    if block_hash is not None:
        return BlockRef(hash=read_hash(block_hash))
    if number is not None:
        return read_block_number(number)
    raise InvalidArgument("invalid arguments; neither block nor hash specified")
