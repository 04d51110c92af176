"""The poster on a memory ledger with the real outbox: crashes, operators, others on the same account."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from ledgers.memory import MemoryLedger, MemoryNetwork, MemoryPosting, MemoryRules
from rollup.core.batch import Batch, BatchHeader, sign_batch
from rollup.core.errors import LedgerUnavailable
from rollup.core.genesis import FinalityRule, LedgerRole, LedgerSpec
from rollup.core.hashes import address_of, keccak
from rollup.core.heads import PostingRecord
from rollup.core.ids import ZERO_HASH, BatchNumber, BlockNumber, Hash, LedgerIndex
from rollup.core.ledger import PostingForm, PreparedPosting
from rollup.settlement.post_office import PostOffice, UnknownPosting
from rollup.settlement.poster import Poster, PosterParts
from rollup.settlement.settings import PostSettings, WatchSettings
from rollup.settlement.sightings import LedgerSightings
from rollup.settlement.watcher import Watcher
from rollup.store.outbox import Outbox
from rollup.store.store import open_store

KEY = bytes(keccak(b"poster"))
SEQUENCER_KEY = b"\x11" * 32
INDEX = 1


def batch_of(number: int) -> Batch:
    body = b"body %d" % number
    header = BatchHeader(
        version=1,
        rollup_id=7,
        number=BatchNumber(number),
        parent_hash=ZERO_HASH,
        first_block=BlockNumber(number),
        last_block=BlockNumber(number),
        last_block_hash=ZERO_HASH,
        state_root=ZERO_HASH,
        outbox_root=ZERO_HASH,
        data_hash=keccak(body),
        data_length=len(body),
        cursors=(),
        start_time=0,
        end_time=0,
        sequencer_epoch=0,
    )
    return sign_batch(header, body, SEQUENCER_KEY)


class AllBatches:
    """The node's batches 1 to 99."""

    def batch(self, number: BatchNumber) -> Batch | None:
        return batch_of(number) if 0 < number < 100 else None


class AllCounts:
    """Consensus that has read everything and counts it, except where a test says otherwise."""

    def __init__(self) -> None:
        self.uncounted: set[tuple[int, int]] = set()
        self.height: int | None = None

    def judge(self, ledger_index: int, number: BatchNumber, batch_hash: Hash, height: int) -> bool | None:
        if self.height is not None and height > self.height:
            return None
        return (number, height) not in self.uncounted


@dataclass
class Alarms:
    raised: dict[str, str] = field(default_factory=dict)

    def raise_alarm(self, code: str, ledger_index: int | None, message: str) -> None:
        self.raised[code] = message

    def clear_alarm(self, code: str, ledger_index: int | None) -> None:
        self.raised.pop(code, None)


@dataclass
class Desk:
    """One ledger, its watcher and its poster, stepped by hand."""

    outbox: Outbox
    network: MemoryNetwork
    ledger: MemoryLedger
    poster: Poster
    watcher: Watcher
    alarms: Alarms
    carriage: AllCounts
    office: PostOffice

    async def round(self, *, mine: bool = True) -> None:
        """The watcher looks, the poster works, the ledger mines."""
        await self.watcher.poll()
        await self.poster.work()
        if mine:
            await self.network.mine()

    def row(self, number: int) -> PostingRecord:
        row = self.outbox.get(INDEX, BatchNumber(number))
        assert row is not None
        return row

    async def enqueue(self, *numbers: int) -> None:
        for number in numbers:
            await self.office.enqueue(INDEX, BatchNumber(number), batch_of(number).hash)

    async def restart(self, form: PostingForm = PostingForm.FULL, **changes: object) -> "Desk":
        """The process died; disk and ledger are as they were."""
        return await build(self.outbox, self.network, form, **changes)


async def build(
    outbox: Outbox, network: MemoryNetwork, form: PostingForm = PostingForm.FULL, **changes: object
) -> Desk:
    ledger = MemoryLedger(network, 7, MemoryPosting(KEY, form, fee_max=100))
    sightings, alarms, carriage = LedgerSightings(form, address_of(SEQUENCER_KEY)), Alarms(), AllCounts()
    parts = PosterParts(ledger, outbox, AllBatches(), sightings, alarms, carriage)
    poster = Poster(INDEX, parts, replace(PostSettings(), **changes))
    await poster.open()
    spec = LedgerSpec(LedgerIndex(INDEX), network.ledger_id, "memory", LedgerRole.MIRROR, FinalityRule.DEPTH, 3, "", 0)
    watcher = Watcher(spec, ledger, (sightings,), WatchSettings())
    return Desk(outbox, network, ledger, poster, watcher, alarms, carriage, PostOffice((poster,), outbox))


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with open_store(tmp_path / "store", ZERO_HASH) as store:
        yield store.outbox


@pytest.fixture
def network() -> MemoryNetwork:
    return MemoryNetwork(MemoryRules("posted", accounts=((address_of(KEY), 10**9),)))


async def carried(desk: Desk) -> list[int]:
    seen = await desk.ledger.read_postings(0, desk.network.chain.head.height)
    return [posting.batch_number for posting in seen]


async def test_batches_leave_in_order_a_few_at_a_time(outbox: Outbox, network: MemoryNetwork) -> None:
    desk = await build(outbox, network, inflight_max=2)
    await desk.enqueue(1, 2, 3, 4, 5)
    await desk.round(mine=False)
    assert [desk.row(number).state for number in range(1, 6)] == ["sent", "sent", "queued", "queued", "queued"]
    assert desk.poster.depth == 5
    for _ in range(10):
        await desk.round()
    assert await carried(desk) == [1, 2, 3, 4, 5]
    assert {desk.row(number).state for number in range(1, 6)} == {"final"}
    assert desk.row(1).fee_wei > 0
    assert desk.poster.depth == 0


async def test_a_crash_before_the_first_broadcast_sends_the_same_bytes(outbox: Outbox, network: MemoryNetwork) -> None:
    desk = await build(outbox, network)

    async def fail(prepared: PreparedPosting) -> None:
        raise LedgerUnavailable("the process dies here")

    desk.ledger.broadcast = fail  # type: ignore[method-assign]
    await desk.enqueue(1)
    with pytest.raises(LedgerUnavailable):
        await desk.round()
    before = desk.row(1)
    assert before.state == "sent"
    assert not network.chain.pool
    again = await desk.restart()
    await again.round(mine=False)
    assert list(network.chain.pool) == [before.tx_id]


async def test_a_lost_outbox_is_rebuilt_and_nothing_is_posted_twice(
    outbox: Outbox, network: MemoryNetwork, tmp_path: Path
) -> None:
    desk = await build(outbox, network)
    await desk.enqueue(1, 2)
    await desk.round()
    with open_store(tmp_path / "another", ZERO_HASH) as store:
        again = await build(store.outbox, network)
        await again.enqueue(1, 3)
        for _ in range(6):
            await again.round()
        assert await carried(again) == [1, 2, 3]
        assert [again.row(number).state for number in (1, 2, 3)] == ["final"] * 3
        assert again.row(2).tx_id == desk.row(2).tx_id


async def test_what_is_included_where_it_counts_for_nothing_is_posted_again(
    outbox: Outbox, network: MemoryNetwork
) -> None:
    desk = await build(outbox, network)
    await desk.enqueue(1)
    await desk.round()
    desk.carriage.uncounted.add((1, 1))
    for _ in range(8):
        await desk.round()
    assert await carried(desk) == [1, 1]
    assert desk.row(1).state == "final"
    assert desk.row(1).height > 1


async def test_nothing_is_final_before_consensus_has_read_it(outbox: Outbox, network: MemoryNetwork) -> None:
    """What consensus does not count is posted again, however far its reading is behind the ledger's finality."""
    desk = await build(outbox, network)
    await desk.enqueue(1)
    await desk.round()
    desk.carriage.height = 0
    desk.carriage.uncounted.add((1, 1))
    for _ in range(8):
        await desk.round()
    assert (desk.row(1).state, desk.row(1).height) == ("included", 1)
    desk.carriage.height = None
    for _ in range(8):
        await desk.round()
    assert await carried(desk) == [1, 1]
    assert desk.row(1).state == "final"


async def test_long_queues_of_pointers_are_cut_to_the_newest(outbox: Outbox, network: MemoryNetwork) -> None:
    desk = await build(outbox, network, PostingForm.POINTER, may_skip=True, skip_above=3)
    await desk.enqueue(*range(1, 8))
    for _ in range(6):
        await desk.round()
    assert await carried(desk) == [7]
    assert [desk.row(number).state for number in (1, 6, 7)] == ["skipped", "skipped", "final"]


async def test_a_fee_at_the_cap_waits_for_the_operator(outbox: Outbox, network: MemoryNetwork) -> None:
    desk = await build(outbox, network)
    network.set_fee_floor(101)
    await desk.enqueue(1)
    await desk.watcher.poll()
    assert await desk.poster._work_once() > 1
    assert "the cap is 100" in desk.alarms.raised["posting_fee_capped"]
    network.set_fee_floor(50)
    for _ in range(6):
        await desk.round()
    assert desk.row(1).state == "final"
    assert desk.alarms.raised == {}


async def test_a_stuck_posting_is_bumped_at_its_nonce(outbox: Outbox, network: MemoryNetwork) -> None:
    desk = await build(outbox, network, bump_after_s=0.0)
    await desk.enqueue(1)
    await desk.round(mine=False)
    first = desk.row(1)
    await desk.round(mine=False)
    bumped = desk.row(1)
    assert (bumped.nonce, bumped.bumps, bumped.earlier_tx_ids) == (first.nonce, 1, (first.tx_id,))
    assert bumped.fee_wei_per_unit > first.fee_wei_per_unit
    assert list(network.chain.pool) == [bumped.tx_id]


async def test_an_operator_aborts_retries_and_lists(outbox: Outbox, network: MemoryNetwork) -> None:
    desk = await build(outbox, network)
    await desk.enqueue(1)
    assert (await desk.office.abort(INDEX, BatchNumber(1))).state == "failed"
    await desk.round()
    assert await carried(desk) == []
    assert desk.office.depth(INDEX) == 0
    await desk.office.retry(INDEX, BatchNumber(1))
    for _ in range(6):
        await desk.round()
    assert [row.state for row in await desk.office.list_postings(INDEX)] == ["final"]
    with pytest.raises(UnknownPosting):
        await desk.office.retry(INDEX, BatchNumber(1))
    with pytest.raises(UnknownPosting):
        await desk.office.abort(INDEX, BatchNumber(2))
    assert desk.office.depth(99) == 0


async def test_an_operator_adopts_a_transaction_of_his_own(outbox: Outbox, network: MemoryNetwork) -> None:
    desk = await build(outbox, network)
    await desk.enqueue(1)
    own = await desk.ledger.prepare_posting(batch_of(1), 0, None)
    with pytest.raises(UnknownPosting):
        await desk.office.adopt(INDEX, BatchNumber(1), own.tx_id)
    await desk.ledger.broadcast(own)
    await network.mine()
    adopted = await desk.office.adopt(INDEX, BatchNumber(1), own.tx_id)
    assert (adopted.state, adopted.height) == ("included", 1)
    for _ in range(6):
        await desk.round()
    assert await carried(desk) == [1]
    assert desk.row(1).state == "final"


async def test_it_runs_by_itself_and_can_be_stopped(outbox: Outbox, network: MemoryNetwork) -> None:
    desk = await build(outbox, network, poll_interval_s=0.002)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(desk.poster.run()), group.create_task(desk.watcher.run())]
        await desk.enqueue(1)
        async with asyncio.timeout(10):
            while True:
                if network.chain.pool:
                    break
                await asyncio.sleep(0.002)
        for task in tasks:
            task.cancel()
    assert desk.row(1).state == "sent"
