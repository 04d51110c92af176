"""What the ``rollup_`` namespace reads: batches and postings of the store, ledgers and alarms of consensus."""

from rollup.consensus.driver import ConsensusDriver
from rollup.core.batch import Batch
from rollup.core.heads import Alarm, LedgerStatus, PostingRecord
from rollup.core.ids import BatchNumber, BlockNumber
from rollup.store.store import Store


class RollupViews:
    """Fits the server's RollupReader."""

    def __init__(self, store: Store, driver: ConsensusDriver) -> None:
        self._store = store
        self._driver = driver

    def batch(self, number: BatchNumber) -> Batch | None:
        return self._store.batches.batch(number)

    def batch_of_block(self, number: BlockNumber) -> BatchNumber | None:
        return self._store.batches.batch_of_block(number)

    def postings(self, number: BatchNumber) -> tuple[PostingRecord, ...]:
        return tuple(self._store.outbox.of_batch(number))

    def ledger_status(self) -> tuple[LedgerStatus, ...]:
        return self._driver.ledger_status()

    def alarms(self) -> tuple[Alarm, ...]:
        return self._driver.alarms()
