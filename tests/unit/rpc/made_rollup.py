"""A rollup of one batch over two ledgers, for tests of the rollup namespace and of the operations pages."""

from dataclasses import dataclass, field, replace

from made_chain import RULE

from rollup.core.batch import BATCH_VERSION, Batch, BatchHeader, sign_batch
from rollup.core.cursor import Cursor
from rollup.core.genesis import ChainGenesis, FinalityRule, LedgerRole, LedgerSpec, RollupGenesis
from rollup.core.hashes import address_of, keccak
from rollup.core.heads import Alarm, Heads, LedgerStatus, PostingRecord
from rollup.core.ids import ZERO_HASH, BatchNumber, BlockNumber, Hash, LedgerId, LedgerIndex

KEY = b"\7" * 32
BODY = b"compressed"
ANCHOR = LedgerSpec(
    LedgerIndex(0), LedgerId("eip155:31"), "evm", LedgerRole.ANCHOR, FinalityRule.DEPTH, 3, "0x" + "aa" * 20, 0
)
MIRROR = replace(ANCHOR, index=LedgerIndex(1), ledger_id=LedgerId("bip122:00"), family="memory", role=LedgerRole.MIRROR)
ALARM = Alarm("ledger_reorged", 1, "3 blocks", 17.5, sticky=True)
GENESIS = RollupGenesis(ChainGenesis(RULE, 5, ()), 77, address_of(KEY), 1, 2, 0, (ANCHOR, MIRROR))


def make_batch() -> Batch:
    header = BatchHeader(
        version=BATCH_VERSION,
        rollup_id=77,
        number=BatchNumber(1),
        parent_hash=ZERO_HASH,
        first_block=BlockNumber(1),
        last_block=BlockNumber(2),
        last_block_hash=ZERO_HASH,
        state_root=ZERO_HASH,
        outbox_root=ZERO_HASH,
        data_hash=keccak(BODY),
        data_length=len(BODY),
        cursors=(Cursor(LedgerIndex(1), 9, ZERO_HASH),),
        start_time=10,
        end_time=20,
        sequencer_epoch=1,
    )
    return sign_batch(header, BODY, KEY)


def make_status(spec: LedgerSpec, **more: object) -> LedgerStatus:
    status = LedgerStatus(
        spec=spec,
        reachable=True,
        height=40,
        finalized_height=37,
        last_seen_at=12.5,
        last_batch_seen=BatchNumber(1),
        last_batch_final=BatchNumber(0),
        last_tx_id=Hash(b"\x11" * 32),
        confirmations=2,
        outbox_depth=1,
        error="",
        alarms=(),
    )
    return replace(status, **more)


@dataclass
class MadeRollup:
    """Fits RollupReader and HeadReader."""

    statuses: tuple[LedgerStatus, ...] = (make_status(ANCHOR), make_status(MIRROR, alarms=(ALARM,)))
    labels: Heads = field(default_factory=lambda: Heads(*map(BlockNumber, (2, 1, 0, 0, 2))))

    def batch(self, number: BatchNumber) -> Batch | None:
        return make_batch() if number == 1 else None

    def batch_of_block(self, number: BlockNumber) -> BatchNumber | None:
        return BatchNumber(1) if 1 <= number <= 2 else None

    def postings(self, number: BatchNumber) -> tuple[PostingRecord, ...]:
        if number != 1:
            return ()
        queued = PostingRecord(1, number, make_batch().hash, "queued")
        tx_id = Hash(b"\x22" * 32)
        return (
            replace(queued, ledger_index=0, state="included", tx_id=tx_id, height=39, fee_wei=5, attempts=1),
            queued,
        )

    def ledger_status(self) -> tuple[LedgerStatus, ...]:
        return self.statuses

    def alarms(self) -> tuple[Alarm, ...]:
        return (ALARM,)

    def heads(self) -> Heads:
        return self.labels
