"""The virtual machine process: one thread, sole owner of the state database, serving one pipe.

Commands run strictly in turn. Reads are answered before anything else, also between the transactions of a block. Calls
and estimates can be long: when no command waits they run as they come, otherwise within ``call_share`` of the wall
time, and inside a block for a few milliseconds only. One that needs more than it got is put aside and tried again once
twice as much is saved up, so that all attempts together cost at most twice the call.

The process leaves when the pipe closes, whoever closed it and however: a node that was killed takes it along.
"""

import gc
import select
import signal
import sys
import time
from collections import deque
from multiprocessing.connection import Connection
from typing import Any

from rollup.core.errors import CallTimedOut, Fatal, RollupError
from rollup.core.execution import BlockResult, BlockWork
from rollup.vm.calls import CallLimits
from rollup.vm.defects import containing_defects
from rollup.vm.engine import Engine
from rollup.vm.settings import VmSettings
from rollup.vm.wire import CALLS, COMMANDS, READY_ID, STOP, Request, describe_error, pack, unpack

CALL_SLICE_MIN_S = 0.005
CALL_IN_BLOCK_MAX_S = 0.02
TERMINATED_GRACE_S = 5
COLLECTOR_THRESHOLDS = (20_000, 20, 50)


def serve(connection: Connection) -> None:
    """Body of the process. Signals are for the node: it decides when this process stops. A SIGTERM (service managers
    send it to every process of a service) only sets a limit after which this process ends by itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: signal.alarm(TERMINATED_GRACE_S))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        path, genesis, settings = unpack(connection.recv_bytes())[2]
    except (EOFError, ConnectionError):
        return  # the node was stopped while it started
    try:
        engine = Engine.open(path, genesis)
    except RollupError as error:
        connection.send_bytes(pack((READY_ID, describe_error(error))))
        return
    exit_code = 0
    try:
        _calm_collector()
        connection.send_bytes(pack((READY_ID, engine.head())))
        _Server(connection, engine, settings).run()
    except (EOFError, ConnectionError):
        pass  # the node is gone or has closed the pipe: nobody is left to answer
    except Fatal as error:
        exit_code = error.exit_code
    finally:
        engine.close()
    sys.exit(exit_code)


def _calm_collector() -> None:
    """The caches are large, long-lived and free of cycles: visiting them for every few hundred new objects is a pause
    for nothing. What is loaded now is never visited again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTOR_THRESHOLDS)


class _Stopped(EOFError):
    """The node asked this process to leave."""


class _CallShare:
    """Wall time that calls may take while commands wait: grows with the clock, capped at one call's limit."""

    def __init__(self, settings: VmSettings) -> None:
        self._rate = settings.call_share
        self._cap_s = settings.call_time_max_s
        self._saved_s = settings.call_time_max_s
        self._at = time.monotonic()

    def saved(self) -> float:
        """Seconds that may be spent now."""
        now = time.monotonic()
        self._saved_s = min(self._saved_s + (now - self._at) * self._rate, self._cap_s)
        self._at = now
        return self._saved_s

    def spend(self, seconds: float) -> None:
        """Account for a call that ran."""
        self._saved_s = max(self._saved_s - seconds, -self._cap_s)


class _Server:
    def __init__(self, connection: Connection, engine: Engine, settings: VmSettings) -> None:
        self._connection = connection
        self._engine = engine
        self._settings = settings
        self._share = _CallShare(settings)
        self._poll = select.poll()
        self._poll.register(connection.fileno(), select.POLLIN)
        self._commands: deque[Request] = deque()
        self._reads: deque[Request] = deque()
        self._calls: deque[tuple[Request, float]] = deque()  # with the seconds that the next attempt needs

    def run(self) -> None:
        """Serve until the pipe closes. Raises EOFError, or the Fatal that a command met."""
        while True:
            idle = not (self._commands or self._reads or self._calls)
            self._receive(wait=idle)
            self._answer_reads()
            if self._calls:
                self._try_call(in_block=False)
            if self._commands:
                self._answer(self._commands.popleft())

    def _receive(self, *, wait: bool) -> None:
        """Sort everything that has arrived; with ``wait``, at least one message."""
        while wait or self._poll.poll(0):
            wait = False
            request: Request = unpack(self._connection.recv_bytes())
            if request == STOP:
                raise _Stopped
            if request[1] in COMMANDS:
                self._commands.append(request)
            elif request[1] in CALLS:
                self._calls.append((request, CALL_SLICE_MIN_S))
            else:
                self._reads.append(request)

    def _between(self) -> None:
        """What happens between two transactions of a block."""
        self._receive(wait=False)
        self._answer_reads()
        if self._calls:
            self._try_call(in_block=True)

    def _answer_reads(self) -> None:
        while self._reads:
            self._answer(self._reads.popleft())

    def _try_call(self, *, in_block: bool) -> None:
        """Run one call if time is there for it: any time when nothing else waits, else what the share has saved."""
        limit_s = self._settings.call_time_max_s
        if in_block or self._commands:
            limit_s = min(limit_s, self._share.saved())
        if in_block:
            limit_s = min(limit_s, CALL_IN_BLOCK_MAX_S)
        request, needed_s = self._calls.popleft()
        if limit_s < min(needed_s, self._settings.call_time_max_s):
            self._calls.append((request, needed_s))
            return
        started = time.monotonic()
        done = self._answer(request, limit_s)
        self._share.spend(time.monotonic() - started)
        if not done:
            self._calls.append((request, 2 * limit_s))

    def _answer(self, request: Request, call_limit_s: float | None = None) -> bool:
        """Run a request and send what came of it. False when a call had less than its full time and used it up."""
        number = request[0]
        fatal: Fatal | None = None
        try:
            value = self._run(request, call_limit_s)
        except CallTimedOut as error:
            if call_limit_s is not None and call_limit_s < self._settings.call_time_max_s:
                return False
            value = describe_error(error)
        except RollupError as error:
            value = describe_error(error)
            fatal = error if isinstance(error, Fatal) else None
        self._connection.send_bytes(pack((number, value)))
        if fatal is not None:
            raise fatal
        return True

    def _run(self, request: Request, call_limit_s: float | None) -> Any:
        """A command that meets a defect ends the process: its state is not to be trusted."""
        _, method, arguments = request
        if method == "execute_block":
            return self._execute(*arguments)
        if method in COMMANDS:
            return getattr(self._engine, method)(*arguments)
        if call_limit_s is not None:
            arguments += (CallLimits(self._settings.call_gas_max, time.monotonic() + call_limit_s),)
        with containing_defects(method):
            return getattr(self._engine, method)(*arguments)

    def _execute(self, work: BlockWork) -> BlockResult:
        return self._engine.execute_block(work, self._between)
