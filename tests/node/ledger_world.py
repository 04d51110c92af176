"""Three memory ledgers and whole nodes on them: the anchor and a mirror with full batches, a mirror with pointers.

Nodes run in this process (their engines in their own); ledgers mine when told to; tests wait on conditions with a time
limit, never for a time.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import astuple, dataclass, field
from pathlib import Path

from eth_account import Account

from ledgers.memory import MemoryLedger, MemoryNetwork, MemoryPosting, MemoryReader, MemoryRules
from node.rollup_genesis import build_rollup_genesis
from node.rollup_node import RollupNode, open_rollup_node
from node.rollup_settings import LedgerLink, Listener, RollupSettings, Runner
from node.supervise import find_fatal
from rollup.core.batch import Batch
from rollup.core.errors import Fatal, StartingUp
from rollup.core.genesis import FinalityRule, LedgerRole, LedgerSpec, RollupGenesis
from rollup.core.hashes import address_of, keccak
from rollup.core.heads import PostingRecord
from rollup.core.ids import BatchNumber, BlockNumber, Hash, LedgerIndex
from rollup.core.ledger import PostingForm
from rollup.sequencer.settings import BatchSettings, BlockSettings, SequencerSettings
from rollup.settlement.settings import PostSettings, WatchSettings

SEQUENCER_KEY = bytes(keccak(b"sequencer of the ledger world"))
POSTING_KEY = bytes(keccak(b"poster of the ledger world"))
USER_KEY = bytes(keccak(b"user of the ledger world"))
CHAIN_ID = 880_001
FORMS = (PostingForm.FULL, PostingForm.FULL, PostingForm.POINTER)
ANCHOR, MIRROR, POINTERS = 0, 1, 2
EVERYWHERE = (ANCHOR, MIRROR, POINTERS)
FINALITY_DEPTH = 3
WAIT_S = 30.0
WATCH = WatchSettings(poll_interval_s=0.01, quick_interval_s=0.002, backoff_max_s=0.02, alarm_after_s=0.05)
PATIENT_POST = PostSettings(poll_interval_s=0.01, backoff_max_s=0.05, bump_after_s=3600)
SEQUENCER = SequencerSettings(block=BlockSettings(block_interval_s=0.02, idle_block_interval_s=60.0))
BATCH = BatchSettings(age_s_max=0.05)


@dataclass
class LedgerWorld:
    """The ledgers, and the genesis of the rollup on them."""

    networks: tuple[MemoryNetwork, ...]
    genesis: RollupGenesis
    nonce: int = 0

    async def mine(self, count: int = 1, indexes: Iterable[int] = EVERYWHERE) -> None:
        for index in indexes:
            await self.networks[index].mine(count)

    async def carried(self, index: int) -> list[tuple[int, Hash]]:
        """Numbers and hashes of the postings on a ledger's canonical chain, in order."""
        network = self.networks[index]
        reader = MemoryReader(network, self.genesis.rollup_id, FORMS[index])
        return [
            (seen.batch_number, seen.batch_hash) for seen in await reader.read_postings(0, network.chain.head.height)
        ]

    async def check_posted_once(self) -> None:
        """No ledger carries a batch twice."""
        for index in EVERYWHERE:
            counts = Counter(await self.carried(index))
            assert set(counts.values()) <= {1}, (index, counts)

    def build_transfer(self) -> bytes:
        """The user's next transaction, signed."""
        self.nonce += 1
        return sign_transfer(USER_KEY, self.nonce - 1)


def sign_transfer(key: bytes, nonce: int) -> bytes:
    """One wei to somebody."""
    fields = {
        "type": 2,
        "chainId": CHAIN_ID,
        "nonce": nonce,
        "maxFeePerGas": 10**11,
        "maxPriorityFeePerGas": 1,
        "gas": 21_000,
        "to": "0x" + "00" * 18 + "ee01",
        "value": 1,
    }
    return bytes(Account.from_key(key).sign_transaction(fields).raw_transaction)


def build_world(directory: Path | None = None, *, funded: Iterable[int] = EVERYWHERE) -> LedgerWorld:
    """``funded`` are the ledgers on which the poster has money."""
    account = ((address_of(POSTING_KEY), 10**12),)
    rules = [
        MemoryRules(f"ledger {index}", finality_depth=FINALITY_DEPTH, accounts=account if index in funded else ())
        for index in EVERYWHERE
    ]
    networks = tuple(MemoryNetwork(rule, directory / rule.name if directory else None) for rule in rules)
    specs = tuple(
        LedgerSpec(
            LedgerIndex(index),
            network.ledger_id,
            "memory",
            LedgerRole.ANCHOR if index == ANCHOR else LedgerRole.MIRROR,
            FinalityRule.DEPTH,
            FINALITY_DEPTH,
            "",
            0,
        )
        for index, network in enumerate(networks)
    )
    alloc = {address_of(USER_KEY): 10**24}
    return LedgerWorld(networks, build_rollup_genesis(CHAIN_ID, address_of(SEQUENCER_KEY), specs, 1_790_000_000, alloc))


@dataclass
class WholeNode:
    """One node that runs. ``ledgers`` are its own connections, to be told to fail."""

    world: LedgerWorld
    inner: RollupNode
    ledgers: tuple[MemoryLedger, ...]

    async def until(self, condition: Callable[[], bool], *, mining: Iterable[int] = ()) -> None:
        """Until it holds, while the ledgers in ``mining`` mine."""
        async with asyncio.timeout(WAIT_S):
            while not condition():
                await self.world.mine(indexes=mining)
                await asyncio.sleep(0.01)

    async def send(self) -> Hash:
        """The hash of a new transaction, sent as soon as the node has started."""
        assert self.inner.sequencer is not None
        raw = self.world.build_transfer()
        async with asyncio.timeout(WAIT_S):
            while True:
                with suppress(StartingUp):
                    return await self.inner.sequencer.submit(raw)
                await asyncio.sleep(0.01)

    async def seal_batch(self) -> Batch:
        """Send a transaction; the batch that holds it."""
        return await self.batch_with(await self.send())

    async def batch_with(self, transaction: Hash) -> Batch:
        store = self.inner.chain.store

        def batch() -> Batch | None:
            place = store.blocks.find_transaction(transaction)
            number = store.batches.batch_of_block(place[0]) if place else None
            return store.batches.batch(number) if number else None

        await self.until(lambda: batch() is not None)
        found = batch()
        assert found is not None
        return found

    async def settle(self, number: int, *, mining: Iterable[int] = EVERYWHERE) -> None:
        """Mine until the batch is final on these ledgers, and the outbox knows it."""
        mined = tuple(mining)
        await self.until(lambda: all(self.row(index, number).state == "final" for index in mined), mining=mined)

    async def include(self, number: int) -> None:
        """Mine one block with the batch on every ledger, and no more: a reorg can still take it back, however late the
        outbox hears of it."""
        for index in EVERYWHERE:
            await self.until(lambda index=index: self.row(index, number).tx_id in self.world.networks[index].chain.pool)
        await self.world.mine()
        await self.until(lambda: all(self.row(index, number).state == "included" for index in EVERYWHERE))

    async def until_heads(self, block: int) -> None:
        """Until every label is at this block: consensus hears of what the outbox knows already."""
        await self.until(lambda: set(astuple(self.inner.driver.heads())) == {block})

    async def seal_final_batch(self) -> Batch:
        batch = await self.seal_batch()
        await self.settle(batch.header.number)
        return batch

    def last_batch(self) -> Batch:
        found = self.inner.chain.store.batches.last_batch()
        assert found is not None
        return found

    def row(self, index: int, number: int) -> PostingRecord:
        found = self.inner.chain.store.outbox.get(index, BatchNumber(number))
        return found or PostingRecord(index, BatchNumber(number), Hash(b""), "none")

    def hashes(self) -> list[Hash]:
        """Hashes of all blocks that the node serves."""
        blocks = self.inner.chain.store.blocks
        headers = [blocks.header(BlockNumber(number)) for number in range((blocks.head_number() or 0) + 1)]
        return [header.hash for header in headers if header is not None]

    def alarms(self) -> set[str]:
        return {alarm.code for alarm in self.inner.driver.alarms()}


@dataclass(frozen=True)
class NodePlan:
    """How a node runs. Without ``key`` it follows."""

    key: bytes | None = SEQUENCER_KEY
    post: PostSettings = PATIENT_POST
    clock: Callable[[], float] = time.time
    offline: tuple[int, ...] = ()
    fields: dict[str, int] = field(default_factory=dict)


@asynccontextmanager
async def run_whole_node(world: LedgerWorld, data: Path, plan: NodePlan | None = None) -> AsyncIterator[WholeNode]:
    """Until the context ends. A part that fails ends it, as an exception group."""
    plan = plan or NodePlan()
    ledgers = tuple(
        MemoryLedger(network, world.genesis.rollup_id, MemoryPosting(POSTING_KEY, form))
        for network, form in zip(world.networks, FORMS, strict=True)
    )
    for index in plan.offline:
        ledgers[index].go_offline()
    links = tuple(
        LedgerLink(spec, ledger, WATCH, plan.post) for spec, ledger in zip(world.genesis.ledgers, ledgers, strict=True)
    )
    settings = RollupSettings(
        key=plan.key,
        listener=Listener(port=0),
        sequencer=SEQUENCER,
        batch=BATCH,
        cursor_interval_s=0.0,
        clock=plan.clock,
        **plan.fields,
    )
    async with open_rollup_node(data, world.genesis, links, settings) as inner, asyncio.TaskGroup() as group:
        tasks = [group.create_task(_forever(run), name=name) for name, run in inner.runners.items()]
        yield WholeNode(world, inner, ledgers)
        for task in tasks:
            task.cancel()


async def run_until_fatal(
    world: LedgerWorld, data: Path, deed: Callable[[WholeNode], Awaitable[None]], plan: NodePlan | None = None
) -> Fatal | None:
    """Do something to a node that ends it; the error with which it ends (None: a defect, or nothing in time)."""
    try:
        async with run_whole_node(world, data, plan) as node:
            await deed(node)
            await node.until(lambda: False, mining=EVERYWHERE)
    except BaseExceptionGroup as ended:
        return find_fatal(ended)
    return None


async def _forever(run: Runner) -> None:
    await run()
