"""A node of the rollup, put together: the one place where the parts meet. Sequencer and follower differ by a key.

Opened in order (engine and store, ledgers' posters, consensus, sequencer, JSON-RPC last), closed in reverse. Nothing
runs until the caller runs what ``runners`` names.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from node.admin_methods import AdminMethods, StopButton, describe
from node.block_events import BlockEvents
from node.chain_parts import ChainParts, open_chain
from node.consensus_wiring import ConsensusPlan, SequencingPlan, build_consensus, build_sequencing, claim_last_batch
from node.rollup_settings import LedgerLink, Listener, RollupSettings, Runner
from node.rollup_views import RollupViews
from node.snapshot import Snapshot
from node.soft_confirmer import SoftConfirmer
from node.terminal import clock
from rollup.consensus.driver import ConsensusDriver
from rollup.core.genesis import RollupGenesis
from rollup.core.ids import BatchNumber
from rollup.sequencer.batcher import Batcher
from rollup.sequencer.sequencer import Sequencer
from rollup.settlement.post_office import PostOffice
from rpc.feed import ChainFeed
from rpc.metrics import Metrics
from rpc.ports import NodePorts
from rpc.server import AppParts, RpcServer, open_server


@dataclass(frozen=True, slots=True)
class RollupNode:
    genesis: RollupGenesis
    chain: ChainParts
    driver: ConsensusDriver
    office: PostOffice
    sequencer: Sequencer | None
    events: BlockEvents
    metrics: Metrics
    server: RpcServer
    runners: Mapping[str, Runner]
    admin: RpcServer | None = None

    def take_snapshot(self) -> Snapshot:
        """What the operator sees now."""
        now = clock()
        last = self.chain.store.batches.last_batch()
        return Snapshot(
            taken_at=now,
            heads=self.driver.heads(),
            last_batch=last.header.number if last else BatchNumber(0),
            transactions=self.events.rate.total,
            transactions_per_s=self.events.rate.per_s(now),
            pool_depth=sum(self.sequencer.counts) if self.sequencer else 0,
            ledgers=self.driver.ledger_status(),
            alarms=self.driver.alarms(),
        )


@asynccontextmanager
async def open_rollup_node(
    data: Path, genesis: RollupGenesis, links: tuple[LedgerLink, ...], settings: RollupSettings
) -> AsyncIterator[RollupNode]:
    """Raises BadDataDirectory, BadConfig, PortTaken, StoreCorrupted, VmCrashed."""
    async with open_chain(data, genesis.chain, settings.vm) as chain:
        metrics = Metrics()
        chain.vm.tell_executions(metrics.chain.on_execution)
        events = BlockEvents(metrics.chain, clock)
        consensus = build_consensus(ConsensusPlan(genesis, chain, events, links, settings))
        driver, runners = consensus.driver, consensus.runners
        if settings.key is not None:
            await asyncio.to_thread(claim_last_batch, chain)
        await driver.open()
        sequencer = None
        if settings.key is not None:
            sequencer, batcher = build_sequencing(SequencingPlan(genesis, chain, events, consensus, settings))
            runners |= {"sequencer": _sealing(driver, sequencer), "batcher": _batching(driver, batcher)}
        views = RollupViews(chain.store, driver)
        ports = NodePorts(
            rule=genesis.chain.rule,
            state=chain.vm,
            chain=chain.store.blocks,
            sink=sequencer,
            pool=sequencer,
            heads=driver,
            rollup=views,
            genesis=genesis,
            confirmer=None if settings.key is None else SoftConfirmer(genesis.rollup_id, settings.key),
            drops=sequencer,
        )
        runners["heads"] = _watching_heads(driver, events.feed)
        parts = AppParts(
            ports, settings.listener.settings, metrics, settings.extra_methods, events.feed, settings.wallet
        )
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(_open(settings.listener, parts))
            admin = None
            if settings.admin is not None:
                methods = AdminMethods(consensus.office, driver, stop := StopButton(), describe(genesis, server))
                runners["admin_stop"] = stop.run
                extra = {**settings.extra_methods, **methods.table()}
                opening = _open(settings.admin, replace(parts, settings=settings.admin.settings, extra_methods=extra))
                admin = await stack.enter_async_context(opening)
            runners["engine"] = chain.vm.run
            yield RollupNode(
                genesis, chain, driver, consensus.office, sequencer, events, metrics, server, runners, admin
            )


def _open(listener: Listener, parts: AppParts) -> AbstractAsyncContextManager[RpcServer]:
    return open_server(listener.host, listener.port, parts)


def _sealing(driver: ConsensusDriver, sequencer: Sequencer) -> Runner:
    """Nothing is sealed before the anchor was read to its tip: what it carries comes first."""

    async def run() -> None:
        await driver.wait_caught_up()
        await sequencer.start()
        async with asyncio.TaskGroup() as group:
            group.create_task(sequencer.run())
            group.create_task(_wake_when_clear(driver, sequencer))

    return run


def _batching(driver: ConsensusDriver, batcher: Batcher) -> Runner:
    async def run() -> None:
        await driver.wait_caught_up()
        await batcher.start(await driver.read_derived())
        await batcher.run()

    return run


def _watching_heads(driver: ConsensusDriver, feed: ChainFeed) -> Runner:
    """Subscribers learn when the node begins to lag and when it has caught up."""

    async def run() -> None:
        while True:
            feed.on_heads(driver.heads())
            await driver.wait_changed()

    return run


async def _wake_when_clear(driver: ConsensusDriver, sequencer: Sequencer) -> None:
    """The pool goes on as soon as the anchor took enough batches, not only at the next idle block."""
    was_full = driver.is_full()
    while True:
        await driver.wait_changed()
        if was_full and not driver.is_full():
            sequencer.wake()
        was_full = driver.is_full()
