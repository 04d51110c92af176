"""The payload of eth_simulateV1."""

from typing import Any

from rollup.core.execution import NO_BLOCK_OVERRIDE
from rollup.core.ids import Hash
from rollup.core.simulation import SimulatedCall, SimulatedStep
from rpc.call_params import CallFields, call_sender, read_block_override, read_call, read_overrides
from rpc.errors import CLIENT_LIMIT_EXCEEDED, InvalidArgument, RpcError
from rpc.fields import read_list, read_object
from rpc.scalars import read_bool

STEPS_MAX = 256


class SimulationPayload:
    """What was asked for; ``chain_ids`` are those that calls name."""

    def __init__(self, given: dict[str, Any]) -> None:
        rows = read_list(given.get("blockStateCalls"), "blockStateCalls")
        if not rows:
            raise InvalidArgument("empty input")
        if len(rows) > STEPS_MAX:
            raise RpcError(CLIENT_LIMIT_EXCEEDED, "too many blocks")
        self.chain_ids: set[int] = set()
        self.steps = tuple(self._read_step(row) for row in rows)
        self.logs_transfers = _read_flag(given, "traceTransfers")
        self.validates = _read_flag(given, "validation")
        self.full_transactions = _read_flag(given, "returnFullTransactions")

    def _read_step(self, row: object) -> SimulatedStep:
        given = read_object(row, "block of calls")
        context, overrides, calls = (given.get(name) for name in ("blockOverrides", "stateOverrides", "calls"))
        return SimulatedStep(
            context=NO_BLOCK_OVERRIDE if context is None else read_block_override(context),
            overrides=() if overrides is None else read_overrides(overrides),
            calls=() if calls is None else tuple(self._read_call(call) for call in read_list(calls, "calls")),
        )

    def _read_call(self, value: object) -> SimulatedCall:
        fields = read_call(value)
        if "chainId" in fields:
            self.chain_ids.add(fields["chainId"])
        return build_call(fields)


def read_payload(value: object) -> SimulationPayload:
    """Raises InvalidArgument, and RpcError where geth has a code for it."""
    return SimulationPayload(read_object(value, "simulation payload"))


def build_call(fields: CallFields) -> SimulatedCall:
    """An unsigned transaction of decoded fields."""
    return SimulatedCall(
        sender=call_sender(fields),
        to=fields.get("to"),
        data=fields.get("input", b""),
        value=fields.get("value", 0),
        gas=fields.get("gas"),
        nonce=fields.get("nonce"),
        gas_price=fields.get("gasPrice"),
        max_fee=fields.get("maxFeePerGas", 0),
        max_tip=fields.get("maxPriorityFeePerGas", 0),
        access_list=tuple(
            (address, tuple(Hash(slot.to_bytes(32, "big")) for slot in slots))
            for address, slots in fields.get("accessList", ())
        ),
        authorizations=fields.get("authorizationList"),
        blob_hashes=fields.get("blobVersionedHashes"),
        max_blob_fee=fields.get("maxFeePerBlobGas", 0),
    )


def _read_flag(given: dict[str, Any], name: str) -> bool:
    value = given.get(name)
    return False if value is None else read_bool(value)
