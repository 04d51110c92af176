"""One task group for everything that runs, event-loop lag, exit codes (architecture section 6)."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

import structlog

from node.stop_request import StopRequest
from rollup.core.errors import Fatal

LAG_CHECK_INTERVAL_S = 0.5
LAG_WARNING_S = 0.1

log = structlog.get_logger("supervise")


class Shutdown(Exception):
    """Raised inside the task group by a signal, or by a part whose work is done."""

    def __init__(self, why: str, exit_code: int = 0) -> None:
        super().__init__(why)
        self.exit_code = exit_code


async def supervise(
    parts: Mapping[str, Callable[[], Awaitable[None]]], on_lag: Callable[[float], None], stop: StopRequest
) -> int:
    """Run the named parts until a signal or an error ends one of them; the exit code.

    A Fatal error's own exit code is passed on; any other exception is a defect and comes out as it is. Called once per
    process: what comes after it is the process's end.
    """
    stop.is_supervised = True
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_wait_for(stop), name="signals")
            group.create_task(_watch_lag(on_lag), name="loop lag")
            for name, run in parts.items():
                group.create_task(_run_named(name, run, stop), name=name)
    except BaseExceptionGroup as group_error:
        return _exit_code_of(group_error)
    return 0


def find_fatal(error: BaseException) -> Fatal | None:
    """The first Fatal, however deep in exception groups; None unless every leaf is one (or came of stopping)."""
    if isinstance(error, Fatal):
        return error
    if not isinstance(error, BaseExceptionGroup):
        return None
    _, others = error.split((Fatal, Shutdown))
    fatals, _ = error.split(Fatal)
    return None if others is not None or fatals is None else _first_fatal(fatals)


def _exit_code_of(ended: BaseExceptionGroup[BaseException]) -> int:
    """A Fatal outweighs a Shutdown that came with it; anything else is a defect and is raised as it is."""
    fatal = find_fatal(ended)
    if fatal is not None:
        return fatal.exit_code
    _, others = ended.split(Shutdown)
    if others is not None:
        raise others
    return int(getattr(_first(ended), "exit_code", 0))


async def _run_named(name: str, run: Callable[[], Awaitable[None]], stop: StopRequest) -> None:
    """The first part that ends begins the end of all, and says why."""
    stop.running.add(name)
    try:
        await run()
        raise Shutdown(f"{name} is done")
    except BaseException as error:
        fatal = find_fatal(error)
        if fatal is not None and not stop.is_ending:
            log.error("stopped", part=name, error=type(fatal).__name__, why=str(fatal))
        raise
    finally:
        stop.running.discard(name)
        stop.begin()


async def _wait_for(stop: StopRequest) -> None:
    await stop.wait()
    raise Shutdown("signal")


async def _watch_lag(on_lag: Callable[[float], None]) -> None:
    while True:
        before = time.monotonic()
        await asyncio.sleep(LAG_CHECK_INTERVAL_S)
        lag_s = max(time.monotonic() - before - LAG_CHECK_INTERVAL_S, 0.0)
        on_lag(lag_s)
        if lag_s > LAG_WARNING_S:
            log.warning("event loop lagged", lag_s=round(lag_s, 3))


def _first_fatal(fatals: BaseExceptionGroup[Fatal]) -> Fatal:
    first = fatals.exceptions[0]
    return _first_fatal(first) if isinstance(first, BaseExceptionGroup) else first


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first leaf of an exception group."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
