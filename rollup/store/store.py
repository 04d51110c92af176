"""The node's store: one LevelDB, one part per kind of record, opened and closed as a whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rollup.core.ids import Hash
from rollup.store.batches import BatchStore
from rollup.store.blocks import BlockStore
from rollup.store.database import Database
from rollup.store.equivocations import EquivocationStore
from rollup.store.journal import Journal
from rollup.store.outbox import Outbox
from rollup.store.progress import ProgressStore
from rollup.store.sign_once import SignOnce


@dataclass(frozen=True, slots=True)
class Store:
    """Every part is synchronous and may be called from any thread; synced writes belong off the event loop."""

    blocks: BlockStore
    batches: BatchStore
    journal: Journal
    sign_once: SignOnce
    outbox: Outbox
    progress: ProgressStore
    equivocations: EquivocationStore


@contextmanager
def open_store(path: Path, genesis_hash: Hash) -> Iterator[Store]:
    """Open or create the store of the rollup with this genesis; it is closed when the context ends.

    Raises BadDataDirectory (foreign, of another rollup or version, in use, not writable) and StoreCorrupted.
    """
    with Database(path, genesis_hash) as database:
        yield Store(
            blocks=BlockStore(database),
            batches=BatchStore(database),
            journal=Journal(database),
            sign_once=SignOnce(database),
            outbox=Outbox(database),
            progress=ProgressStore(database),
            equivocations=EquivocationStore(database),
        )
