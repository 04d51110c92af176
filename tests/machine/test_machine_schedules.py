"""The same final ledgers give the same chain and the same labels, whatever happened on the way.

A model of three ledgers mines, reorganises above finality and is watched with any delay, in pieces, in any order. Then
everything is read to its tip, and a fresh machine that sees only the final ledgers must stand exactly there.
"""

from collections import deque
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st
from transcript import Cast, Play, block_hash_of

from rollup.consensus import commands as do
from rollup.consensus import events as on
from rollup.consensus.machine import step
from rollup.consensus.state import Role, State, initial_state
from rollup.core.heads import Heads
from rollup.core.ids import Hash
from rollup.core.ledger import SeenPosting

PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
FINALITY = 3
LEDGERS = 3

names = st.sampled_from(["1", "2", "3", "4", "5", "2'", "3'", "1'"])
flaws = st.sampled_from(["", "", "", "", "forged", "bodiless", "spoiled", "pointer"])
usual = st.lists(st.just(("next", "")), min_size=1, max_size=2)
contents = usual | usual | st.lists(st.tuples(names, flaws), max_size=3)
ledger_indexes = st.sampled_from([0, 0, 0, 1, 1, 2])
mining = st.tuples(st.just("mine"), ledger_indexes, contents)
reorgs = st.tuples(st.just("reorg"), ledger_indexes, st.integers(1, 3), st.lists(contents, min_size=1, max_size=4))
watching = st.tuples(st.just("watch"), ledger_indexes, st.integers(1, 4))
schedules = st.lists(st.one_of(mining, mining, reorgs, watching), min_size=15, max_size=60)


@dataclass
class ModelLedger:
    """Blocks are (branch salt, content); block 0 is empty. ``read`` is what the watcher believes."""

    index: int
    blocks: list[tuple[int, tuple[tuple[str, str], ...]]] = field(default_factory=lambda: [(0, ())])
    read: list[int] = field(default_factory=list)
    final_max: int = -1
    salt: int = 0

    @property
    def final(self) -> int:
        return len(self.blocks) - 1 - FINALITY

    def mine(self, content: list[tuple[str, str]]) -> None:
        """``next`` stands for the batch after the highest that the ledger carries, as an honest poster has it."""
        carried = [int(name[0]) for _, block in self.blocks for name, flaw in block if not flaw]
        highest, named = max(carried, default=0), []
        for name, flaw in content:
            highest += name == "next"
            named.append((str(min(highest, 9)) if name == "next" else name, flaw))
        self.blocks.append((self.salt, tuple(named)))

    def reorg(self, depth: int, branch: list[list[tuple[str, str]]]) -> None:
        """Never below what was called final, never to a shorter chain."""
        depth = min(depth, len(self.blocks) - 1 - max(self.final_max, self.final, 0))
        if depth <= 0:
            return
        self.salt += 1
        del self.blocks[-depth:]
        for content in branch + [[]] * (depth - len(branch)):
            self.mine(content)

    def events(self, count: int, cast: Cast) -> list[on.Event]:
        """What a watcher reports that reads ``count`` blocks more."""
        found: list[on.Event] = []
        shared = next((at for at, salt in enumerate(self.read) if self.blocks[at][0] != salt), len(self.read))
        if shared < len(self.read):
            del self.read[shared:]
            found.append(on.LedgerReorged(self.index, shared - 1))
        for height in range(len(self.read), min(len(self.read) + count, len(self.blocks))):
            salt, content = self.blocks[height]
            self.read.append(salt)
            found += [on.PostingSeen(self.index, self._posting(what, height, cast)) for what in content]
        height, head = len(self.read) - 1, len(self.blocks) - 1
        self.final_max = max(self.final_max, min(self.final, height))
        found.append(on.LedgerAdvanced(self.index, height, min(self.final, height), head))
        return found

    def _posting(self, what: tuple[str, str], height: int, cast: Cast) -> SeenPosting:
        return Play(cast=cast)._posting(self.index, [part for part in what if part], height)


@dataclass
class Node:
    """A machine with a driver that keeps what the commands leave: the derived batches."""

    state: State
    derived: list[Hash] = field(default_factory=list)
    heads: Heads | None = None

    def take(self, events: list[on.Event]) -> None:
        for told in events:
            waiting = deque([told])
            while waiting:
                self.state, commands = step(self.state, waiting.popleft())
                waiting += [answer for command in commands if (answer := self._carry_out(command)) is not None]

    def _carry_out(self, command: do.Command) -> on.Event | None:
        match command:
            case do.DeriveBatch(number):
                entry = next(entry for entry in self.state.chain if entry.number == number)
                assert len(self.derived) == number - 1
                self.derived.append(entry.hash)
                return on.BatchDerived(number, entry.hash, entry.last_block, roots_match=True)
            case do.Rewind(number, block):
                assert block % 10 == 0
                assert block <= 10 * number
                del self.derived[block // 10 :]
            case do.ReadCursorBlock(index, height):
                return on.CursorRead(index, height, block_hash_of(index, height))
            case do.SetHeads(heads):
                self.heads = heads
            case do.Stop(code, _):
                raise AssertionError(code)
        return None


def new_node(cast: Cast) -> Node:
    play = Play(role=Role.FOLLOWER, ledger_count=LEDGERS, cast=cast)
    return Node(initial_state(play._settings()))


def new_cast() -> Cast:
    cast = Cast()
    for name in ("2", "2'", "3", "4"):
        Play(cast=cast).feed(f"let {name} read 1:1")
    for name in ("5", "6", "3'"):
        Play(cast=cast).feed(f"let {name} read 1:2 2:1")
    for name in ("1", "2'", "3'", "1'"):  # 2' has the parent 1 and the child 3'
        cast.batch(name)
    return cast


def check_order(heads: Heads | None) -> None:
    if heads is not None:
        assert heads.finalized <= heads.safe <= heads.unsafe <= heads.received
        assert heads.attested <= heads.unsafe


@settings(max_examples=60, deadline=None, phases=PHASES, suppress_health_check=[HealthCheck.too_slow])
@given(schedules)
def test_the_end_depends_on_the_ledgers_alone(schedule: list[tuple]) -> None:  # type: ignore[type-arg]
    cast, ledgers = new_cast(), [ModelLedger(index) for index in range(LEDGERS)]
    node = new_node(cast)
    for what, index, *rest in schedule:
        if what == "mine":
            ledgers[index].mine(*rest)
        elif what == "reorg":
            ledgers[index].reorg(*rest)
        else:
            node.take(ledgers[index].events(rest[0], cast))
        check_order(node.heads)
    for ledger in ledgers:
        node.take(ledger.events(1_000, cast))
    fresh = new_node(cast)
    for ledger in reversed(ledgers):
        ledger.read = []
        fresh.take(ledger.events(1_000, cast))
    assert node.derived == fresh.derived
    assert [entry.hash for entry in node.state.chain] == [entry.hash for entry in fresh.state.chain]
    assert node.state.heads == fresh.state.heads
    event(f"{len(node.derived)} batches, {'re' if any(ledger.salt for ledger in ledgers) else 'no re'}orgs")
