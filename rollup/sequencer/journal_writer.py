"""Group commit: one synced write carries every transaction that arrived while the last one was under way."""

import asyncio
from collections.abc import Iterable

from rollup.core.errors import Overloaded, RollupError
from rollup.core.ids import Hash
from rollup.sequencer.ports import Journal

Waiting = list[tuple[bytes, asyncio.Future[None]]]


class JournalWriter:
    """The only caller of the journal. Appends and removals keep their order, so that a removed one stays removed."""

    def __init__(self, journal: Journal, waiting_max: int) -> None:
        self._journal = journal
        self._waiting_max = waiting_max
        self._waiting: Waiting = []
        self._gone: dict[Hash, None] = {}
        self._wake = asyncio.Event()

    async def append(self, transaction_hash: Hash, raw: bytes) -> None:
        """Returns when the transaction is durable. Raises DiskFull, or Overloaded when too many wait."""
        if len(self._waiting) >= self._waiting_max:
            raise Overloaded("too many transactions wait for the disk")
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._gone.pop(transaction_hash, None)  # it left the pool and came back before its row was removed
        self._waiting.append((raw, future))
        self._wake.set()
        await future

    def forget(self, hashes: Iterable[Hash]) -> None:
        """These need no longer survive a crash. Done with the next write."""
        self._gone.update(dict.fromkeys(hashes))
        if self._gone:
            self._wake.set()

    async def run(self) -> None:
        """Write forever. A failing disk fails those who wait and ends this."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                await self._write()
        finally:
            _fail(self._waiting, Overloaded("the node is stopping"))

    async def _write(self) -> None:
        waiting, self._waiting = self._waiting, []
        gone, self._gone = self._gone, {}
        if waiting:
            try:
                await asyncio.to_thread(self._journal.append, [raw for raw, _ in waiting])
            except RollupError as error:
                _fail(waiting, error)
                raise
            except asyncio.CancelledError:
                _fail(waiting, Overloaded("the node is stopping"))
                raise
        for _, future in waiting:
            if not future.done():
                future.set_result(None)
        if gone:
            await asyncio.to_thread(self._journal.remove, list(gone))


def _fail(waiting: Waiting, error: Exception) -> None:
    for _, future in waiting:
        if not future.done():
            future.set_exception(error)
