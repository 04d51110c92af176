"""The transaction object of eth_call and its like (geth's TransactionArgs), state overrides and block overrides."""

from collections.abc import Callable
from typing import Any

from rollup.core.block import Withdrawal
from rollup.core.execution import AccountOverride, BlockOverride, StateOverrides
from rollup.core.ids import ZERO_ADDRESS, Address, Hash
from rollup.core.transaction import Authorization
from rpc.errors import SERVER_ERROR, InvalidArgument, RpcError
from rpc.fields import read_list, read_object
from rpc.scalars import read_address, read_data, read_hash, read_quantity, read_uint64

CallFields = dict[str, Any]
BYTE_MAX = 255


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


def _read_authorizations(value: object) -> tuple[Authorization, ...]:
    rows = [read_object(row, "authorization") for row in read_list(value, "authorization list")]
    return tuple(
        Authorization(
            chain_id=read_quantity(row.get("chainId")),
            address=read_address(row.get("address")),
            nonce=read_uint64(row.get("nonce")),
            y_parity=read_quantity(row.get("yParity"), BYTE_MAX),
            r=read_quantity(row.get("r")),
            s=read_quantity(row.get("s")),
        )
        for row in rows
    )


def _read_hashes(value: object) -> tuple[Hash, ...]:
    return tuple(read_hash(item) for item in read_list(value, "blob hashes"))


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
    "blobVersionedHashes": _read_hashes,
    "maxFeePerBlobGas": read_quantity,
}


def read_overrides(value: object) -> StateOverrides:
    """State overrides by account. Raises InvalidArgument."""
    accounts = read_object(value, "state overrides")
    return tuple((read_address(address), _read_override(address, account)) for address, account in accounts.items())


def _read_override(address: str, value: object) -> AccountOverride:
    given = read_object(value, "account override")
    if given.get("state") is not None and given.get("stateDiff") is not None:
        raise InvalidArgument(f"account {address} has both 'state' and 'stateDiff'")
    return AccountOverride(
        nonce=_optional(given, "nonce", read_uint64),
        balance=_optional(given, "balance", read_quantity),
        code=_optional(given, "code", read_data),
        state=_optional(given, "state", _read_slots),
        state_diff=_optional(given, "stateDiff", _read_slots) or (),
        precompile_to=_optional(given, "movePrecompileToAddress", read_address),
    )


def _optional(given: dict[str, Any], name: str, read: Callable[[Any], Any]) -> Any:
    return None if given.get(name) is None else read(given[name])


def _read_slots(value: object) -> tuple[tuple[int, int], ...]:
    slots = read_object(value, "storage")
    return tuple(
        (int.from_bytes(read_hash(key), "big"), int.from_bytes(read_hash(word), "big")) for key, word in slots.items()
    )


def read_block_override(value: object) -> BlockOverride:
    """geth's BlockOverrides; ``difficulty`` is read and, as after the merge everywhere, means nothing."""
    given = read_object(value, "block overrides")
    _optional(given, "difficulty", read_quantity)
    return BlockOverride(
        number=_optional(given, "number", read_quantity),
        timestamp=_optional(given, "time", read_uint64),
        gas_limit=_optional(given, "gasLimit", read_uint64),
        coinbase=_optional(given, "feeRecipient", read_address),
        prev_randao=_optional(given, "prevRandao", read_hash),
        base_fee=_optional(given, "baseFeePerGas", read_quantity),
        blob_base_fee=_optional(given, "blobBaseFee", read_quantity),
        beacon_root=_optional(given, "beaconRoot", read_hash),
        withdrawals=_optional(given, "withdrawals", read_withdrawals) or (),
    )


def read_call_context(value: object) -> BlockOverride:
    """Block overrides of a single call, which has no block of its own to put a root or withdrawals into."""
    given = read_object(value, "block overrides")
    for name in ("beaconRoot", "withdrawals"):
        if given.get(name) is not None:
            raise RpcError(SERVER_ERROR, f'block override "{name}" is not supported for this RPC method')
    return read_block_override(given)


def read_withdrawals(value: object) -> tuple[Withdrawal, ...]:
    """EIP-4895; amounts in gwei."""
    rows = [read_object(row, "withdrawal") for row in read_list(value, "withdrawals")]
    return tuple(
        Withdrawal(
            index=read_uint64(row.get("index")),
            validator_index=read_uint64(row.get("validatorIndex")),
            address=read_address(row.get("address")),
            amount=read_uint64(row.get("amount")),
        )
        for row in rows
    )
