"""An EVM ledger of the devnet: the project's own engine run as a stand-alone chain behind its own JSON-RPC.

Blocks come at a fixed interval, finality by depth. Its controls (mined into JSON-RPC as ``devnet_*``) make it fork and
halt, so that what a node does about it can be seen without foreign software.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from node.block_gate import BlockGate
from node.chain_parts import ChainParts, level_store, open_chain
from rollup.core.block import Block
from rollup.core.confirmation import SoftConfirmation
from rollup.core.errors import Overloaded, Rejected
from rollup.core.genesis import ChainGenesis
from rollup.core.heads import Heads
from rollup.core.ids import Address, BlockNumber, Hash
from rollup.core.transaction import Transaction
from rollup.sequencer.ports import SequencerPorts
from rollup.sequencer.sequencer import Sequencer
from rollup.sequencer.settings import BlockSettings, PoolSettings, SequencerSettings
from rollup.sequencer.standalone import NoBacklog, NoInputs, NoJournal
from rollup.vm.settings import VmSettings
from rpc.feed import ChainFeed
from rpc.ports import NodePorts, PoolContent
from rpc.server import AppParts, RpcServer, open_server
from rpc.settings import RpcSettings

REORG_DEPTH_MAX = 256


@dataclass(frozen=True, slots=True)
class EmbeddedRules:
    """Where it listens (port 0: any), how fast it is and when its blocks are final."""

    host: str
    port: int
    block_time_s: float
    finality_depth: int


class EmbeddedLedger:
    """One chain. ``submit``, ``pending_nonce``, ``find`` and ``counts`` fit the server's pool ports across reorgs."""

    def __init__(self, chain: ChainParts, rules: EmbeddedRules) -> None:
        self._chain = chain
        self.feed = ChainFeed()
        self._rules = rules
        self._gate = BlockGate(chain.vm, time.time)
        self._sequencer = self._build_sequencer()
        self._reorg: tuple[int, asyncio.Event] | None = None
        self._disturbed = asyncio.Event()
        self._sealed = asyncio.Event()

    async def start(self) -> None:
        """Level with the engine; before ``run``."""
        await self._sequencer.start()

    async def run(self) -> None:
        """Seal blocks for ever. Raises VmCrashed, also when there is nothing to seal."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._chain.vm.run())
            group.create_task(self._produce())

    async def _produce(self) -> None:
        """A reorg stops the producer, replaces blocks and starts another."""
        while True:
            self._disturbed.clear()
            async with asyncio.TaskGroup() as group:
                producing = group.create_task(self._sequencer.run())
                await self._disturbed.wait()
                producing.cancel()
            if self._reorg is not None:
                await self._fork(*self._reorg)

    async def reorg(self, depth: int) -> None:
        """Replace the top ``depth`` blocks by other, empty ones and one more. Their transactions are forgotten; a
        halted ledger goes on."""
        if not 0 < depth <= min(REORG_DEPTH_MAX, self._sequencer.head.number):
            raise Rejected(f"depth must be from 1 to {min(REORG_DEPTH_MAX, self._sequencer.head.number)}")
        if self._reorg is not None:
            raise Overloaded("a reorganisation is under way")
        done = asyncio.Event()
        self._reorg = (depth, done)
        self._disturbed.set()
        await done.wait()

    def on_block(self, block: Block, confirmation: SoftConfirmation | None) -> None:
        """Fits the sequencer's BlockListener."""
        self.feed.on_block(block, confirmation)
        self._sealed.set()

    def set_halted(self, *, halted: bool) -> None:
        """While halted it answers and takes transactions, but seals nothing."""
        if halted:
            self._gate.close()
        else:
            self._gate.open()

    def heads(self) -> Heads:
        """Safe and finalized by depth; nothing here is attested."""
        head = self._sequencer.head.number
        final = BlockNumber(max(head - self._rules.finality_depth, 0))
        return Heads(unsafe=head, safe=final, finalized=final, attested=final, received=head)

    async def submit(self, raw: bytes) -> Hash:
        if self._reorg is not None:
            raise Overloaded("a reorganisation is under way")
        return await self._sequencer.submit(raw)

    def pending_nonce(self, address: Address) -> int | None:
        return self._sequencer.pending_nonce(address)

    def find(self, transaction_hash: Hash) -> tuple[Transaction, Address] | None:
        return self._sequencer.find(transaction_hash)

    def content(self, address: Address | None) -> PoolContent:
        return self._sequencer.content(address)

    @property
    def counts(self) -> tuple[int, int]:
        return self._sequencer.counts

    def controls(self) -> dict[str, Callable[..., Awaitable[object]]]:
        """JSON-RPC methods for whoever tests against it."""

        async def reorg(depth: object) -> bool:
            if not isinstance(depth, int) or isinstance(depth, bool):
                raise Rejected("depth must be a number")
            await self.reorg(depth)
            return True

        async def halt() -> bool:
            self.set_halted(halted=True)
            return True

        async def resume() -> bool:
            self.set_halted(halted=False)
            return True

        return {"devnet_reorg": reorg, "devnet_halt": halt, "devnet_resume": resume}

    async def _fork(self, depth: int, done: asyncio.Event) -> None:
        target = BlockNumber(max((await self._chain.vm.head()).header.number - depth, 0))
        self._gate.open()
        await self._chain.vm.rewind(target)
        await level_store(self._chain.vm, self._chain.store.blocks)
        self.feed.on_rewind(target)
        self._sequencer = self._build_sequencer(block_interval_s=0.05)
        await self._sequencer.start()
        async with asyncio.TaskGroup() as group:
            producing = group.create_task(self._sequencer.run())
            while self._sequencer.head.number <= target + depth:
                self._sealed.clear()
                await self._sealed.wait()
            producing.cancel()
        self._sequencer = self._build_sequencer()
        await self._sequencer.start()
        self._reorg = None
        done.set()

    def _build_sequencer(self, block_interval_s: float | None = None) -> Sequencer:
        interval_s = block_interval_s or self._rules.block_time_s
        settings = SequencerSettings(
            pool=PoolSettings(unprotected_allowed=True),
            block=BlockSettings(
                block_interval_s=interval_s, idle_block_interval_s=interval_s, block_bytes_max=1_000_000
            ),
        )
        ports = SequencerPorts(
            executor=self._gate,
            journal=NoJournal(),
            log=self._chain.store.blocks,
            inputs=NoInputs(),
            backlog=NoBacklog(),
            listener=self,
            clock=time.time,
            pending=self.feed,
        )
        return Sequencer(ports, self._chain.genesis.rule, settings)


@asynccontextmanager
async def open_embedded_ledger(
    path: Path, genesis: ChainGenesis, rules: EmbeddedRules
) -> AsyncIterator[tuple[EmbeddedLedger, RpcServer, ChainParts]]:
    """The chain, started and served; its ``run`` is the caller's to run. Raises PortTaken, BadDataDirectory."""
    async with open_chain(path, genesis, VmSettings()) as chain:
        ledger = EmbeddedLedger(chain, rules)
        await ledger.start()
        ports = NodePorts(
            rule=genesis.rule, state=chain.vm, chain=chain.store.blocks, sink=ledger, pool=ledger, heads=ledger
        )
        settings = RpcSettings(cors_origins=("*",), websocket_origins=("*",))
        parts = AppParts(ports=ports, settings=settings, extra_methods=ledger.controls(), feed=ledger.feed)
        async with open_server(rules.host, rules.port, parts) as server:
            yield ledger, server, chain
