"""An imported chain behind JSON-RPC: everything can be read, transactions are pooled, no block is ever built.

Latest, safe and finalized are the last block that was imported. What comes into the pool is judged by the rules of the
newest fork; sidecars of blob transactions are compared with the blob hashes and not kept.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from node.chain_parts import ChainParts, open_chain
from node.imported_chain import read_import
from rollup.core.blob_sidecar import strip_sidecar
from rollup.core.block import BlockHeader
from rollup.core.genesis import ChainRule
from rollup.core.heads import Heads
from rollup.core.ids import Address, Hash
from rollup.core.transaction import Transaction
from rollup.sequencer.intake import Intake
from rollup.sequencer.ports import SequencerPorts
from rollup.sequencer.settings import PoolSettings, SequencerSettings
from rollup.sequencer.standalone import NoBacklog, NoInputs, NoJournal, NoListener
from rollup.vm.settings import VmSettings
from rpc.feed import ChainFeed
from rpc.ports import NodePorts, PoolContent
from rpc.server import AppParts, RpcServer, open_server
from rpc.settings import RpcSettings

NEVER_OLD_S = float("inf")
CALL_TIME_MAX_S = 5.0
"""No block waits for a call here: what geth allows one."""


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """Where to listen; port 0 is any free one. ``testing`` offers the ``testing_`` methods."""

    host: str = "127.0.0.1"
    port: int = 8545
    testing: bool = True


class ServedChain:
    """Pool and labels of a chain that stands still. Fits the server's sink, pool and head ports."""

    def __init__(self, chain: ChainParts, head: BlockHeader) -> None:
        self._head = head
        self.feed = ChainFeed()
        self.rule: ChainRule = replace(chain.genesis.rule, gas_limit=head.gas_limit, coinbase=head.coinbase)
        ports = SequencerPorts(
            executor=chain.vm,
            journal=NoJournal(),
            log=chain.store.blocks,
            inputs=NoInputs(),
            backlog=NoBacklog(),
            listener=NoListener(),
            clock=time.time,
            pending=self.feed,
        )
        settings = SequencerSettings(pool=PoolSettings(unprotected_allowed=True))
        self._intake = Intake(ports, self.rule, settings, lambda: head.number, lambda: None)

    async def run(self) -> None:
        """Serve the pool for ever. Raises VmCrashed."""
        await self._intake.run()

    def heads(self) -> Heads:
        """One label for all."""
        number = self._head.number
        return Heads(unsafe=number, safe=number, finalized=number, attested=number, received=number)

    async def submit(self, raw: bytes) -> Hash:
        """Into the pool, where it stays. Raises Rejected leaves."""
        return await self._intake.submit(strip_sidecar(raw))

    def pending_nonce(self, address: Address) -> int | None:
        return self._intake.pool.pending_nonce(address)

    def find(self, transaction_hash: Hash) -> tuple[Transaction, Address] | None:
        pooled = self._intake.pool.find(transaction_hash)
        return None if pooled is None else (pooled.transaction, pooled.sender)

    def content(self, address: Address | None) -> PoolContent:
        return self._intake.pool.snapshot(address)

    @property
    def counts(self) -> tuple[int, int]:
        return self._intake.pool.counts


@dataclass(frozen=True, slots=True)
class Serving:
    """What is open, and what the supervisor runs."""

    server: RpcServer
    chain: ChainParts
    served: ServedChain

    async def run(self) -> None:
        """Until one of the parts fails. Raises VmCrashed."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.chain.vm.run())
            group.create_task(self.served.run())


@asynccontextmanager
async def open_served_chain(data: Path, options: ServeOptions) -> AsyncIterator[Serving]:
    """The chain of a directory that an import made. Raises BadDataDirectory, StoreCorrupted, PortTaken."""
    layout, genesis = read_import(data)
    async with open_chain(layout.root, genesis, VmSettings(call_time_max_s=CALL_TIME_MAX_S)) as chain:
        served = ServedChain(chain, (await chain.vm.head()).header)
        ports = NodePorts(
            rule=served.rule, state=chain.vm, chain=chain.store.blocks, sink=served, pool=served, heads=served
        )
        settings = RpcSettings(cors_origins=("*",), head_age_max_s=NEVER_OLD_S, testing_methods=options.testing)
        async with open_server(
            options.host, options.port, AppParts(ports=ports, settings=settings, feed=served.feed)
        ) as server:
            yield Serving(server, chain, served)
