"""Where events wait for the driver: bounded for ledgers, which wait; never blocking for our own sequencer."""

import asyncio
from collections import deque

from rollup.consensus.events import BlockSealed, Event


class Inbox:
    """One reader. Sealed blocks are coalesced (only the last matters) and sealed batches are bounded by the backlog at
    which the sequencer stops, so that our own events never need to wait."""

    def __init__(self, events_max: int = 1024) -> None:
        self._events: asyncio.Queue[Event] = asyncio.Queue(maxsize=events_max)
        self._own: deque[Event] = deque()
        self._has_some = asyncio.Event()

    async def put(self, event: Event) -> None:
        """Waits for room."""
        await self._events.put(event)
        self._has_some.set()

    def put_own(self, event: Event) -> None:
        """Never waits."""
        if self._own and isinstance(event, BlockSealed) and isinstance(self._own[-1], BlockSealed):
            self._own.pop()
        self._own.append(event)
        self._has_some.set()

    async def take(self) -> Event:
        """Our own events first: what a ledger shows may be their echo."""
        while True:
            if self._own:
                return self._own.popleft()
            if not self._events.empty():
                return self._events.get_nowait()
            self._has_some.clear()
            await self._has_some.wait()
