"""Plays a transcript: event lines go into the machine, its commands come out as lines.

A transcript is a story of paragraphs: comments, event lines, ``----``, the commands expected after those events. The
first lines set the scene (``role``, ``ledgers``, ``attested``, ``backlog``). Batch n has the blocks 10n-9..10n; ``2'``
is another batch 2 by the same sequencer, whose parent is ``1'`` if the story has one, else ``1``.
"""

from dataclasses import dataclass, field, replace

from rollup.consensus import commands as do
from rollup.consensus import events as on
from rollup.consensus.machine import step
from rollup.consensus.state import Role, Settings, State, initial_state, is_backlog_full
from rollup.core.batch import Batch, BatchHeader, sign_batch
from rollup.core.cursor import Cursor
from rollup.core.genesis import FinalityRule, LedgerRole, LedgerSpec
from rollup.core.hashes import address_of, keccak
from rollup.core.ids import ZERO_HASH, BatchNumber, BlockNumber, Hash, LedgerId, LedgerIndex
from rollup.core.ledger import SeenPosting

SEQUENCER_KEY = b"\x11" * 32
STRANGER_KEY = b"\x22" * 32
GENESIS_HASH = keccak(b"genesis")
ROLLUP_ID = 7


def block_hash_of(ledger_index: int, height: int, branch: str = "") -> Hash:
    """A ledger's block as the story has it."""
    return keccak(f"ledger {ledger_index} block {height}{branch}".encode())


def ledger_spec(index: int) -> LedgerSpec:
    role = LedgerRole.ANCHOR if index == 0 else LedgerRole.MIRROR
    return LedgerSpec(LedgerIndex(index), LedgerId(f"test:{index}"), "test", role, FinalityRule.DEPTH, 3, "", 0)


@dataclass
class Cast:
    """Batches by name, built when first named."""

    cursors: dict[str, tuple[Cursor, ...]] = field(default_factory=dict)
    batches: dict[str, Batch] = field(default_factory=dict)

    def batch(self, name: str) -> Batch:
        if name not in self.batches:
            self.batches[name] = self._build(name)
        return self.batches[name]

    def name_of(self, batch_hash: Hash) -> str:
        return next((name for name, batch in self.batches.items() if batch.hash == batch_hash), batch_hash.hex()[:8])

    def _build(self, name: str) -> Batch:
        number = int(name.rstrip("'"))
        suffix = name[len(str(number)) :]
        before = f"{number - 1}{suffix}"
        parent = before if before in self.batches or number == 1 else str(number - 1)
        body = f"body of {name}".encode()
        header = BatchHeader(
            version=1,
            rollup_id=ROLLUP_ID,
            number=BatchNumber(number),
            parent_hash=GENESIS_HASH if number == 1 else self.batch(parent).hash,
            first_block=BlockNumber(10 * number - 9),
            last_block=BlockNumber(10 * number),
            last_block_hash=ZERO_HASH,
            state_root=ZERO_HASH,
            outbox_root=ZERO_HASH,
            data_hash=keccak(body),
            data_length=len(body),
            cursors=self.cursors.get(name, ()),
            start_time=number,
            end_time=number,
            sequencer_epoch=0,
        )
        return sign_batch(header, body, SEQUENCER_KEY)


@dataclass
class Play:
    """One run of a transcript."""

    role: Role = Role.SEQUENCER
    ledger_count: int = 3
    attested_min: int = 2
    backlog: int = 32
    cast: Cast = field(default_factory=Cast)
    state: State | None = None

    def feed(self, line: str) -> list[str]:
        """Take one line of the story; returns what the machine asked for."""
        words = line.split()
        if self._set_scene(words):
            return []
        if self.state is None:
            self.state = initial_state(self._settings())
        if words[0] == "show":
            return [self._show(words[1])]
        self.state, commands = step(self.state, self._read_event(words))
        return [self._describe(command) for command in commands]

    def _settings(self) -> Settings:
        indexes = range(self.ledger_count)
        return Settings(
            role=self.role,
            rollup_id=ROLLUP_ID,
            sequencer=address_of(SEQUENCER_KEY),
            sequencer_epoch=0,
            genesis_hash=GENESIS_HASH,
            ledgers=tuple(ledger_spec(index) for index in indexes),
            watched=frozenset(indexes),
            attested_min=self.attested_min,
            outbox_batches_max=self.backlog,
            body_bytes_max=1000,
        )

    def _set_scene(self, words: list[str]) -> bool:
        match words:
            case ["role", role]:
                self.role = Role(role)
            case ["ledgers", count]:
                self.ledger_count = int(count)
            case ["attested", count]:
                self.attested_min = int(count)
            case ["backlog", count]:
                self.backlog = int(count)
            case ["let", name, "read", *places]:
                self.cast.cursors[name] = tuple(_read_cursor(place) for place in places)
            case _:
                return False
        return True

    def _read_event(self, words: list[str]) -> on.Event:  # noqa: PLR0912 - one line per kind of event
        match words:
            case ["block", number]:
                return on.BlockSealed(BlockNumber(int(number)))
            case ["batch", name]:
                return on.BatchSealed(self.cast.batch(name))
            case ["ledger", index, "carries", *what, "at", height]:
                return on.PostingSeen(int(index), self._posting(int(index), what, int(height)))
            case ["ledger", index, "advanced", height, "final", final]:
                return on.LedgerAdvanced(int(index), int(height), int(final), int(height))
            case ["ledger", index, "advanced", height, "final", final, "of", head]:
                return on.LedgerAdvanced(int(index), int(height), int(final), int(head))
            case ["ledger", index, "reorged", "to", height]:
                return on.LedgerReorged(int(index), int(height))
            case ["ledger", index, "lost"]:
                return on.LedgerLost(int(index), "no answer")
            case ["ledger", index, "reached"]:
                return on.LedgerReached(int(index))
            case ["ledger", index, "has", height]:
                return on.CursorRead(int(index), int(height), block_hash_of(int(index), int(height)))
            case ["ledger", index, "has", "another", height]:
                return on.CursorRead(int(index), int(height), block_hash_of(int(index), int(height), "'"))
            case ["derived", name, *rest]:
                batch = self.cast.batch(name)
                last = batch.header.last_block
                return on.BatchDerived(batch.header.number, batch.hash, last, roots_match=rest != ["differently"])
            case ["void", name]:
                return on.BatchVoided(self.cast.batch(name).header.number, self.cast.batch(name).hash, "breaks a rule")
            case ["operator", "clears", code]:
                return on.AlarmCleared(code, None)
        raise AssertionError(f"no such line: {' '.join(words)}")

    def _posting(self, index: int, what: list[str], height: int) -> SeenPosting:
        name, *flaws = what
        batch = self.cast.batch(name)
        number, batch_hash = batch.header.number, batch.hash
        if "forged" in flaws:
            batch = sign_batch(batch.header, batch.body, STRANGER_KEY)
        if "bodiless" in flaws:
            batch = replace(batch, body=b"")
        if "spoiled" in flaws:
            batch = replace(batch, body=batch.body + b"!")
        if "mislabelled" in flaws:
            number = BatchNumber(number + 1)
        content = None if "pointer" in flaws else batch
        tx_id = keccak(f"{index} {' '.join(what)} {height}".encode())
        return SeenPosting(number, batch_hash, content, tx_id, height, block_hash_of(index, height), 0)

    def _show(self, what: str) -> str:
        assert self.state is not None
        values = {
            "caught_up": self.state.is_caught_up,
            "frozen": self.state.is_frozen,
            "backlog_full": is_backlog_full(self.state),
            "chain": " ".join(self.cast.name_of(entry.hash) for entry in self.state.chain[1:]),
        }
        return f"{what}: {values[what]}"

    def _describe(self, command: do.Command) -> str:
        match command:
            case do.PostBatch(index, number):
                return f"post {number} on ledger {index}"
            case do.KeepBatch(batch):
                return f"keep {self.cast.name_of(batch.hash)}"
            case do.DeriveBatch(number):
                return f"derive {number}"
            case do.ReadCursorBlock(index, height):
                return f"read block {height} of ledger {index}"
            case do.Rewind(number, block):
                return f"rewind to batch {number}, block {block}"
            case do.SetHeads(heads):
                labels = ("unsafe", "safe", "finalized", "attested", "received")
                return "heads " + " ".join(f"{label} {getattr(heads, label)}" for label in labels)
            case do.SaveCheckpoint(index):
                return f"checkpoint of ledger {index}"
            case do.RaiseAlarm(code, index, _, sticky):
                return f"alarm {code}{_on(index)}{' (sticky)' if sticky else ''}"
            case do.ClearAlarm(code, index):
                return f"clear {code}{_on(index)}"
            case do.RecordEquivocation(number, ours, other):
                return (
                    f"proof that {self.cast.name_of(ours.hash)} and {self.cast.name_of(other.hash)} are both {number}"
                )
            case do.Stop(code, _):
                return f"STOP {code}"


def _on(index: int | None) -> str:
    return "" if index is None else f" on ledger {index}"


def _read_cursor(place: str) -> Cursor:
    index, height = (int(part) for part in place.split(":"))
    return Cursor(LedgerIndex(index), height, block_hash_of(index, height))


def play(text: str) -> str:
    """The transcript with the commands that the machine gives now."""
    stage, lines, answers, is_answer = Play(), [], [], False
    for line in [*text.splitlines(), ""]:
        if is_answer and line.strip():
            continue
        if line.strip() == "----":
            lines += [line, *(answers or ["(nothing)"])]
            answers, is_answer = [], True
            continue
        is_answer = False
        lines.append(line)
        if line.strip() and not line.startswith("#"):
            answers += stage.feed(line)
    return "\n".join(lines).rstrip("\n") + "\n"
