"""Decisions of the poster against a model ledger that mines, reorganises, drops and lets others use the account.

Held: two live postings of one batch share a nonce, so at most one can land; nothing is lost; a ledger that shows a
batch gets no second posting of it.
"""

from dataclasses import dataclass, field, replace
from itertools import count

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from rollup.core.hashes import keccak
from rollup.core.heads import PostingRecord
from rollup.core.ids import BatchNumber, Hash
from rollup.core.ledger import PostingAccount, PostingState, PostingStatus, SeenPosting
from rollup.settlement import posting as act
from rollup.settlement.posting import FINAL, INCLUDED, QUEUED, SENT, Outlook, decide_postings, tx_ids_of
from rollup.settlement.settings import PostSettings

PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
FINALITY = 3
OTHERS = BatchNumber(0)
"""Transactions of the account that carry no batch of ours."""
SETTINGS = PostSettings(inflight_max=3, bump_after_s=5.0)


@dataclass(frozen=True)
class Tx:
    tx_id: Hash
    nonce: int
    number: BatchNumber


@dataclass
class ModelLedger:
    """Blocks of transactions of one account, and a pool with one transaction per nonce."""

    blocks: list[list[Tx]] = field(default_factory=lambda: [[]])
    pool: dict[int, Tx] = field(default_factory=dict)

    @property
    def next_nonce(self) -> int:
        return sum(len(block) for block in self.blocks)

    @property
    def pending_nonce(self) -> int:
        """Counts also what waits in the pool, as far as it follows without a gap."""
        return next(nonce for nonce in count(self.next_nonce) if nonce not in self.pool)

    def mine(self) -> None:
        block: list[Tx] = []
        while (nonce := self.next_nonce + len(block)) in self.pool:
            block.append(self.pool.pop(nonce))
        self.pool = {nonce: tx for nonce, tx in self.pool.items() if nonce >= self.next_nonce + len(block)}
        self.blocks.append(block)

    def reorg(self, depth: int, *, is_kept: bool) -> None:
        depth = min(depth, FINALITY - 1, len(self.blocks) - 1)
        gone = [tx for block in self.blocks[len(self.blocks) - depth :] for tx in block]
        del self.blocks[len(self.blocks) - depth :]
        self.blocks += [[] for _ in range(depth)]
        if is_kept:
            self.pool |= {tx.nonce: tx for tx in gone}

    def height_of(self, tx_id: Hash) -> int | None:
        return next((at for at, block in enumerate(self.blocks) for tx in block if tx.tx_id == tx_id), None)

    def status(self, tx_id: Hash) -> PostingStatus:
        height = self.height_of(tx_id)
        if height is not None:
            return PostingStatus(PostingState.INCLUDED, height, keccak(b"%d" % height))
        is_pending = any(tx.tx_id == tx_id for tx in self.pool.values())
        return PostingStatus(PostingState.PENDING if is_pending else PostingState.UNKNOWN)

    def carried(self) -> list[BatchNumber]:
        return [tx.number for block in self.blocks for tx in block if tx.number]


@dataclass
class ModelPoster:
    """Carries decisions out as the poster does, without waiting."""

    ledger: ModelLedger
    rows: dict[BatchNumber, PostingRecord] = field(default_factory=dict)
    made: dict[Hash, Tx] = field(default_factory=dict)
    now: float = 0.0

    def enqueue(self) -> None:
        number = BatchNumber(len(self.rows) + 1)
        self.rows[number] = PostingRecord(1, number, keccak(b"batch %d" % number), QUEUED)

    def outlook(self) -> Outlook:
        rows = tuple(row for row in self.rows.values() if row.state != FINAL)
        found = {tx.number: (tx, at) for at, block in enumerate(self.ledger.blocks) for tx in block if tx.number}
        return Outlook(
            rows=rows,
            account=PostingAccount("", 10**18, self.ledger.next_nonce, self.ledger.pending_nonce),
            statuses={tx_id: self.ledger.status(tx_id) for row in rows for tx_id in tx_ids_of(row)},
            sighted={
                number: SeenPosting(number, self.rows[number].batch_hash, None, tx.tx_id, at, keccak(b"%d" % at), 0)
                for number, (tx, at) in found.items()
            },
            finalized_height=len(self.ledger.blocks) - 1 - FINALITY,
            now=self.now,
            settings=SETTINGS,
        )

    def work(self) -> None:
        for action in decide_postings(self.outlook()):
            self._carry_out(action)

    def _carry_out(self, action: act.Action) -> None:
        row = self.rows[action.number]
        match action:
            case act.Prepare(number, nonce):
                assert number not in self.ledger.carried()
                self._send(row, nonce, ())
            case act.Bump():
                self._send(replace(row, bumps=row.bumps + 1), row.nonce, tx_ids_of(row))
            case act.Broadcast():
                self._offer(self.made[row.tx_id])
                self.rows[row.batch_number] = replace(row, state=SENT, height=None)
            case act.MarkIncluded(_, tx_id, status):
                raw = row.raw if tx_id == row.tx_id else b""
                self.rows[row.batch_number] = replace(row, state=INCLUDED, tx_id=tx_id, height=status.height, raw=raw)
            case act.MarkFinal():
                self.rows[row.batch_number] = replace(row, state=FINAL)
            case act.Requeue():
                assert row.nonce < self.ledger.next_nonce or not row.raw
                self.rows[row.batch_number] = replace(
                    row, state=QUEUED, raw=b"", earlier_tx_ids=tx_ids_of(row), tx_id=None
                )
            case act.ReportGap(_, nonce):
                assert nonce == self.ledger.next_nonce not in self.ledger.pool
            case act.Skip():
                raise AssertionError("skipping is off")

    def _send(self, row: PostingRecord, nonce: int, earlier: tuple[Hash, ...]) -> None:
        tx = Tx(keccak(b"%d %d %d" % (row.batch_number, nonce, row.bumps)), nonce, row.batch_number)
        self.made[tx.tx_id] = tx
        self.rows[row.batch_number] = replace(
            row,
            state=SENT,
            tx_id=tx.tx_id,
            raw=b"raw",
            nonce=nonce,
            earlier_tx_ids=tuple(other for other in earlier or row.earlier_tx_ids if other != tx.tx_id),
            sent_at=self.now,
            height=None,
        )
        self._offer(tx)

    def _offer(self, tx: Tx) -> None:
        """As ``broadcast``: what is included already, or whose nonce is used, changes nothing."""
        if tx.nonce >= self.ledger.next_nonce:
            self.ledger.pool[tx.nonce] = tx

    def check(self) -> None:
        for number, row in self.rows.items():
            live = {
                tx.nonce
                for tx in [*self.ledger.pool.values(), *(tx for block in self.ledger.blocks for tx in block)]
                if tx.number == number and tx.tx_id in self.made
            }
            assert len(live) <= 1, f"batch {number} is live with nonces {live}"
            assert row.state in (QUEUED, SENT, INCLUDED, FINAL)
        carried = self.ledger.carried()
        assert len(carried) == len(set(carried))


steps = st.one_of(
    st.just(("enqueue",)),
    st.just(("work",)),
    st.just(("mine",)),
    st.tuples(st.just("reorg"), st.integers(1, 2), st.booleans()),
    st.just(("drop",)),
    st.just(("steal",)),
    st.tuples(st.just("wait"), st.integers(1, 20)),
)


TAKEN_BACK_BEFORE_ANOTHER = [
    *[("work",), ("work",), ("reorg", 2, False), ("work",), ("work",), ("wait", 15), ("enqueue",), ("work",)],
    *[("enqueue",), ("mine",), ("drop",), ("drop",), ("enqueue",), ("work",), ("wait", 19), ("reorg", 1, False)],
    *[("work",), ("work",)],
]
"""A reorg takes back the posting before one that has long waited: its bytes are sent again, so no nonce is missing."""

GAP_BEFORE_A_FULL_WINDOW = [
    *[("enqueue",), ("steal",), ("enqueue",), ("enqueue",), ("work",), ("enqueue",), ("reorg", 1, False), ("wait", 7)],
]
"""A reorg takes back another's transaction, and as many of ours as may be under way wait behind its nonce."""


@settings(max_examples=80, deadline=None, phases=PHASES, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, min_size=5, max_size=60))
@example(TAKEN_BACK_BEFORE_ANOTHER)
@example(GAP_BEFORE_A_FULL_WINDOW)
def test_nothing_is_posted_twice_and_nothing_is_lost(schedule: list[tuple]) -> None:  # type: ignore[type-arg]
    ledger = ModelLedger()
    poster = ModelPoster(ledger)
    for what, *rest in schedule:
        match what:
            case "enqueue":
                poster.enqueue()
            case "work":
                poster.work()
            case "mine":
                ledger.mine()
            case "reorg":
                ledger.reorg(rest[0], is_kept=rest[1])
            case "drop":
                ledger.pool.clear()
            case "steal":  # somebody else uses the account's next nonce
                nonce = ledger.next_nonce
                ledger.blocks.append([Tx(keccak(b"other %d %d" % (nonce, len(ledger.blocks))), nonce, OTHERS)])
                ledger.pool.pop(nonce, None)
            case "wait":
                poster.now += rest[0]
        poster.check()
    for _ in range(4 * len(poster.rows) + 20):
        poster.work()
        if ledger.next_nonce not in ledger.pool and ledger.pool:
            poster.enqueue()  # a nonce that nobody uses any more is taken by the next batch
        ledger.mine()
        poster.check()
    assert {row.state for row in poster.rows.values()} <= {FINAL}
    assert sorted(ledger.carried()) == sorted(poster.rows)
