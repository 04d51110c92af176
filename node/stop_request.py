"""How the process is asked to stop: by a signal at any moment, and by a watchdog when stopping takes too long."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Any

import structlog

STOP_MAX_S = 2.7
"""After a signal."""
END_MAX_S = 20.0
"""After the process has begun to end by itself: nobody waits at the terminal."""
FORCED_EXIT_CODE = 130
HUNG_EXIT_CODE = 79
"""Beside the codes of sysexits.h: the shutdown did not end by itself and was cut off."""

log = structlog.get_logger("stop")


class StopRequest:
    """One per process. ``running`` are the names of the parts that have not ended, kept by ``supervise``."""

    def __init__(self, main: "asyncio.Task[Any]") -> None:
        self._main = main
        self._loop = main.get_loop()
        self._asked = asyncio.Event()
        self._is_signalled = False
        self._limits: SimpleQueue[float] = SimpleQueue()  # its put is the one that a signal handler may use
        self.running: set[str] = set()
        self.is_supervised = False
        self.is_ending = False
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    @property
    def is_asked(self) -> bool:
        return self._asked.is_set()

    async def wait(self) -> None:
        """Returns when a signal has asked to stop."""
        await self._asked.wait()

    def begin(self, limit_s: float = END_MAX_S) -> None:
        """The process is about to end: from now on it lives so long at most. Repeatable."""
        self.is_ending = True
        self._limits.put(limit_s)

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        """The first one asks, the second one ends the process at once. Not run by the loop, which may be stuck."""
        del number, frame
        if self._is_signalled:
            os._exit(FORCED_EXIT_CODE)
        self._is_signalled = True
        self.begin(STOP_MAX_S)
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._ask)

    def _ask(self) -> None:
        """Supervised parts end by themselves; what is still opening is cancelled; what closes already goes on."""
        was_opening = not self.is_supervised and not self._asked.is_set()
        self._asked.set()
        if was_opening:
            self._main.cancel()

    def _watch(self) -> None:
        deadline = self._limits.get() + time.monotonic()
        while (left_s := deadline - time.monotonic()) > 0:
            with suppress(Empty):
                deadline = min(deadline, time.monotonic() + self._limits.get(timeout=left_s))
        log.error("the shutdown was cut off", not_ended=", ".join(sorted(self.running)) or "closing")
        os._exit(HUNG_EXIT_CODE)


async def run_until_stopped(main: Callable[[StopRequest], Coroutine[Any, Any, int]]) -> int:
    """Body of the process: ``main`` with SIGINT and SIGTERM from its first step. A signal while it still opens things
    cancels it, closes what is open and gives 0. Once the end has begun, a watchdog ends what hangs."""
    task: asyncio.Task[Any] | None = asyncio.current_task()
    if task is None:
        raise RuntimeError("run_until_stopped needs a task")
    stop = StopRequest(task)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop.on_signal)
    try:
        return await main(stop)
    except asyncio.CancelledError:
        if not stop.is_asked:
            raise
        return 0
    finally:
        stop.begin()
