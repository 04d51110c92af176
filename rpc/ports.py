"""What the JSON-RPC server asks of the node around it. Every port may be called concurrently and cancelled at any time.

Optional parts of ``NodePorts`` are None where a node has none: an embedded ledger has no rollup namespace, a follower
no transaction sink.
"""

from dataclasses import dataclass
from typing import Protocol

from rollup.core.batch import Batch
from rollup.core.block import Block, BlockHeader
from rollup.core.confirmation import SoftConfirmation
from rollup.core.execution import AccessListResult, AccountProof, AccountState, CallRequest, CallResult, SlotRequest
from rollup.core.genesis import ChainRule, RollupGenesis
from rollup.core.heads import Alarm, Heads, LedgerStatus, PostingRecord
from rollup.core.ids import Address, BatchNumber, BlockNumber, Hash
from rollup.core.logs import FoundLog, LogFilter
from rollup.core.payload import BuiltPayload, PayloadRequest
from rollup.core.simulation import SimulatedBlock, SimulationRequest
from rollup.core.tracing import BlockTraceRequest, CallTraceRequest, StorageRange, StorageRangeRequest
from rollup.core.transaction import Transaction


class StateReader(Protocol):
    """Questions about state (see rollup.core.execution). ``None`` as a block is the last sealed head.

    Raises UnknownBlock, StateUnavailable, CallTimedOut, CallGasTooHigh, ExecutorBusy and, for calls that no block could
    hold, the leaves of TransactionRejected.
    """

    async def read_accounts(
        self, addresses: tuple[Address, ...], block: BlockNumber | None
    ) -> tuple[AccountState, ...]: ...

    async def read_code(self, address: Address, block: BlockNumber | None) -> bytes: ...

    async def read_storage(self, address: Address, slot: int, block: BlockNumber | None) -> int: ...

    async def call(self, request: CallRequest) -> CallResult: ...

    async def estimate_gas(self, request: CallRequest) -> CallResult: ...

    async def create_access_list(self, request: CallRequest) -> AccessListResult: ...

    async def simulate(self, request: SimulationRequest) -> tuple[SimulatedBlock, ...]: ...

    async def build_payload(self, request: PayloadRequest) -> BuiltPayload: ...

    async def trace_block(self, request: BlockTraceRequest) -> tuple[bytes, ...]: ...

    async def read_storage_range(self, request: StorageRangeRequest) -> StorageRange: ...

    async def trace_call(self, request: CallTraceRequest) -> bytes: ...

    async def read_slots(self, request: SlotRequest) -> tuple[tuple[int, ...], ...]: ...

    async def read_proof(self, address: Address, slots: tuple[int, ...], block: BlockNumber | None) -> AccountProof: ...


class ChainReader(Protocol):
    """The chain as stored. Synchronous and short: a point read answers well within 5 ms. Called on the event loop, but
    for ``find_logs``, which runs in threads, several at a time, and ``block``, which does both.
    """

    def head_number(self) -> BlockNumber | None:
        """Highest block of the canonical chain here; None before the genesis block was stored."""
        ...

    def block(self, number: BlockNumber) -> Block | None:
        """May take long: see ``rpc.block_loader``."""
        ...

    def held_block(self, number: BlockNumber) -> Block | None:
        """The block where that takes no time; None where ``block`` may have it all the same."""
        ...

    def header(self, number: BlockNumber) -> BlockHeader | None: ...

    def number_of(self, block_hash: Hash) -> BlockNumber | None:
        """Only canonical blocks have a number."""
        ...

    def find_transaction(self, transaction_hash: Hash) -> tuple[BlockNumber, int] | None:
        """Block and position in it."""
        ...

    def find_logs(self, log_filter: LogFilter, count_max: int) -> tuple[FoundLog, ...]:
        """In chain order. Raises TooManyLogs when more than ``count_max`` match."""
        ...


class TransactionSink(Protocol):
    async def submit(self, raw: bytes) -> Hash:
        """Admit a user's transaction. The hash comes back only when it is held durably. Raises Rejected."""
        ...


PoolContent = dict[Address, tuple[dict[int, Transaction], dict[int, Transaction]]]
"""Per sender what could run now and what waits for a lower nonce, by nonce."""


class PoolReader(Protocol):
    def pending_nonce(self, address: Address) -> int | None:
        """Next free nonce after what the pool holds; None when it holds nothing of this account."""
        ...

    def find(self, transaction_hash: Hash) -> tuple[Transaction, Address] | None:
        """A waiting transaction and its sender."""
        ...

    @property
    def counts(self) -> tuple[int, int]:
        """Transactions that could run now, and those that wait for a lower nonce."""
        ...

    def content(self, address: Address | None) -> PoolContent:
        """A snapshot of everything, or of one sender's part."""
        ...


class HeadReader(Protocol):
    def heads(self) -> Heads: ...


class RollupReader(Protocol):
    """Batches and where they are."""

    def batch(self, number: BatchNumber) -> Batch | None: ...

    def batch_of_block(self, number: BlockNumber) -> BatchNumber | None: ...

    def postings(self, number: BatchNumber) -> tuple[PostingRecord, ...]:
        """One record per ledger that the batch is on its way to or on."""
        ...

    def ledger_status(self) -> tuple[LedgerStatus, ...]: ...

    def alarms(self) -> tuple[Alarm, ...]: ...


class Confirmer(Protocol):
    """The sequencer's signed word on its blocks. Only a sequencer has one."""

    def confirm(self, header: BlockHeader) -> SoftConfirmation:
        """For a block of the stored chain: the same bytes at every call."""
        ...


class DropReader(Protocol):
    def find_reason(self, transaction_hash: Hash) -> str | None:
        """Why a transaction left the pool without a block, while that is remembered."""
        ...


@dataclass(frozen=True, slots=True)
class NodePorts:
    rule: ChainRule
    state: StateReader
    chain: ChainReader
    sink: TransactionSink | None = None
    pool: PoolReader | None = None
    heads: HeadReader | None = None
    rollup: RollupReader | None = None
    genesis: RollupGenesis | None = None
    confirmer: Confirmer | None = None
    drops: DropReader | None = None
