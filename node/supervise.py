"""One task group for everything that runs, signals, event-loop lag, exit codes (architecture section 6)."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping

import structlog

from rollup.core.errors import Fatal

LAG_CHECK_INTERVAL_S = 0.5
LAG_WARNING_S = 0.1
FORCED_EXIT_CODE = 130

log = structlog.get_logger("supervise")


class Shutdown(Exception):
    """Raised inside the task group by a signal, or by a part whose work is done."""

    def __init__(self, why: str, exit_code: int = 0) -> None:
        super().__init__(why)
        self.exit_code = exit_code


async def supervise(parts: Mapping[str, Callable[[], Awaitable[None]]], on_lag: Callable[[float], None]) -> int:
    """Run the named parts until a signal or an error ends one of them; the exit code.

    A second signal during the shutdown ends the process at once. A Fatal error's own exit code is passed on; any other
    exception is a defect and comes out as it is.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _on_signal, stop)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_wait_for(stop), name="signals")
            group.create_task(_watch_lag(on_lag), name="loop lag")
            for name, run in parts.items():
                group.create_task(_named(name, run), name=name)
    except BaseExceptionGroup as group_error:
        return _exit_code_of(group_error)
    return 0


def _exit_code_of(ended: BaseExceptionGroup[BaseException]) -> int:
    """A Fatal outweighs a Shutdown that came with it; anything else is a defect and is raised as it is."""
    _, others = ended.split((Shutdown, Fatal))
    if others is not None:
        raise others
    fatals, _ = ended.split(Fatal)
    if fatals is None:
        return int(getattr(_first(ended), "exit_code", 0))
    fatal = _first(fatals)
    log.error("stopped", error=type(fatal).__name__, why=str(fatal))
    return int(getattr(fatal, "exit_code", Fatal.exit_code))


async def _named(name: str, run: Callable[[], Awaitable[None]]) -> None:
    await run()
    raise Shutdown(f"{name} is done")


async def _wait_for(stop: asyncio.Event) -> None:
    await stop.wait()
    raise Shutdown("signal")


def _on_signal(stop: asyncio.Event) -> None:
    if stop.is_set():
        os._exit(FORCED_EXIT_CODE)
    stop.set()


async def _watch_lag(on_lag: Callable[[float], None]) -> None:
    while True:
        before = time.monotonic()
        await asyncio.sleep(LAG_CHECK_INTERVAL_S)
        lag_s = max(time.monotonic() - before - LAG_CHECK_INTERVAL_S, 0.0)
        on_lag(lag_s)
        if lag_s > LAG_WARNING_S:
            log.warning("event loop lagged", lag_s=round(lag_s, 3))


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first leaf of an exception group."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
