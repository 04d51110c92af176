"""The transaction object of eth_call and eth_estimateGas (geth's TransactionArgs) and state overrides."""

from collections.abc import Callable
from typing import Any

from rollup.core.execution import AccountOverride
from rollup.core.ids import ZERO_ADDRESS, Address
from rollup.core.rlp_items import encode_rlp, uint_bytes
from rpc.errors import InvalidArgument
from rpc.fields import read_list, read_object
from rpc.scalars import read_address, read_data, read_hash, read_quantity, read_uint64

CallFields = dict[str, Any]


def read_call(value: object) -> CallFields:
    """Decoded members that matter here; unknown ones are ignored, null ones count as absent. Raises InvalidArgument."""
    given = read_object(value, "transaction arguments")
    fields = {name: read(given[name]) for name, read in _CALL_READERS.items() if given.get(name) is not None}
    if "data" in fields and fields.setdefault("input", fields["data"]) != fields["data"]:
        raise InvalidArgument('both "data" and "input" are set and not equal. Please use "input" to pass call data')
    if "gasPrice" in fields and not fields.keys().isdisjoint({"maxFeePerGas", "maxPriorityFeePerGas"}):
        raise InvalidArgument("both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified")
    cap, tip = fields.get("maxFeePerGas"), fields.get("maxPriorityFeePerGas", 0)
    if cap is not None and cap < tip:
        raise InvalidArgument(f"maxFeePerGas ({cap}) < maxPriorityFeePerGas ({tip})")
    return fields


def call_sender(fields: CallFields) -> Address:
    sender: Address = fields.get("from", ZERO_ADDRESS)
    return sender


def _read_access_list(value: object) -> tuple[tuple[Address, tuple[int, ...]], ...]:
    rows = [read_object(row, "access list") for row in read_list(value, "access list")]
    return tuple(
        (
            read_address(row.get("address")),
            tuple(int.from_bytes(read_hash(key), "big") for key in read_list(row.get("storageKeys") or [], "keys")),
        )
        for row in rows
    )


def _read_authorizations(value: object) -> tuple[bytes, ...]:
    return tuple(
        _authorization_rlp(read_object(row, "authorization")) for row in read_list(value, "authorization list")
    )


def _authorization_rlp(row: dict[str, Any]) -> bytes:
    """EIP-7702 tuple as RLP: chain id, address, nonce, parity, r, s."""
    return encode_rlp(
        [
            uint_bytes(read_quantity(row.get("chainId"))),
            read_address(row.get("address")),
            uint_bytes(read_uint64(row.get("nonce"))),
            *(uint_bytes(read_quantity(row.get(name))) for name in ("yParity", "r", "s")),
        ]
    )


_CALL_READERS: dict[str, Callable[[Any], Any]] = {
    "from": read_address,
    "to": read_address,
    "gas": read_uint64,
    "gasPrice": read_quantity,
    "maxFeePerGas": read_quantity,
    "maxPriorityFeePerGas": read_quantity,
    "value": read_quantity,
    "nonce": read_uint64,
    "data": read_data,
    "input": read_data,
    "accessList": _read_access_list,
    "chainId": read_quantity,
    "authorizationList": _read_authorizations,
}


def read_overrides(value: object) -> tuple[tuple[Address, AccountOverride], ...]:
    """State overrides by account. Raises InvalidArgument."""
    accounts = read_object(value, "state overrides")
    return tuple((read_address(address), _read_override(address, account)) for address, account in accounts.items())


def _read_override(address: str, value: object) -> AccountOverride:
    given = read_object(value, "account override")
    if given.get("movePrecompileToAddress") is not None:
        raise InvalidArgument("movePrecompileToAddress is not supported")
    if given.get("state") is not None and given.get("stateDiff") is not None:
        raise InvalidArgument(f"account {address} has both 'state' and 'stateDiff'")
    return AccountOverride(
        nonce=_optional(given, "nonce", read_uint64),
        balance=_optional(given, "balance", read_quantity),
        code=_optional(given, "code", read_data),
        state=_optional(given, "state", _read_slots),
        state_diff=_optional(given, "stateDiff", _read_slots) or (),
    )


def _optional(given: dict[str, Any], name: str, read: Callable[[Any], Any]) -> Any:
    return None if given.get(name) is None else read(given[name])


def _read_slots(value: object) -> tuple[tuple[int, int], ...]:
    slots = read_object(value, "storage")
    return tuple(
        (int.from_bytes(read_hash(key), "big"), int.from_bytes(read_hash(word), "big")) for key, word in slots.items()
    )


def read_no_block_overrides(value: object) -> None:
    """Calls run in the context of a real block."""
    if read_object(value, "block overrides"):
        raise InvalidArgument("block overrides are not supported")
