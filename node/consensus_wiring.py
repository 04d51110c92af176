"""Consensus with its watchers and posters, and the sequencer with its batcher: built here, run by the caller."""

from dataclasses import dataclass, field

from node.block_events import BlockEvents
from node.chain_parts import ChainParts
from node.rollup_settings import LedgerLink, RollupSettings, Runner
from rollup.consensus.alarm_book import AlarmBook
from rollup.consensus.carriage import CarriageBoard
from rollup.consensus.cursor_feed import CursorFeed
from rollup.consensus.driver import ConsensusDriver, DriverParts
from rollup.consensus.state import Role, Settings
from rollup.core.batch import Batch
from rollup.core.block import Block
from rollup.core.confirmation import SoftConfirmation
from rollup.core.errors import BadConfig
from rollup.core.genesis import RollupGenesis
from rollup.core.hashes import address_of
from rollup.core.ledger import CarriesPostings
from rollup.sequencer.batcher import SIGN_ONCE_KIND, Batcher, BatchIdentity
from rollup.sequencer.block_builder import Signer
from rollup.sequencer.ports import BatcherPorts, SequencerPorts
from rollup.sequencer.sequencer import Sequencer
from rollup.settlement.post_office import PostOffice
from rollup.settlement.poster import Poster, PosterParts
from rollup.settlement.sightings import LedgerSightings
from rollup.settlement.watcher import Watcher
from rpc.metrics import ChainMetrics


@dataclass(frozen=True, slots=True)
class ConsensusPlan:
    genesis: RollupGenesis
    chain: ChainParts
    events: BlockEvents
    links: tuple[LedgerLink, ...]
    settings: RollupSettings


@dataclass(frozen=True, slots=True)
class ConsensusParts:
    driver: ConsensusDriver
    office: PostOffice
    feed: CursorFeed
    runners: dict[str, Runner] = field(default_factory=dict)


def build_consensus(plan: ConsensusPlan) -> ConsensusParts:
    """Consensus, a watcher for every ledger, and a poster where this node may post."""
    chain, feed, boards = plan.chain, CursorFeed(plan.settings.cursor_interval_s), (AlarmBook(), CarriageBoard())
    sightings = _build_sightings(plan) if plan.settings.key is not None else {}
    posters = _build_posters(plan, sightings, boards)
    office = PostOffice(posters, chain.store.outbox)
    parts = DriverParts(
        executor=chain.vm,
        batches=chain.store.batches,
        blocks=chain.store.blocks,
        progress=chain.store.progress,
        proofs=chain.store.equivocations,
        desk=office,
        ledgers={int(link.spec.index): link.ledger for link in plan.links},
        listener=plan.events,
        feed=feed,
        alarms=boards[0],
        carriage=boards[1],
    )
    driver = ConsensusDriver(parts, _build_settings(plan))
    built = ConsensusParts(driver, office, feed)
    built.runners["consensus"] = driver.run
    for poster in posters:
        built.runners[f"poster of ledger {poster.ledger_index}"] = poster.run
    for link in plan.links:
        index = int(link.spec.index)
        observers = (driver, sightings[index]) if index in sightings else (driver,)
        built.runners[f"watcher of ledger {index}"] = Watcher(link.spec, link.ledger, observers, link.watch).run
    return built


def _build_sightings(plan: ConsensusPlan) -> dict[int, LedgerSightings]:
    """For every ledger that this node may post to."""
    return {
        int(link.spec.index): LedgerSightings(link.ledger.posting_form, plan.genesis.sequencer)
        for link in plan.links
        if isinstance(link.ledger, CarriesPostings)
    }


def _build_posters(
    plan: ConsensusPlan, sightings: dict[int, LedgerSightings], boards: tuple[AlarmBook, CarriageBoard]
) -> tuple[Poster, ...]:
    store, (alarms, carriage) = plan.chain.store, boards
    posters = []
    for link in plan.links:
        index = int(link.spec.index)
        if index in sightings and isinstance(link.ledger, CarriesPostings):
            parts = PosterParts(link.ledger, store.outbox, store.batches, sightings[index], alarms, carriage)
            posters.append(Poster(index, parts, link.post))
    return tuple(posters)


def _build_settings(plan: ConsensusPlan) -> Settings:
    genesis = plan.genesis
    return Settings(
        role=Role.SEQUENCER if plan.settings.key is not None else Role.FOLLOWER,
        rollup_id=genesis.rollup_id,
        sequencer=genesis.sequencer,
        sequencer_epoch=genesis.sequencer_epoch,
        genesis_hash=plan.chain.genesis_hash,
        ledgers=genesis.ledgers,
        watched=frozenset(int(link.spec.index) for link in plan.links),
        attested_min=genesis.attested_min,
        outbox_batches_max=plan.settings.outbox_batches_max,
    )


@dataclass(frozen=True, slots=True)
class SequencingPlan:
    genesis: RollupGenesis
    chain: ChainParts
    events: BlockEvents
    consensus: ConsensusParts
    settings: RollupSettings


class _Wakers:
    """A new block may close a batch; a batch is counted."""

    def __init__(self, driver: ConsensusDriver, metrics: ChainMetrics) -> None:
        self._driver = driver
        self._metrics = metrics
        self.batcher: Batcher | None = None

    def on_block(self, block: Block, confirmation: SoftConfirmation | None) -> None:
        self._driver.on_block(block, confirmation)
        if self.batcher is not None:
            self.batcher.wake()

    def on_batch(self, batch: Batch) -> None:
        self._driver.on_batch(batch)
        self._metrics.on_batch(batch.header.number, batch.header.data_length)


def build_sequencing(plan: SequencingPlan) -> tuple[Sequencer, Batcher]:
    """Raises BadConfig when the key is not the one that the genesis names."""
    genesis, chain, key = plan.genesis, plan.chain, plan.settings.key
    if key is None or address_of(key) != genesis.sequencer:
        raise BadConfig(f"sequencer.key_file is not the key of the genesis: 0x{genesis.sequencer.hex()} is needed")
    wakers = _Wakers(plan.consensus.driver, plan.events.metrics)
    plan.events.tell(wakers)
    ports = SequencerPorts(
        executor=chain.vm,
        journal=chain.store.journal,
        log=chain.store.blocks,
        inputs=plan.consensus.feed,
        backlog=plan.consensus.driver,
        listener=plan.events,
        clock=plan.settings.clock,
        pending=plan.events.feed,
    )
    signer = Signer(genesis.rollup_id, key)
    sequencer = Sequencer(ports, genesis.chain.rule, plan.settings.sequencer, signer)
    batcher_ports = BatcherPorts(
        log=chain.store.blocks,
        batches=chain.store.batches,
        sign_once=chain.store.sign_once,
        backlog=plan.consensus.driver,
        listener=wakers,
        clock=plan.settings.clock,
    )
    identity = BatchIdentity(genesis.rollup_id, genesis.sequencer_epoch, chain.genesis_hash, key)
    wakers.batcher = Batcher(batcher_ports, identity, plan.settings.batch)
    return sequencer, wakers.batcher


def claim_last_batch(chain: ChainParts) -> None:
    """A batch that was stored just before a crash may not be recorded as signed yet: it must be before a poster finds
    it. Raises SignOnceViolation."""
    last = chain.store.batches.last_batch()
    if last is not None:
        chain.store.sign_once.claim(SIGN_ONCE_KIND, last.header.number, last.hash)
