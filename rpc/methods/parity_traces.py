"""The ``trace_`` namespace, in Parity's form: calls of blocks and transactions, and replays with what they changed."""

from collections.abc import Sequence
from typing import Any

import orjson

from rollup.core.block import Block
from rollup.core.execution import NO_BLOCK_OVERRIDE
from rollup.core.hashes import keccak
from rollup.core.ids import Hash
from rollup.core.tracing import REPLAY_TRACER, CallTraceRequest, TracerSpec
from rpc.call_params import CallFields, read_call
from rpc.errors import SERVER_ERROR, RpcError
from rpc.hexes import data
from rpc.method import Method, Param
from rpc.methods.calls import CallMethods, Overrides
from rpc.methods.tracing import BlockTracer
from rpc.parity_params import TraceFilter, read_indexes, read_trace_filter, read_trace_kinds
from rpc.ports import NodePorts
from rpc.scalars import LATEST, BlockRef, read_block, read_hash
from rpc.settings import RpcSettings
from rpc.turns import build_in_turns

FLAT = TracerSpec("flatCallTracer", {"convertParityErrors": True})
FILTER_BLOCKS_MAX = 1_000
FILTER_TRACES_MAX = 10_000
DECODED_PER_TURN = 20

Row = dict[str, Any]


class ParityTraceMethods:
    def __init__(self, ports: NodePorts, settings: RpcSettings) -> None:
        self._ports = ports
        self._blocks = BlockTracer(ports, settings.response_bytes_max)
        self._calls = CallMethods(ports, settings.call_gas_max)
        self._call_gas_max = settings.call_gas_max

    def table(self) -> dict[str, Method]:
        transaction, block, kinds = Param(read_hash), Param(read_block), Param(read_trace_kinds)
        return {
            "trace_block": Method(self.block, (block,)),
            "trace_transaction": Method(self.transaction, (transaction,)),
            "trace_get": Method(self.get, (transaction, Param(read_indexes))),
            "trace_filter": Method(self.filter, (Param(read_trace_filter),)),
            "trace_replayTransaction": Method(self.replay, (transaction, kinds)),
            "trace_replayBlockTransactions": Method(self.replay_block, (block, kinds)),
            "trace_call": Method(self.call, (Param(read_call), kinds, Param(read_block, LATEST))),
        }

    async def block(self, ref: BlockRef) -> list[Row]:
        """All calls of all transactions; the genesis has none."""
        return await self._rows_of(await self._blocks.check_block(ref))

    async def transaction(self, transaction_hash: Hash) -> list[Row] | None:
        """null where nobody knows the transaction."""
        if self._ports.chain.find_transaction(transaction_hash) is None:
            return None
        block, index = await self._blocks.find(transaction_hash)
        (trace,) = await self._blocks.trace(block, FLAT, index, index + 1)
        rows: list[Row] = orjson.loads(trace)
        return rows

    async def get(self, transaction_hash: Hash, address: tuple[int, ...]) -> Row | None:
        """The call at one trace address."""
        rows = await self.transaction(transaction_hash) or []
        return next((row for row in rows if row["traceAddress"] == list(address)), None)

    async def filter(self, wanted: TraceFilter) -> list[Row]:
        """Calls between some accounts in some blocks. Raises RpcError where too many are asked for."""
        first = (await self._blocks.check_block(wanted.first)).header.number
        last = (await self._blocks.check_block(wanted.last)).header.number
        if last - first >= FILTER_BLOCKS_MAX:
            raise RpcError(SERVER_ERROR, f"block range is {last - first + 1}, at most {FILTER_BLOCKS_MAX} are traced")
        found: list[Row] = []
        stop = min(wanted.after + wanted.count, FILTER_TRACES_MAX + 1)
        for number in range(first, last + 1):
            rows = await self._rows_of(await self._blocks.check_block(BlockRef(number=number)))
            found += [row for row in rows if wanted.matches(row)]
            if len(found) >= stop:
                break
        if len(found) > FILTER_TRACES_MAX and wanted.count > FILTER_TRACES_MAX:
            raise RpcError(SERVER_ERROR, f"over {FILTER_TRACES_MAX} traces match: ask for fewer blocks or a count")
        return found[wanted.after : wanted.after + wanted.count]

    async def replay(self, transaction_hash: Hash, kinds: frozenset[str]) -> object:
        block, index = await self._blocks.find(transaction_hash)
        (trace,) = await self._blocks.trace(block, _replay_spec(kinds), index, index + 1)
        return orjson.Fragment(trace)

    async def replay_block(self, ref: BlockRef, kinds: frozenset[str]) -> list[object]:
        """Each with the hash of its transaction."""
        block = await self._blocks.check_block(ref)
        traces = await self._traces_of(block, _replay_spec(kinds))
        return [
            orjson.Fragment(trace[:-1] + b',"transactionHash":"' + data(keccak(raw)).encode() + b'"}')
            for raw, trace in zip(block.transactions, traces, strict=bool(traces))
        ]

    async def call(self, fields: CallFields, kinds: frozenset[str], ref: BlockRef) -> object:
        """A call that is in no block."""
        gas = min(fields.get("gas") or self._call_gas_max, self._call_gas_max)
        request = self._calls.build_request(fields, ref, Overrides((), NO_BLOCK_OVERRIDE), gas)
        return orjson.Fragment(await self._ports.state.trace_call(CallTraceRequest(request, _replay_spec(kinds))))

    async def _rows_of(self, block: Block) -> list[Row]:
        traces = await self._traces_of(block, FLAT)
        decoded: list[list[Row]] = await build_in_turns(traces, orjson.loads, DECODED_PER_TURN)
        return [row for rows in decoded for row in rows]

    async def _traces_of(self, block: Block, spec: TracerSpec) -> Sequence[bytes]:
        return await self._blocks.trace(block, spec) if block.header.number else ()


def _replay_spec(kinds: frozenset[str]) -> TracerSpec:
    return TracerSpec(REPLAY_TRACER, {"kinds": sorted(kinds)})
