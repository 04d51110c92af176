"""Calls that change nothing: eth_call, eth_estimateGas and eth_createAccessList."""

from dataclasses import dataclass
from typing import Any

from rollup.core.execution import NO_BLOCK_OVERRIDE, BlockOverride, CallRequest, StateOverrides
from rpc.block_refs import state_block
from rpc.call_params import CallFields, call_sender, read_call, read_call_context, read_overrides
from rpc.errors import SERVER_ERROR, RpcError
from rpc.hexes import data, quantity, word
from rpc.method import Method, Param
from rpc.ports import NodePorts
from rpc.reverts import check_call
from rpc.scalars import LATEST, BlockRef, read_block


@dataclass(frozen=True, slots=True)
class Overrides:
    """What a call sees otherwise than the chain has it."""

    state: StateOverrides
    block: BlockOverride


class CallMethods:
    def __init__(self, ports: NodePorts, call_gas_max: int) -> None:
        self._ports = ports
        self._call_gas_max = call_gas_max

    def table(self) -> dict[str, Method]:
        params = (
            Param(read_call),
            Param(read_block, LATEST),
            Param(read_overrides, ()),
            Param(read_call_context, NO_BLOCK_OVERRIDE),
        )
        return {
            "eth_call": Method(self.call, params),
            "eth_estimateGas": Method(self.estimate_gas, params),
            "eth_createAccessList": Method(self.create_access_list, params),
        }

    async def call(self, fields: CallFields, ref: BlockRef, state: StateOverrides, block: BlockOverride) -> str:
        """Return data. A revert is an error with code 3 and the revert data."""
        gas = min(fields.get("gas") or self._call_gas_max, self._call_gas_max)
        result = await self._ports.state.call(self.build_request(fields, ref, Overrides(state, block), gas))
        check_call(result)
        return data(result.output)

    async def estimate_gas(self, fields: CallFields, ref: BlockRef, state: StateOverrides, block: BlockOverride) -> str:
        """The gas limit that suffices, searched from the block's limit downwards unless ``gas`` says less."""
        gas = fields.get("gas")
        gas = None if gas is None else min(gas, self._call_gas_max)
        request = self.build_request(fields, ref, Overrides(state, block), gas)
        result = await self._ports.state.estimate_gas(request)
        check_call(result)
        return quantity(result.gas_used)

    async def create_access_list(
        self, fields: CallFields, ref: BlockRef, state: StateOverrides, block: BlockOverride
    ) -> dict[str, object]:
        """What the call touches, and the gas that it uses with that list. A call that fails says so beside them."""
        gas = min(fields.get("gas") or self._call_gas_max, self._call_gas_max)
        result = await self._ports.state.create_access_list(
            self.build_request(fields, ref, Overrides(state, block), gas)
        )
        rows = [
            {"address": data(address), "storageKeys": [word(slot) for slot in slots]}
            for address, slots in result.access_list
        ]
        error = {"error": result.error} if result.error else {}
        return {"accessList": rows, **error, "gasUsed": quantity(result.gas_used)}

    def build_request(self, fields: CallFields, ref: BlockRef, overrides: Overrides, gas: int | None) -> CallRequest:
        """Raises RpcError for another chain's id, UnknownBlock."""
        chain_id = fields.get("chainId")
        if chain_id is not None and chain_id != self._ports.rule.chain_id:
            words = f"chainId does not match node's (have={chain_id}, want={self._ports.rule.chain_id})"
            raise RpcError(SERVER_ERROR, words)
        max_fee, max_tip = _fees(fields)
        return CallRequest(
            sender=call_sender(fields),
            to=fields.get("to"),
            data=fields.get("input", b""),
            value=fields.get("value", 0),
            gas=gas,
            max_fee=max_fee,
            max_tip=max_tip,
            access_list=fields.get("accessList", ()),
            block=state_block(self._ports, ref),
            overrides=overrides.state,
            context=overrides.block,
            authorizations=fields.get("authorizationList"),
            blob_hashes=fields.get("blobVersionedHashes"),
            max_blob_fee=fields.get("maxFeePerBlobGas", 0),
        )


def _fees(fields: dict[str, Any]) -> tuple[int, int]:
    """Fee cap and tip in wei; a gas price is both."""
    if "gasPrice" in fields:
        return fields["gasPrice"], fields["gasPrice"]
    tip: int = fields.get("maxPriorityFeePerGas", 0)
    return fields.get("maxFeePerGas", tip), tip
