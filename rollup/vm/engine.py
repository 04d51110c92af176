"""The block engine: a chain of blocks over one database. Synchronous, one thread, no pipe.

Blocks are executed on one set of accounts that lives from block to block; questions are answered from the state after
any sealed block, also while a block is in the making. What is not yet written is in memory only: an engine that was
killed comes back at its last sealed block.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, Self

from lru import LRU

from rollup.core.block import Block, BlockHeader
from rollup.core.block_codec import decode_block, encode_block
from rollup.core.block_rlp import BlockBody
from rollup.core.errors import (
    BadDataDirectory,
    InvalidBlock,
    MalformedBatch,
    RollupError,
    StoreCorrupted,
    UnknownBlock,
)
from rollup.core.execution import (
    AccessListResult,
    AccountProof,
    AccountState,
    BlockResult,
    BlockWork,
    CallRequest,
    CallResult,
    ExecutorHead,
    SlotRequest,
)
from rollup.core.forks import Fork
from rollup.core.genesis import ChainGenesis
from rollup.core.ids import EMPTY_CODE_HASH, ZERO_HASH, Address, BlockNumber, Hash
from rollup.core.payload import BuiltPayload, PayloadRequest
from rollup.core.simulation import SimulatedBlock, SimulationRequest
from rollup.core.tracing import BlockTraceRequest, CallTraceRequest, StorageRange, StorageRangeRequest
from rollup.vm.access_lists import create_access_list
from rollup.vm.accounts import EMPTY_ACCOUNT, Account
from rollup.vm.building import BlockBuilder
from rollup.vm.calls import CallLimits, run_call
from rollup.vm.database import BlockWrite, Database
from rollup.vm.estimates import estimate_gas
from rollup.vm.fork import BlockEnvironment, ChainState, build_environment, make_state
from rollup.vm.forks.checks import check_header
from rollup.vm.forks.replay import ReplayRules, replay_block
from rollup.vm.genesis import build_genesis
from rollup.vm.headers import build_header, decode_block_header, encode_block_header, seal_header
from rollup.vm.payloads import build_payload
from rollup.vm.proofs import prove_account, read_slots, read_storage_range
from rollup.vm.scratch import ScratchStore
from rollup.vm.sealing import SealedState, seal_changes
from rollup.vm.simulation import Simulation, SimulationBase
from rollup.vm.tracing.opening import open_state
from rollup.vm.tracing.replay import BlockReplays
from rollup.vm.tracing.runs import trace_call

HEADERS_CACHED_MAX = 1024
BLOCKS_PER_READ_MAX = 64


class Engine:
    """Owner of the state database. Every method either keeps its promise or leaves the sealed state untouched."""

    def __init__(self, database: Database, genesis: ChainGenesis) -> None:
        self._database = database
        self._rule = genesis.rule
        self._headers: LRU[int, BlockHeader] = LRU(HEADERS_CACHED_MAX)
        self._genesis_hash = self._settle_genesis(genesis)
        self._head = self.read_header(database.read_head())
        self._progress = database.read_progress()
        self._state: ChainState | None = None
        self._call_state: tuple[Hash, ChainState] | None = None
        self._replays = BlockReplays(self._open_block, self._root_within)

    @classmethod
    def open(cls, path: Path, genesis: ChainGenesis) -> Self:
        """Open or create. Raises BadDataDirectory when the directory is foreign, in use, or of another genesis."""
        database = Database(path)
        try:
            return cls(database, genesis)
        except RollupError:
            database.close()
            raise

    def close(self) -> None:
        self._database.close()

    def _settle_genesis(self, genesis: ChainGenesis) -> Hash:
        header = build_genesis(self._database, genesis)
        found = self._database.read_genesis_hash()
        if found is None:
            self._database.write_genesis(header.hash, encode_block_header(header))
        self._database.discard_pending()
        if found not in (None, header.hash):
            raise BadDataDirectory(
                f"the data directory belongs to the chain with genesis {(found or b'').hex()}, the configuration says "
                f"{header.hash.hex()}: choose another data directory or the genesis file that it was made with"
            )
        return header.hash

    # --- commands -----------------------------------------------------------------------------------------------------

    def head(self) -> ExecutorHead:
        return ExecutorHead(self._head, self._progress, self._genesis_hash)

    def execute_block(self, work: BlockWork, between: Callable[[], None]) -> BlockResult:
        """Execute and seal one block durably (see BlockWork). Raises InvalidBlock, DiskFull.

        ``between`` runs after every transaction and between the steps of sealing, and may ask this engine anything but
        commands.
        """
        started = time.perf_counter()
        self._check_work(work)
        header = build_header(self._rule, self._head, work.timestamp)
        state = self._take_state()
        state.begin_block(self._environment(header))
        builder = BlockBuilder(state, header, work, between)
        builder.run()
        touched = tuple(state.changes().accounts) if builder.transactions else ()
        block = self._seal(work, header, builder) if builder.transactions or work.allow_empty else None
        self._state = state
        return BlockResult(
            block=block,
            tried=builder.tried,
            dropped=tuple(builder.dropped),
            accounts=tuple(_account_state(state, Address(address)) for address in touched),
            execution_s=time.perf_counter() - started,
        )

    def replay_block(self, body: BlockBody) -> Block:
        """Execute a block that was made elsewhere on top of the head, and keep it durably when everything is as its
        header says. Raises InvalidBlock that names the first difference, DiskFull."""
        forks, header, head = self._rule.forks, body.header, self._head
        if forks is None:
            raise InvalidBlock("this chain makes its own blocks")
        keep_empty = check_header(self._rule.fee, forks, head, header) < Fork.SPURIOUS_DRAGON
        state = self._take_state()
        state.begin_block(self._environment(header))

        def root() -> Hash:
            return seal_changes(self._database, head.state_root, state.changes(), keep_empty=keep_empty)[0]

        block = replay_block(state, body, ReplayRules(forks, root))
        _, storage_roots = seal_changes(self._database, head.state_root, state.changes(), keep_empty=keep_empty)
        self._database.write_block(
            BlockWrite(header.number, encode_block_header(header), encode_block(block), None, head.number)
        )
        state.advance(SealedState(self._database, header.state_root), storage_roots)
        self._state, self._head = state, header
        self._headers[header.number] = header
        return block

    def rewind(self, number: BlockNumber) -> ExecutorHead:
        """Make ``number`` the head again; blocks above are gone. Raises UnknownBlock."""
        header = self.read_header(number)
        self._database.rewind(number)
        self._headers.clear()
        self._head = header
        self._progress = self._database.read_progress()
        self._state = self._call_state = None
        return self.head()

    def _check_work(self, work: BlockWork) -> None:
        head = self._head
        if work.number != head.number + 1:
            raise InvalidBlock(f"block {work.number} cannot follow head {head.number} ({head.hash.hex()})")
        if work.parent_hash != head.hash:
            raise InvalidBlock(
                f"block {work.number} names parent {work.parent_hash.hex()}, head {head.number} is {head.hash.hex()}"
            )
        if work.timestamp < head.timestamp:
            raise InvalidBlock(f"block {work.number} has time {work.timestamp}, its parent {head.timestamp}")

    def _seal(self, work: BlockWork, header: BlockHeader, builder: BlockBuilder) -> Block:
        state_root, storage_roots = seal_changes(self._database, self._head.state_root, builder.state.changes())
        builder.pause()
        sealed = seal_header(header, builder.roots(state_root))
        block = Block(
            header=sealed,
            transactions=tuple(builder.transactions),
            senders=tuple(builder.senders),
            receipts=tuple(builder.receipts),
            cursors=work.cursors,
            messages=work.messages,
        )
        builder.pause()
        encoded = encode_block_header(sealed)
        record = encode_block(block)
        self._database.write_block(BlockWrite(work.number, encoded, record, work.progress, work.stored_through))
        builder.state.advance(SealedState(self._database, state_root), storage_roots)
        self._head = sealed
        self._headers[sealed.number] = sealed
        self._progress = self._progress if work.progress is None else work.progress
        return block

    # --- questions ----------------------------------------------------------------------------------------------------

    def read_header(self, number: BlockNumber) -> BlockHeader:
        """Raises UnknownBlock."""
        header = self._headers.get(number)
        if header is None:
            encoded = self._database.read_header(number) if number >= 0 else None
            if encoded is None:
                raise UnknownBlock(f"block {number}")
            header = self._headers[number] = decode_block_header(encoded)
        return header

    def read_blocks(self, first: BlockNumber, count: int) -> tuple[Block, ...]:
        """Up to ``count`` blocks from ``first``, as far as the head, and no more than 64 at once.

        Raises UnknownBlock when the first one is above the head, or was forgotten because its caller had stored it."""
        stop = min(first + min(count, BLOCKS_PER_READ_MAX), self._head.number + 1)
        blocks = tuple(self._read_block(self.read_header(BlockNumber(number))) for number in range(first, stop))
        if count and not blocks:
            raise UnknownBlock(f"block {first}, the head is {self._head.number}")
        return blocks

    def _read_block(self, header: BlockHeader) -> Block:
        if header.number == 0:
            return Block(header, (), (), ())
        record = self._database.read_record(header.number)
        if record is None:
            raise UnknownBlock(f"block {header.number} is no longer held by the virtual machine node")
        try:
            return decode_block(record)
        except MalformedBatch as error:
            raise StoreCorrupted(f"the record of block {header.number}: {error}") from error

    def read_accounts(self, addresses: tuple[Address, ...], block: BlockNumber | None) -> tuple[AccountState, ...]:
        state = self._sealed(self._header_of(block))
        return tuple(_account_state(state, address) for address in addresses)

    def read_code(self, address: Address, block: BlockNumber | None) -> bytes:
        """b'' where there is none."""
        state = self._sealed(self._header_of(block))
        account = state.read_account(address) or EMPTY_ACCOUNT
        return b"" if account.code_hash == EMPTY_CODE_HASH else state.read_code(account.code_hash)

    def read_storage(self, address: Address, slot: int, block: BlockNumber | None) -> int:
        state = self._sealed(self._header_of(block))
        return state.read_slot((state.read_account(address) or EMPTY_ACCOUNT).storage_root, slot)

    def read_slots(self, request: SlotRequest, limits: CallLimits) -> tuple[tuple[int, ...], ...]:
        """Values slot by slot, per account. Raises UnknownBlock, CallTimedOut."""
        return read_slots(self._database, self._header_of(request.block), request.slots, limits)

    def read_proof(
        self, address: Address, slots: tuple[int, ...], block: BlockNumber | None, limits: CallLimits
    ) -> AccountProof:
        """An account and slots of it with their proofs. Raises UnknownBlock, CallTimedOut."""
        return prove_account(self._database, self._header_of(block), address, slots, limits)

    def call(self, request: CallRequest, limits: CallLimits) -> CallResult:
        """One message on the state after ``request.block``. Raises what run_call raises, and UnknownBlock."""
        with self._calling(request) as state:
            return run_call(state, request, limits)

    def estimate_gas(self, request: CallRequest, limits: CallLimits) -> CallResult:
        """The least gas that suffices. Raises what rollup.vm.estimates raises, and UnknownBlock."""
        with self._calling(request) as state:
            return estimate_gas(state, request, limits)

    def simulate(self, request: SimulationRequest, limits: CallLimits) -> tuple[SimulatedBlock, ...]:
        """Blocks that never were. Raises what rollup.vm.simulation raises, and UnknownBlock."""
        header = self._header_of(request.block)
        base = SimulationBase(self._database, self._rule, header, lambda number: self.read_header(number).hash)
        return Simulation(base, request, limits).run()

    def build_payload(self, request: PayloadRequest, limits: CallLimits) -> BuiltPayload:
        """A block that is not kept. Raises what rollup.vm.payloads raises, and UnknownBlock."""
        header = self.read_header(request.parent)
        base = SimulationBase(self._database, self._rule, header, lambda number: self.read_header(number).hash)
        return build_payload(base, request, limits)

    def create_access_list(self, request: CallRequest, limits: CallLimits) -> AccessListResult:
        """What a call touches. Raises what run_call raises, and UnknownBlock."""
        header = self._header_of(request.block)
        return create_access_list(self._sealed(header), self._environment(header), request, limits)

    def trace_block(self, request: BlockTraceRequest, limits: CallLimits) -> tuple[bytes, ...]:
        """Traces of a sealed block's transactions (see BlockTraceRequest), JSON texts. Raises what
        rollup.vm.tracing.replay raises, and UnknownBlock."""
        return self._replays.trace(request, limits)

    def trace_call(self, request: CallTraceRequest, limits: CallLimits) -> bytes:
        """JSON text of what a tracer sees of a call. Raises as ``call``, UnknownTracer, TraceTooLarge."""
        with self._calling(request.call) as state:
            return trace_call(state, request, limits)

    def read_storage_range(self, request: StorageRangeRequest, limits: CallLimits) -> StorageRange:
        """Raises UnknownBlock, CallTimedOut."""
        return read_storage_range(self._database, self.read_header(request.block), request, limits)

    def _open_block(self, header: BlockHeader) -> ChainState:
        """The state on which the first transaction of a sealed block ran. Raises UnknownBlock for the genesis."""
        parent = self.read_header(BlockNumber(header.number - 1))
        if parent.hash != header.parent_hash:
            raise UnknownBlock(f"block 0x{header.hash.hex()} is no longer on the chain")
        state = make_state(self._sealed(parent), self._environment(header))
        open_state(state, header)
        return state

    def _root_within(self, header: BlockHeader, state: ChainState) -> Hash:
        """The state root in the midst of a block that is sealed already. Writes nothing."""
        parent = self.read_header(BlockNumber(header.number - 1))
        keep_empty = state.fork < Fork.SPURIOUS_DRAGON
        return seal_changes(ScratchStore(self._database), parent.state_root, state.changes(), keep_empty=keep_empty)[0]

    @contextmanager
    def _calling(self, request: CallRequest) -> Iterator[ChainState]:
        """A state for calls. That of the head is kept for the next call; one on which something failed, or that has
        grown heavy (the head of an imported chain never moves), is not."""
        header = self._header_of(request.block)
        kept_of, state = self._call_state or (ZERO_HASH, None)
        self._call_state = None
        if state is None or kept_of != header.hash:
            state = self._state_of(header)
        yield state
        self._call_state = None if state.is_heavy else (header.hash, state)

    # --- state --------------------------------------------------------------------------------------------------------

    def _take_state(self) -> ChainState:
        """The state that lives from block to block. It comes back with a sealed block only: what a failure left of it
        is never used again."""
        state, self._state = self._state, None
        self._database.discard_pending()
        return state or self._state_of(self._head)

    def _header_of(self, block: BlockNumber | None) -> BlockHeader:
        return self._head if block is None else self.read_header(block)

    def _sealed(self, header: BlockHeader) -> SealedState:
        return SealedState(self._database, header.state_root)

    def _state_of(self, header: BlockHeader) -> ChainState:
        """The state after a block, as its own transactions saw chain, number and time (what eth_call asks for)."""
        return make_state(self._sealed(header), self._environment(header))

    def _environment(self, header: BlockHeader) -> BlockEnvironment:
        return build_environment(self._rule, header, lambda number: self.read_header(number).hash)


class _Accounts(Protocol):
    def read_account(self, address: bytes) -> Account | None: ...


def _account_state(accounts: _Accounts, address: Address) -> AccountState:
    account = accounts.read_account(address) or EMPTY_ACCOUNT
    return AccountState(address, account.nonce, account.balance, account.code_hash, account.storage_root)
