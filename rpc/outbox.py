"""What waits to be sent over one connection: answers and news, bounded in bytes.

News beyond their bound end the connection (a client must not believe that it missed nothing). Answers beyond the same
bound make the connection read no further requests; beyond a second one (calls that were under way) they end it, too.
"""

import asyncio
from collections import deque

from rpc.news import News


class ConnectionEnded(Exception):
    """The connection is over: ``code`` is what a close frame says (RFC 6455 section 7.4)."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


POLICY_VIOLATION = 1008


class Outbox:
    """One sender takes; anybody puts. Fits the feed's Hearer."""

    def __init__(self, bytes_max: int, answer_bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._answer_bytes_max = answer_bytes_max
        self._waiting: deque[bytes | bytearray | News] = deque()
        self._held: list[News] | None = None
        self._news_bytes = 0
        self._answer_bytes = 0
        self._filled = asyncio.Event()
        self._emptied = asyncio.Event()
        self._overrun = asyncio.Event()
        self._overrun_by = ""

    def put_answer(self, answer: bytes | bytearray) -> None:
        self._answer_bytes += len(answer)
        if self._answer_bytes > self._answer_bytes_max:
            self._overrun_by = f"{self._answer_bytes_max} bytes of answers"
            self._overrun.set()
            return
        self._waiting.append(answer)
        self._filled.set()

    def on_news(self, news: News) -> None:
        """Dropped, and the connection with it, when too much waits already: one piece alone may be of any size."""
        if self._overrun.is_set():
            return
        if self._news_bytes > self._bytes_max:
            self._overrun_by = f"{self._bytes_max} bytes of news"
            self._overrun.set()
            return
        self._news_bytes += news.bytes_held
        if self._held is not None:
            self._held.append(news)
        else:
            self._waiting.append(news)
        self._filled.set()

    def hold(self) -> None:
        """News wait until ``release``: an answer goes before the news that it announces."""
        self._held = []

    def release(self) -> None:
        held, self._held = self._held or [], None
        self._waiting.extend(held)
        if self._waiting:
            self._filled.set()

    async def take(self) -> bytes | bytearray | News:
        """The next one."""
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        taken = self._waiting.popleft()
        if isinstance(taken, bytes | bytearray):
            self._answer_bytes -= len(taken)
        else:
            self._news_bytes -= taken.bytes_held
        self._emptied.set()
        return taken

    async def watch(self) -> None:
        """Raises ConnectionEnded when too much waits, also while something is being sent."""
        await self._overrun.wait()
        raise ConnectionEnded(POLICY_VIOLATION, f"slow reader: more than {self._overrun_by} wait")

    async def wait_room(self) -> None:
        """Returns when answers within the bound wait."""
        while self._answer_bytes > self._bytes_max:
            self._emptied.clear()
            await self._emptied.wait()
