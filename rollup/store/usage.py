"""Counts who uses a database right now, so that it is closed under nobody.

A coroutine that is cancelled leaves its thread at work, and LevelDB does not survive being closed meanwhile.
"""

from threading import Condition
from types import TracebackType

from rollup.core.errors import StoreClosed


class Usage:
    """Entered by every operation, from any thread; ``end`` waits for them and lets no further one in."""

    def __init__(self) -> None:
        self._count = 0
        self._changed = Condition()
        self.is_ending = False

    def __enter__(self) -> None:
        """Raises StoreClosed after ``end`` was called."""
        with self._changed:
            if self.is_ending:
                raise StoreClosed("the store is closed: the node is stopping")
            self._count += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._count -= 1
            self._changed.notify_all()

    def end(self) -> None:
        """Returns when the last operation is through."""
        with self._changed:
            self.is_ending = True
            while self._count:
                self._changed.wait()
