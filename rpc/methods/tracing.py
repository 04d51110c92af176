"""Transactions, blocks and calls traced (``debug_trace*``)."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import orjson

from rollup.core.block import Block
from rollup.core.hashes import keccak
from rollup.core.ids import Hash
from rollup.core.tracing import ROOT_TRACER, BlockTraceRequest, CallTraceRequest, TracerSpec
from rpc.block_loader import load_transaction
from rpc.block_refs import find_block
from rpc.call_params import CallFields, read_call
from rpc.errors import RESPONSE_TOO_LARGE, SERVER_ERROR, RpcError
from rpc.hexes import data
from rpc.method import Method, Param
from rpc.methods.blocks import read_hash_ref
from rpc.methods.calls import CallMethods, Overrides
from rpc.ports import NodePorts
from rpc.scalars import LATEST, BlockRef, read_block, read_block_number, read_hash
from rpc.settings import RpcSettings
from rpc.trace_params import DEFAULT_TRACE, TraceOptions, read_call_trace_options, read_trace_options


class BlockTracer:
    """Traces of sealed blocks, gathered from as many requests to the virtual machine as they take."""

    def __init__(self, ports: NodePorts, bytes_max: int) -> None:
        self._ports = ports
        self._bytes_max = bytes_max

    async def trace(self, block: Block, tracer: TracerSpec, first: int = 0, stop: int | None = None) -> list[bytes]:
        """JSON texts, one per transaction of ``first`` to ``stop``. Raises RpcError for the genesis, or too much."""
        if not block.header.number:
            raise RpcError(SERVER_ERROR, "genesis is not traceable")
        stop = len(block.transactions) if stop is None else stop
        traces: list[bytes] = []
        size = 0
        while first < stop:
            chunk = await self._ports.state.trace_block(
                BlockTraceRequest(block.header, block.transactions, block.senders, first, stop, tracer)
            )
            traces += chunk
            first += len(chunk)
            size += sum(map(len, chunk))
            if size > self._bytes_max:
                raise RpcError(RESPONSE_TOO_LARGE, f"traces of over {self._bytes_max} bytes: ask for less")
        return traces

    async def find(self, transaction_hash: Hash) -> tuple[Block, int]:
        """The block of a transaction and its place there. Raises RpcError."""
        found = await load_transaction(self._ports.chain, transaction_hash)
        if found is None:
            raise RpcError(SERVER_ERROR, "transaction not found")
        return found

    async def check_block(self, ref: BlockRef) -> Block:
        """Raises RpcError in geth's words."""
        block = await find_block(self._ports, ref)
        if block is None:
            name = data(ref.hash) if ref.hash is not None else f"#{ref.number}"
            raise RpcError(SERVER_ERROR, f"block {name} not found")
        return block


class TraceMethods:
    def __init__(self, ports: NodePorts, settings: RpcSettings) -> None:
        self._ports = ports
        self._call_gas_max = settings.call_gas_max
        self._blocks = BlockTracer(ports, settings.response_bytes_max)
        self._calls = CallMethods(ports, settings.call_gas_max)

    def table(self) -> dict[str, Method]:
        options = Param(read_trace_options, DEFAULT_TRACE)
        call = (Param(read_call), Param(read_block, LATEST), Param(read_call_trace_options, DEFAULT_TRACE))
        return {
            "debug_traceTransaction": Method(self.transaction, (Param(read_hash), options)),
            "debug_traceBlockByNumber": Method(self.block, (Param(read_block_number), options)),
            "debug_traceBlockByHash": Method(self.block, (Param(read_hash_ref), options)),
            "debug_traceCall": Method(self.call, call),
            "debug_intermediateRoots": Method(self.roots, (Param(read_hash_ref), options)),
        }

    async def transaction(self, transaction_hash: Hash, options: TraceOptions) -> object:
        block, index = await self._blocks.find(transaction_hash)
        traces = await self._in_time(block, options, (index, index + 1))
        return orjson.Fragment(traces[0])

    async def block(self, ref: BlockRef, options: TraceOptions) -> object:
        """One trace per transaction, in order."""
        block = await self._blocks.check_block(ref)
        traces = await self._in_time(block, options, (0, len(block.transactions)))
        return [
            {"txHash": data(keccak(raw)), "result": orjson.Fragment(trace)}
            for raw, trace in zip(block.transactions, traces, strict=True)
        ]

    async def roots(self, ref: BlockRef, options: TraceOptions) -> object:
        """The state root after every transaction."""
        block = await self._blocks.check_block(ref)
        options = replace(options, tracer=TracerSpec(ROOT_TRACER, {}))
        return [orjson.Fragment(root) for root in await self._in_time(block, options, (0, len(block.transactions)))]

    async def call(self, fields: CallFields, ref: BlockRef, options: TraceOptions) -> object:
        """A call that fails is a trace like any other."""
        gas = min(fields.get("gas") or self._call_gas_max, self._call_gas_max)
        request = self._calls.build_request(fields, ref, Overrides(options.state, options.block), gas)
        try:
            async with asyncio.timeout(options.timeout_s):
                trace = await self._ports.state.trace_call(CallTraceRequest(request, options.tracer))
        except TimeoutError as error:
            raise RpcError(SERVER_ERROR, "execution timeout") from error
        return orjson.Fragment(trace)

    async def _in_time(self, block: Block, options: TraceOptions, span: tuple[int, int]) -> Sequence[bytes]:
        try:
            async with asyncio.timeout(options.timeout_s):
                return await self._blocks.trace(block, options.tracer, *span)
        except TimeoutError as error:
            raise RpcError(SERVER_ERROR, "execution timeout") from error
