"""Lets only so many pass per turn of the event loop: a head that is told to a thousand connections must not hold up the
calls in between."""

import asyncio
from collections import deque


class Turnstile:
    """First come, first served. Not thread-safe: the event loop's."""

    def __init__(self, passes_per_turn: int) -> None:
        self._passes = passes_per_turn
        self._left = passes_per_turn
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_turning = False

    async def take(self) -> None:
        """Returns in this turn of the loop or in a later one."""
        if self._left and not self._waiting:
            self._left -= 1
            self._turn_later()
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        self._turn_later()
        await waiter

    def _turn_later(self) -> None:
        if not self._is_turning:
            self._is_turning = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._is_turning = False
        self._left = self._passes
        while self._left and self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():  # not cancelled
                waiter.set_result(None)
                self._left -= 1
        if self._waiting:
            self._turn_later()
