"""A whole EVM chain for client tests: virtual machine process, store, sequencer and JSON-RPC, no ledgers below it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from rollup.core.block import Block
from rollup.core.confirmation import SoftConfirmation
from rollup.core.genesis import ChainGenesis, ChainRule, GenesisAccount
from rollup.core.hashes import address_of, keccak
from rollup.core.heads import Heads
from rollup.core.ids import Address, BlockNumber, Hash
from rollup.sequencer.ports import SequencerPorts
from rollup.sequencer.sequencer import Sequencer
from rollup.sequencer.settings import BlockSettings, SequencerSettings
from rollup.sequencer.standalone import NoBacklog, NoInputs, NoJournal
from rollup.store.blocks import BlockStore
from rollup.store.store import open_store
from rollup.vm.client import open_vm
from rpc.feed import ChainFeed
from rpc.methods.wallet import KeyRing
from rpc.ports import NodePorts
from rpc.server import AppParts, open_server
from rpc.settings import RpcSettings

CHAIN_ID = 900_901
KEYS = tuple(bytes(keccak(b"plain chain account" + bytes([i]))) for i in range(4))
ETHER = 10**18
BLOCK_INTERVAL_S = 0.05


class Bell:
    """Fits BlockListener: rings with every block."""

    def __init__(self, feed: ChainFeed) -> None:
        self._feed = feed
        self._rung = asyncio.Event()

    def on_block(self, block: Block, confirmation: SoftConfirmation | None) -> None:
        self._feed.on_block(block, confirmation)
        self._rung.set()
        self._rung = asyncio.Event()

    async def wait(self) -> None:
        await self._rung.wait()


@dataclass(frozen=True, slots=True)
class PlainChain:
    """``keys`` are of funded accounts, 1000 ether each."""

    url: str
    keys: tuple[bytes, ...]
    blocks: BlockStore
    sequencer: Sequencer
    bell: Bell

    async def wait_included(self, transaction_hash: Hash, time_max_s: float = 10.0) -> None:
        """Until the transaction is in a block. Raises TimeoutError."""
        async with asyncio.timeout(time_max_s):
            while self.blocks.find_transaction(transaction_hash) is None:
                await self.bell.wait()


@dataclass(frozen=True, slots=True)
class LaggingHeads:
    """``safe`` is one block behind the head, ``finalized`` two."""

    blocks: BlockStore

    def heads(self) -> Heads:
        head = self.blocks.head_number() or BlockNumber(0)
        safe, finalized = BlockNumber(max(head - 1, 0)), BlockNumber(max(head - 2, 0))
        return Heads(unsafe=head, safe=safe, finalized=finalized, attested=finalized, received=head)


def make_genesis(alloc: tuple[tuple[Address, GenesisAccount], ...] = ()) -> ChainGenesis:
    funded = tuple((address_of(key), GenesisAccount(balance=1000 * ETHER)) for key in KEYS)
    return ChainGenesis(ChainRule(CHAIN_ID), timestamp=1_700_000_000, alloc=(*funded, *alloc))


@asynccontextmanager
async def open_plain_chain(
    path: Path, settings: RpcSettings | None = None, keys: KeyRing | None = None
) -> AsyncIterator[PlainChain]:
    """A fresh chain in ``path`` that seals a block shortly after every transaction, and a listener for it.
    ``keys`` are the accounts that it signs for."""
    async with open_vm(path / "state", genesis := make_genesis()) as vm:
        head = await vm.head()
        with open_store(path / "store", head.genesis_hash) as store:
            store.blocks.append_block(Block(head.header, (), (), ()))
            bell = Bell(feed := ChainFeed())
            standalone = (NoJournal(), store.blocks, NoInputs(), NoBacklog())
            inputs = SequencerPorts(vm, *standalone, bell, time.time, feed)
            timing = SequencerSettings(block=BlockSettings(BLOCK_INTERVAL_S, idle_block_interval_s=3600))
            sequencer = Sequencer(inputs, genesis.rule, timing)
            await sequencer.start()
            ports = NodePorts(genesis.rule, vm, store.blocks, sequencer, sequencer, LaggingHeads(store.blocks))
            parts = AppParts(ports, settings or RpcSettings(), feed=feed, keys=keys)
            async with open_server("127.0.0.1", 0, parts) as server, _running(sequencer):
                yield PlainChain(server.url, KEYS, store.blocks, sequencer, bell)


@asynccontextmanager
async def _running(sequencer: Sequencer) -> AsyncIterator[None]:
    task = asyncio.ensure_future(sequencer.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
