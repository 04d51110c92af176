"""A whole settling node without a front: real engine, real store, real watchers and posters over memory ledgers.

``SettlingNode`` is one node on one data directory; ``seal_batch`` stands where the sequencer does. Everything runs in
one task group; tests wait on conditions, never on time.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ledgers.memory import MemoryLedger, MemoryNetwork, MemoryPosting, MemoryRules
from rollup.consensus.alarm_book import AlarmBook
from rollup.consensus.carriage import CarriageBoard
from rollup.consensus.cursor_feed import CursorFeed
from rollup.consensus.driver import ConsensusDriver, DriverParts
from rollup.consensus.state import Role, Settings
from rollup.core.batch import Batch, BatchHeader, sign_batch
from rollup.core.batch_body import encode_body
from rollup.core.block import Block, BlockHeader, build_block_input
from rollup.core.execution import BlockResult, BlockWork, ExecutorHead
from rollup.core.genesis import ChainGenesis, ChainRule, FinalityRule, LedgerRole, LedgerSpec
from rollup.core.hashes import address_of, keccak
from rollup.core.ids import ZERO_HASH, BatchNumber, BlockNumber, Hash, LedgerIndex
from rollup.core.ledger import PostingForm
from rollup.settlement.post_office import PostOffice
from rollup.settlement.poster import Poster, PosterParts
from rollup.settlement.settings import PostSettings, WatchSettings
from rollup.settlement.sightings import LedgerSightings
from rollup.settlement.watcher import Watcher
from rollup.store.store import Store, open_store
from rollup.vm.engine import Engine

SEQUENCER_KEY = b"\x11" * 32
POSTING_KEY = bytes(keccak(b"poster"))
ROLLUP_ID = 7
GENESIS = ChainGenesis(ChainRule(chain_id=7777), 1_700_000_000, ())
FORMS = (PostingForm.FULL, PostingForm.HEADER, PostingForm.POINTER)
WAIT_S = 10.0
WATCH = WatchSettings(poll_interval_s=0.01, quick_interval_s=0.002, backoff_max_s=0.02, alarm_after_s=0.05)
POST = PostSettings(poll_interval_s=0.01, backoff_max_s=0.02, bump_after_s=3600)


def build_networks(directory: Path | None = None, finality_depth: int = 3) -> tuple[MemoryNetwork, ...]:
    """The anchor, a mirror with headers, a mirror with pointers."""
    account = ((address_of(POSTING_KEY), 10**12),)
    rules = [MemoryRules(f"ledger {index}", finality_depth=finality_depth, accounts=account) for index in range(3)]
    return tuple(MemoryNetwork(rule, directory / rule.name if directory else None) for rule in rules)


def ledger_specs(networks: tuple[MemoryNetwork, ...]) -> tuple[LedgerSpec, ...]:
    roles = (LedgerRole.ANCHOR, LedgerRole.MIRROR, LedgerRole.MIRROR)
    return tuple(
        LedgerSpec(LedgerIndex(index), network.ledger_id, "memory", role, FinalityRule.DEPTH, 3, "", 0)
        for index, (network, role) in enumerate(zip(networks, roles, strict=True))
    )


class EngineExecutor:
    """The engine in this process instead of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.executed = 0

    async def head(self) -> ExecutorHead:
        return self._engine.head()

    async def execute_block(self, work: BlockWork) -> BlockResult:
        self.executed += 1
        return self._engine.execute_block(work, lambda: None)

    async def rewind(self, number: BlockNumber) -> ExecutorHead:
        return self._engine.rewind(number)

    async def read_blocks(self, first: BlockNumber, count: int) -> tuple[Block, ...]:
        return self._engine.read_blocks(first, count)


@dataclass
class Heard:
    """What the driver announced of derived blocks."""

    blocks: list[Hash] = field(default_factory=list)
    rewinds: list[int] = field(default_factory=list)

    def on_block(self, block: Block, confirmation: None) -> None:
        self.blocks.append(block.header.hash)

    def on_rewind(self, number: BlockNumber) -> None:
        self.rewinds.append(number)


@dataclass
class SettlingNode:
    driver: ConsensusDriver
    executor: EngineExecutor
    store: Store
    office: PostOffice
    ledgers: tuple[MemoryLedger, ...]
    networks: tuple[MemoryNetwork, ...]
    heard: Heard
    feed: CursorFeed

    async def until(self, condition: Callable[["SettlingNode"], bool]) -> None:
        async with asyncio.timeout(WAIT_S):
            while not condition(self):
                await self.driver.wait_changed()

    async def until_rows(self, state: str, number: int, ledgers: tuple[int, ...] = (0, 1, 2)) -> None:
        """Until the outbox has this batch in this state for these ledgers."""
        await self.until_true(lambda: all(self.row_state(index, number) == state for index in ledgers))

    async def until_pooled(self, ledgers: tuple[int, ...] = (0, 1, 2)) -> None:
        """Until a posting waits in the pool of these ledgers."""
        await self.until_true(lambda: all(self.networks[index].chain.pool for index in ledgers))

    async def until_true(self, condition: Callable[[], bool]) -> None:
        """For what announces nothing: looked at again and again, with a time limit."""
        async with asyncio.timeout(WAIT_S):
            while True:
                if condition():
                    return
                await asyncio.sleep(0.002)

    def row_state(self, ledger_index: int, number: int) -> str:
        row = self.store.outbox.get(ledger_index, BatchNumber(number))
        return row.state if row else ""

    async def mine_until_final(self, number: int) -> None:
        """Mine everywhere until the batch is final on every ledger."""
        async with asyncio.timeout(WAIT_S):
            while any(self.row_state(index, number) != "final" for index in range(3)):
                for network in self.networks:
                    await network.mine()
                await asyncio.sleep(0.005)

    async def seal_block(self) -> Block:
        """What the sequencer does: a block of what the ledgers brought."""
        head = await self.executor.head()
        cursors, messages = self.feed.peek()
        work = BlockWork(BlockNumber(head.header.number + 1), head.header.hash, head.header.timestamp + 1, (), cursors)
        block = (await self.executor.execute_block(work)).block
        assert block is not None
        self.store.blocks.append_block(block)
        self.feed.consume(cursors, messages)
        self.driver.on_block(block, None)
        return block

    async def seal_batch(self, block_count: int = 2, **changes: int) -> Batch:
        """Seal blocks and sign them as the next batch."""
        batch = build_batch(self.store, [await self.seal_block() for _ in range(block_count)])
        self.store.batches.put_batch(batch)
        self.driver.on_batch(batch)
        return batch


def build_batch(store: Store, blocks: list[Block], body: bytes | None = None) -> Batch:
    """The next batch on the store's last one."""
    last = store.batches.last_batch()
    cursors = {cursor.ledger_index: cursor for cursor in last.header.cursors} if last else {}
    cursors |= {cursor.ledger_index: cursor for block in blocks for cursor in block.cursors}
    number, parent = (last.header.number + 1, last.hash) if last else (1, genesis_hash())
    headers: list[BlockHeader] = [block.header for block in blocks]
    content = encode_body([build_block_input(block) for block in blocks]) if body is None else body
    header = BatchHeader(
        version=1,
        rollup_id=ROLLUP_ID,
        number=BatchNumber(number),
        parent_hash=parent,
        first_block=headers[0].number,
        last_block=headers[-1].number,
        last_block_hash=headers[-1].hash,
        state_root=headers[-1].state_root,
        outbox_root=ZERO_HASH,
        data_hash=keccak(content),
        data_length=len(content),
        cursors=tuple(cursors[index] for index in sorted(cursors)),
        start_time=headers[0].timestamp,
        end_time=headers[-1].timestamp,
        sequencer_epoch=0,
    )
    return sign_batch(header, content, SEQUENCER_KEY)


_GENESIS_HASHES: list[Hash] = []


def genesis_hash() -> Hash:
    return _GENESIS_HASHES[0]


@asynccontextmanager
async def open_node(directory: Path, networks: tuple[MemoryNetwork, ...], role: Role) -> AsyncIterator[SettlingNode]:
    """A node on its data directory, running until the context ends (as abruptly as a kill, but for open files)."""
    engine = Engine.open(directory / "state", GENESIS)
    _GENESIS_HASHES[:] = [engine.head().genesis_hash]
    try:
        with open_store(directory / "store", genesis_hash()) as store:
            async with _run_node(build_node(EngineExecutor(engine), store, networks, role), role) as node:
                yield node
    finally:
        engine.close()


@dataclass(frozen=True)
class _Parts:
    node: SettlingNode
    watchers: tuple[Watcher, ...]
    posters: tuple[Poster, ...]


@asynccontextmanager
async def _run_node(parts: _Parts, role: Role) -> AsyncIterator[SettlingNode]:
    await parts.node.driver.open()
    async with asyncio.TaskGroup() as group:
        runners = [parts.node.driver, *parts.watchers, *(parts.posters if role is Role.SEQUENCER else ())]
        tasks = [group.create_task(runner.run()) for runner in runners]
        yield parts.node
        for task in tasks:
            task.cancel()


def build_node(executor: EngineExecutor, store: Store, networks: tuple[MemoryNetwork, ...], role: Role) -> _Parts:
    specs = ledger_specs(networks)
    ledgers = tuple(
        MemoryLedger(network, ROLLUP_ID, MemoryPosting(POSTING_KEY, form))
        for network, form in zip(networks, FORMS, strict=True)
    )
    settings = Settings(
        role=role,
        rollup_id=ROLLUP_ID,
        sequencer=address_of(SEQUENCER_KEY),
        sequencer_epoch=0,
        genesis_hash=genesis_hash(),
        ledgers=specs,
        watched=frozenset(range(3)),
        attested_min=2,
        outbox_batches_max=8,
    )
    sightings = tuple(LedgerSightings(form, address_of(SEQUENCER_KEY)) for form in FORMS)
    heard, feed, alarms, carriage = Heard(), CursorFeed(cursor_interval_s=0.0), AlarmBook(), CarriageBoard()
    posters = tuple(
        Poster(index, PosterParts(ledger, store.outbox, store.batches, sightings[index], alarms, carriage), POST)
        for index, ledger in enumerate(ledgers if role is Role.SEQUENCER else ())
    )
    office = PostOffice(posters, store.outbox)
    driver = ConsensusDriver(
        DriverParts(
            executor=executor,
            batches=store.batches,
            blocks=store.blocks,
            progress=store.progress,
            proofs=store.equivocations,
            desk=office,
            ledgers=dict(enumerate(ledgers)),
            listener=heard,
            feed=feed,
            alarms=alarms,
            carriage=carriage,
        ),
        settings,
    )
    watchers = tuple(
        Watcher(spec, ledger, (driver, seen), WATCH)
        for spec, ledger, seen in zip(specs, ledgers, sightings, strict=True)
    )
    node = SettlingNode(driver, executor, store, office, ledgers, networks, heard, feed)
    return _Parts(node, watchers, posters)
