"""The watcher over a memory ledger: what it reports adds up to what the ledger carries, whatever happens in between."""

import asyncio
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledgers.memory import MemoryNetwork, MemoryReader, MemoryRules
from rollup.core.batch import Pointer, encode_pointer
from rollup.core.errors import LedgerUnavailable
from rollup.core.genesis import FinalityRule, LedgerRole, LedgerSpec
from rollup.core.hashes import keccak
from rollup.core.ids import BatchNumber, Hash, LedgerIndex
from rollup.core.ledger import LedgerBlock, SeenPosting
from rollup.settlement.settings import WatchSettings
from rollup.settlement.watcher import Watcher

ROLLUP_ID = 7
SETTINGS = WatchSettings(
    poll_interval_s=0.001,
    quick_interval_s=0.001,
    range_max=3,
    history_blocks=4,
    backoff_max_s=0.002,
    alarm_after_s=0.01,
)


@dataclass
class Notebook:
    """An observer that writes down what it hears, and takes back what is taken back."""

    position: LedgerBlock | None = None
    postings: list[SeenPosting] = field(default_factory=list)
    finalized: int = -1
    height: int = -1
    told: list[str] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def read_position(self, ledger_index: int) -> LedgerBlock | None:
        return self.position

    async def on_posting(self, ledger_index: int, posting: SeenPosting) -> None:
        assert posting.height > self.height, "a posting comes before its height is reported"
        self.postings.append(posting)

    async def on_advanced(
        self, ledger_index: int, scanned: LedgerBlock, finalized: LedgerBlock | None, head_height: int
    ) -> None:
        assert scanned.height <= head_height
        self.height = scanned.height
        self.finalized = finalized.height if finalized else -1
        self.position = finalized
        self._note(f"advanced {scanned.height}")

    async def on_reorged(self, ledger_index: int, to_height: int) -> None:
        assert to_height < self.height or self.height == -1
        self.postings = [posting for posting in self.postings if posting.height <= to_height]
        self.height = to_height
        self._note(f"reorged {to_height}")

    async def on_lost(self, ledger_index: int, reason: str) -> None:
        self._note("lost")

    async def on_reached(self, ledger_index: int) -> None:
        self._note("reached")

    def _note(self, line: str) -> None:
        self.told.append(line)
        self.changed.set()

    async def until(self, line: str, count: int = 1) -> None:
        async with asyncio.timeout(10):
            while self.told.count(line) < count:
                self.changed.clear()
                await self.changed.wait()


def pointer(number: int) -> bytes:
    return encode_pointer(Pointer(ROLLUP_ID, BatchNumber(number), keccak(b"%d" % number)))


def build(finality_depth: int = 3, start_height: int = 0) -> tuple[MemoryNetwork, MemoryReader, Notebook, Watcher]:
    network = MemoryNetwork(MemoryRules("watched", finality_depth=finality_depth))
    reader, notebook = MemoryReader(network, ROLLUP_ID), Notebook()
    return network, reader, notebook, watcher_of(reader, notebook, start_height)


def watcher_of(reader: MemoryReader, notebook: Notebook, start_height: int = 0) -> Watcher:
    spec = LedgerSpec(
        LedgerIndex(0), reader.ledger_id, "memory", LedgerRole.ANCHOR, FinalityRule.DEPTH, 3, "", start_height
    )
    return Watcher(spec, reader, (notebook,), SETTINGS)


steps = st.one_of(
    st.tuples(st.just("mine"), st.integers(0, 2)),
    st.tuples(st.just("reorg"), st.integers(1, 5), st.booleans()),
    st.just(("poll",)),
    st.just(("restart",)),
    st.tuples(st.just("lag"), st.integers(0, 3)),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, min_size=5, max_size=40))
def test_what_is_reported_adds_up(schedule: list[tuple]) -> None:  # type: ignore[type-arg]
    asyncio.run(play(schedule))


async def play(schedule: list[tuple]) -> None:  # type: ignore[type-arg]
    network, reader, notebook, watcher = build()
    number = 0
    for what, *rest in schedule:
        match what:
            case "mine":
                for _ in range(rest[0]):
                    number += 1
                    network.put_raw(pointer(number))
                await network.mine()
            case "reorg":
                await network.reorg(rest[0], keep_transactions=rest[1])
            case "poll":
                await watcher.poll()
            case "lag":
                reader.lag(rest[0])
            case "restart":  # what is not final was forgotten with the process
                height = notebook.position.height if notebook.position else -1
                notebook.postings = [posting for posting in notebook.postings if posting.height <= height]
                notebook.height = height
                watcher = watcher_of(reader, notebook)
    reader.lag(0)
    await network.mine()
    await watcher.poll()
    await watcher.poll()
    there = await reader.read_postings(0, network.chain.head.height)
    assert [(seen.tx_id, seen.block_hash) for seen in notebook.postings] == [(s.tx_id, s.block_hash) for s in there]
    assert notebook.height == network.chain.head.height
    assert notebook.finalized == max(network.chain.head.height - 3, -1)


async def test_a_node_that_is_behind_is_no_reorg() -> None:
    network, reader, notebook, watcher = build()
    await network.mine(10)
    await watcher.poll()
    reader.lag(4)
    await watcher.poll()
    reader.lag(0)
    await watcher.poll()
    assert not [line for line in notebook.told if line.startswith("reorged")]


async def test_it_begins_at_the_start_height() -> None:
    network, _, notebook, watcher = build(start_height=5)
    for number in range(10):
        network.put_raw(pointer(number))
        await network.mine()
    await watcher.poll()
    assert [seen.height for seen in notebook.postings] == [5, 6, 7, 8, 9, 10]


async def test_a_position_that_is_gone_means_reading_everything_again() -> None:
    network, reader, notebook, watcher = build(finality_depth=0)
    await network.mine(6)
    await watcher.poll()
    await network.reorg(3, keep_transactions=False)
    await watcher_of(reader, notebook).poll()
    assert "reorged -1" in notebook.told
    assert notebook.height == 6


async def test_a_node_that_lacks_what_was_final_is_reported_as_lost() -> None:
    network, reader, notebook, watcher = build(finality_depth=0)
    await network.mine(6)
    await watcher.poll()
    reader.lag(4)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(watcher_of(reader, notebook).run())
        await notebook.until("lost")
        reader.lag(0)
        await notebook.until("reached", 2)
        task.cancel()
    assert not [line for line in notebook.told if line.startswith("reorged")]


async def test_a_reorg_past_finality_is_measured() -> None:
    network, _, notebook, watcher = build(finality_depth=1)
    await network.mine(6)
    await watcher.poll()
    await network.reorg(3, keep_transactions=False)
    await watcher.poll()
    assert "reorged 3" in notebook.told


async def test_an_outage_is_reported_once_and_passes() -> None:
    network, reader, notebook, watcher = build()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(watcher.run())
        await notebook.until("reached")
        reader.go_offline()
        await notebook.until("lost")
        await network.mine(2)
        reader.go_online()
        await notebook.until("reached", 2)
        await notebook.until("advanced 2")
        task.cancel()
    assert notebook.told.count("lost") == 1


class TurningReader(MemoryReader):
    """A node whose chain turns between the answer about postings and the answer about blocks."""

    async def read_postings(self, first: int, last: int) -> tuple[SeenPosting, ...]:
        seen = await super().read_postings(first, last)
        await self.network.reorg(2, keep_transactions=False)
        return seen


async def test_postings_of_another_branch_are_not_reported() -> None:
    network = MemoryNetwork(MemoryRules("turning"))
    notebook, reader = Notebook(), TurningReader(network, ROLLUP_ID)
    await network.mine(3)
    network.put_raw(pointer(1))
    await network.mine()
    watcher = watcher_of(reader, notebook)
    delay_s = await watcher._poll_once()
    assert delay_s > 0
    assert notebook.postings == []


async def test_it_asks_again_after_an_error() -> None:
    network, reader, notebook, watcher = build()
    reader.go_offline()
    for _ in range(3):
        try:
            await watcher.poll()
        except LedgerUnavailable:
            continue
    reader.go_online()
    await network.mine()
    await watcher.poll()
    assert notebook.told == ["reached", "advanced 1"]
    assert Hash(reader.network.chain.head.hash)
