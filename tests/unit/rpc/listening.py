"""A listener for tests of the HTTP face: a chain of one block and no state behind it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from rollup.core.block import Block, BlockHeader
from rollup.core.execution import (
    AccessListResult,
    AccountProof,
    AccountState,
    CallRequest,
    CallResult,
    SlotProof,
    SlotRequest,
)
from rollup.core.genesis import ChainRule
from rollup.core.ids import ZERO_ADDRESS, ZERO_HASH, Address, BlockNumber, Hash
from rollup.core.logs import FoundLog, LogFilter
from rollup.core.simulation import SimulatedBlock, SimulationRequest
from rollup.core.tracing import BlockTraceRequest, CallTraceRequest, StorageRange, StorageRangeRequest
from rpc.ports import NodePorts
from rpc.server import AppParts, RpcServer, open_server
from rpc.settings import RpcSettings

CHAIN_ID = 900_900


def make_header(number: int = 0, timestamp: int = 0) -> BlockHeader:
    return BlockHeader(
        hash=Hash(number.to_bytes(32, "big")),
        parent_hash=ZERO_HASH,
        ommers_hash=ZERO_HASH,
        coinbase=ZERO_ADDRESS,
        state_root=ZERO_HASH,
        transactions_root=ZERO_HASH,
        receipts_root=ZERO_HASH,
        logs_bloom=bytes(256),
        difficulty=0,
        number=BlockNumber(number),
        gas_limit=30_000_000,
        gas_used=0,
        timestamp=timestamp,
        extra_data=b"",
        prev_randao=ZERO_HASH,
        nonce=bytes(8),
        base_fee=1_000_000_000,
        withdrawals_root=ZERO_HASH,
        blob_gas_used=0,
        excess_blob_gas=0,
        parent_beacon_root=ZERO_HASH,
        requests_hash=ZERO_HASH,
    )


@dataclass
class OneBlock:
    """Fits ChainReader: nothing but a genesis."""

    timestamp: int = 0

    def head_number(self) -> BlockNumber:
        return BlockNumber(0)

    def block(self, number: BlockNumber) -> Block | None:
        return Block(make_header(0, self.timestamp), (), (), ()) if number == 0 else None

    def held_block(self, number: BlockNumber) -> Block | None:
        return self.block(number)

    def header(self, number: BlockNumber) -> BlockHeader | None:
        return make_header(0, self.timestamp) if number == 0 else None

    def number_of(self, block_hash: Hash) -> BlockNumber | None:
        return BlockNumber(0) if block_hash == ZERO_HASH else None

    def find_transaction(self, transaction_hash: Hash) -> tuple[BlockNumber, int] | None:
        return None

    def find_logs(self, log_filter: LogFilter, count_max: int) -> tuple[FoundLog, ...]:
        return ()


class NoState:
    """Fits StateReader: every account is empty."""

    async def read_accounts(
        self, addresses: tuple[Address, ...], block: BlockNumber | None
    ) -> tuple[AccountState, ...]:
        return tuple(AccountState(address, 0, 0, ZERO_HASH, ZERO_HASH) for address in addresses)

    async def read_code(self, address: Address, block: BlockNumber | None) -> bytes:
        return b""

    async def read_storage(self, address: Address, slot: int, block: BlockNumber | None) -> int:
        return 0

    async def call(self, request: CallRequest) -> CallResult:
        return CallResult(b"", 21_000, reverted=False, error="")

    async def estimate_gas(self, request: CallRequest) -> CallResult:
        return CallResult(b"", 21_000, reverted=False, error="")

    async def create_access_list(self, request: CallRequest) -> AccessListResult:
        return AccessListResult((), 21_000, "")

    async def trace_block(self, request: BlockTraceRequest) -> tuple[bytes, ...]:
        return (b"{}",) * (request.stop - request.first)

    async def read_storage_range(self, request: StorageRangeRequest) -> StorageRange:
        return StorageRange((), None)

    async def trace_call(self, request: CallTraceRequest) -> bytes:
        return b"{}"

    async def simulate(self, request: SimulationRequest) -> tuple[SimulatedBlock, ...]:
        return ()

    async def read_slots(self, request: SlotRequest) -> tuple[tuple[int, ...], ...]:
        return tuple((0,) * len(slots) for _, slots in request.slots)

    async def read_proof(self, address: Address, slots: tuple[int, ...], block: BlockNumber | None) -> AccountProof:
        account = AccountState(address, 0, 0, ZERO_HASH, ZERO_HASH)
        return AccountProof(account, (), tuple(SlotProof(slot, 0, ()) for slot in slots))


def make_ports(**more: object) -> NodePorts:
    return NodePorts(ChainRule(CHAIN_ID), NoState(), more.pop("chain", OneBlock()), **more)


@asynccontextmanager
async def listening(
    settings: RpcSettings | None = None, ports: NodePorts | None = None, **more: object
) -> AsyncIterator[RpcServer]:
    parts = AppParts(ports or make_ports(), settings or RpcSettings(), **more)
    async with open_server("127.0.0.1", 0, parts) as server:
        yield server
