"""The node's end of the pipe: the port ``Executor`` as coroutines.

Two threads stand between the event loop and the pipe, because a send to a process that is busy can block: one packs and
sends, one receives and unpacks. The loop only touches queues and futures. When the process dies, every request in
flight and every later one raises VmCrashed, and so does ``run``.
"""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from subprocess import DEVNULL, Popen, TimeoutExpired
from typing import Any

from rollup.core.block import Block
from rollup.core.errors import ExecutorBusy, Fatal, Overloaded, VmCrashed
from rollup.core.execution import (
    AccessListResult,
    AccountProof,
    AccountState,
    BlockResult,
    BlockWork,
    CallRequest,
    CallResult,
    ExecutorHead,
    SlotRequest,
)
from rollup.core.genesis import ChainGenesis
from rollup.core.ids import Address, BlockNumber
from rollup.core.payload import BuiltPayload, PayloadRequest
from rollup.core.simulation import SimulatedBlock, SimulationRequest
from rollup.core.tracing import BlockTraceRequest, CallTraceRequest, StorageRange, StorageRangeRequest
from rollup.vm.settings import VmSettings
from rollup.vm.wire import CALLS, COMMANDS, READY_ID, STOP, Answer, Failure, Request, build_error, pack, unpack

EXIT_WAIT_S = 1.0
OWN_READS = frozenset({"head", "read_blocks"})
"""Asked by the node alone, one at a time: strangers who fill the queue of reads must not keep it from going on."""
_STOPPED = Failure("VmCrashed", "the virtual machine process was stopped")


@asynccontextmanager
async def open_vm(path: Path, genesis: ChainGenesis, settings: VmSettings | None = None) -> AsyncIterator["VmClient"]:
    """Start the process and wait for its head; stop it at the end. Raises BadDataDirectory, StoreCorrupted, VmCrashed.

    Sealed blocks are on disk whatever happens here; leaving waits for the block in hand at most ``stop_time_max_s``.
    """
    settings = settings or VmSettings()
    process, connection = await _start_unhurt()
    client = VmClient(process, connection, settings)
    try:
        await client.open(path, genesis)
        yield client
    finally:
        await client.close()


async def _start_unhurt() -> tuple[Popen[bytes], Connection]:
    """Start the process in a thread. A caller that is cancelled meanwhile leaves none behind."""
    starting = asyncio.get_running_loop().run_in_executor(None, _start_process)
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        process, connection = await starting
        connection.close()
        process.kill()
        process.wait()
        raise


def _start_process() -> tuple[Popen[bytes], Connection]:
    """A new interpreter that inherits nothing but its end of the pipe, and does not import the node's main module (as
    multiprocessing's spawn would). Signals are blocked in this thread while it is born, so that it never sees a Ctrl-C
    meant for the node, nor dies of a service manager's SIGTERM before it can choose."""
    ours, theirs = Pipe()
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(each or str(Path.cwd()) for each in sys.path)}
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        process = Popen(
            [sys.executable, "-P", "-m", "rollup.vm", str(theirs.fileno())],
            env=environment,
            stdin=DEVNULL,
            pass_fds=(theirs.fileno(),),
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        theirs.close()
    return process, ours


class VmClient:
    """Methods of the port (rollup.core.execution). Commands run in the order of the calls."""

    def __init__(self, process: Popen[bytes], connection: Connection, settings: VmSettings) -> None:
        self._process = process
        self._connection = connection
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._ids = count(READY_ID + 1)
        self._pending: dict[int, tuple[str, asyncio.Future[Any]]] = {}
        self._in_flight = {"command": 0, "call": 0, "read": 0}
        self._ready: asyncio.Future[ExecutorHead] = self._loop.create_future()
        self._pending[READY_ID] = ("read", self._ready)
        self._in_flight["read"] = 1
        self._gone = asyncio.Event()
        self._crash: Failure | None = None
        self._on_execution: Callable[[float], None] | None = None
        self._outbox: SimpleQueue[Request | None] = SimpleQueue()
        self._sender = threading.Thread(target=self._send_all, name="vm-send", daemon=True)
        self._receiver = threading.Thread(target=self._receive_all, name="vm-receive", daemon=True)
        self._sender.start()
        self._receiver.start()

    # --- life ---------------------------------------------------------------------------------------------------------

    def tell_executions(self, on_execution: Callable[[float], None]) -> None:
        """From now on it learns how long each block took in the process, in seconds."""
        self._on_execution = on_execution

    @property
    def pid(self) -> int:
        """Process id, for operators and for tests that kill."""
        return self._process.pid

    async def open(self, path: Path, genesis: ChainGenesis) -> ExecutorHead:
        """Once, before anything else: the process opens its database and answers with its head. Raises what keeps it
        from doing so."""
        self._outbox.put((READY_ID, "open", (path, genesis, self._settings)))
        try:
            # not wait_for: in Python 3.11 it loses a cancellation that comes together with the answer
            async with asyncio.timeout(self._settings.start_time_max_s):
                return await asyncio.shield(self._ready)
        except TimeoutError as error:
            raise VmCrashed("the virtual machine process did not come up in time") from error

    async def run(self) -> None:
        """Never returns; raises VmCrashed when the process dies, or the Fatal that it reported before."""
        await self._gone.wait()
        raise build_error(self._crash or _STOPPED)

    async def close(self) -> None:
        """Ask the process to leave, and kill it when it does not."""
        self._outbox.put(STOP)
        self._outbox.put(None)
        await asyncio.to_thread(self._join)

    def _join(self) -> None:
        if self._await_exit(self._settings.stop_time_max_s) is None:
            self._process.kill()
        self._receiver.join()
        self._sender.join()
        self._process.wait()
        self._connection.close()

    def _await_exit(self, seconds: float) -> int | None:
        """Exit code; None while the process lives."""
        try:
            return self._process.wait(seconds)
        except TimeoutExpired:
            return None

    # --- commands -----------------------------------------------------------------------------------------------------

    async def execute_block(self, work: BlockWork) -> BlockResult:
        result: BlockResult = await self._ask("execute_block", work)
        if self._on_execution is not None:
            self._on_execution(result.execution_s)
        return result

    async def rewind(self, number: BlockNumber) -> ExecutorHead:
        head: ExecutorHead = await self._ask("rewind", number)
        return head

    # --- questions ----------------------------------------------------------------------------------------------------

    async def head(self) -> ExecutorHead:
        head: ExecutorHead = await self._ask("head")
        return head

    async def read_blocks(self, first: BlockNumber, count_max: int) -> tuple[Block, ...]:
        blocks: tuple[Block, ...] = await self._ask("read_blocks", first, count_max)
        return blocks

    async def read_accounts(
        self, addresses: tuple[Address, ...], block: BlockNumber | None = None
    ) -> tuple[AccountState, ...]:
        accounts: tuple[AccountState, ...] = await self._ask("read_accounts", addresses, block)
        return accounts

    async def read_code(self, address: Address, block: BlockNumber | None = None) -> bytes:
        code: bytes = await self._ask("read_code", address, block)
        return code

    async def read_storage(self, address: Address, slot: int, block: BlockNumber | None = None) -> int:
        value: int = await self._ask("read_storage", address, slot, block)
        return value

    async def call(self, request: CallRequest) -> CallResult:
        result: CallResult = await self._ask("call", request)
        return result

    async def estimate_gas(self, request: CallRequest) -> CallResult:
        result: CallResult = await self._ask("estimate_gas", request)
        return result

    async def simulate(self, request: SimulationRequest) -> tuple[SimulatedBlock, ...]:
        blocks: tuple[SimulatedBlock, ...] = await self._ask("simulate", request)
        return blocks

    async def build_payload(self, request: PayloadRequest) -> BuiltPayload:
        payload: BuiltPayload = await self._ask("build_payload", request)
        return payload

    async def create_access_list(self, request: CallRequest) -> AccessListResult:
        result: AccessListResult = await self._ask("create_access_list", request)
        return result

    async def read_slots(self, request: SlotRequest) -> tuple[tuple[int, ...], ...]:
        values: tuple[tuple[int, ...], ...] = await self._ask("read_slots", request)
        return values

    async def read_proof(
        self, address: Address, slots: tuple[int, ...], block: BlockNumber | None = None
    ) -> AccountProof:
        proof: AccountProof = await self._ask("read_proof", address, slots, block)
        return proof

    async def trace_block(self, request: BlockTraceRequest) -> tuple[bytes, ...]:
        traces: tuple[bytes, ...] = await self._ask("trace_block", request)
        return traces

    async def read_storage_range(self, request: StorageRangeRequest) -> StorageRange:
        found: StorageRange = await self._ask("read_storage_range", request)
        return found

    async def trace_call(self, request: CallTraceRequest) -> bytes:
        trace: bytes = await self._ask("trace_call", request)
        return trace

    # --- requests -----------------------------------------------------------------------------------------------------

    async def _ask(self, method: str, *arguments: Any) -> Any:
        if self._gone.is_set():
            raise build_error(self._crash or _STOPPED)
        kind = _kind_of(method)
        if method not in OWN_READS:
            self._check_room(kind)
        number = next(self._ids)
        future: asyncio.Future[Any] = self._loop.create_future()
        self._pending[number] = (kind, future)
        self._in_flight[kind] += 1
        self._outbox.put((number, method, arguments))
        return await future

    def _check_room(self, kind: str) -> None:
        """A request that its caller gave up counts until the process has answered it."""
        if kind == "command" and self._in_flight[kind] >= self._settings.commands_max:
            raise ExecutorBusy(f"{self._settings.commands_max} commands wait for the virtual machine already")
        if kind == "call" and self._in_flight[kind] >= self._settings.calls_max:
            raise Overloaded(f"{self._settings.calls_max} calls are waiting")
        if kind == "read" and self._in_flight[kind] >= self._settings.reads_max:
            raise Overloaded(f"{self._settings.reads_max} reads are waiting")

    def _settle(self, answer: Answer) -> None:
        number, value = answer
        kind, future = self._pending.pop(number)
        self._in_flight[kind] -= 1
        if future.done():
            return  # its caller was cancelled
        if isinstance(value, Failure):
            self._fail(future, value)
        else:
            future.set_result(value)

    def _fail(self, future: asyncio.Future[Any], failure: Failure) -> None:
        error = build_error(failure)
        if isinstance(error, Fatal):
            self._crash = failure  # the process leaves after this answer: later callers learn why
        future.set_exception(error)

    def _fail_all(self, exit_code: int | None) -> None:
        """The pipe is closed: whoever still waits learns it."""
        if self._crash is None:
            self._crash = Failure("VmCrashed", f"the virtual machine process {_describe_exit(exit_code)}")
        self._gone.set()
        for _, future in self._pending.values():
            if not future.done():
                future.set_exception(build_error(self._crash))
        self._pending.clear()

    # --- threads ------------------------------------------------------------------------------------------------------

    def _send_all(self) -> None:
        """What cannot be packed ends the process: nobody may wait for an answer to it for ever."""
        try:
            while (request := self._outbox.get()) is not None:
                self._connection.send_bytes(pack(request))
        except OSError:
            return  # the receiver sees the same end and reports it
        except BaseException:
            self._process.kill()
            raise

    def _receive_all(self) -> None:
        """However this ends, whoever waits learns it."""
        exit_code: int | None = None
        try:
            while True:
                answer: Answer = unpack(self._connection.recv_bytes())
                self._loop.call_soon_threadsafe(self._settle, answer)
        except (EOFError, OSError):
            exit_code = self._await_exit(EXIT_WAIT_S)
        finally:
            self._loop.call_soon_threadsafe(self._fail_all, exit_code)


def _describe_exit(exit_code: int | None) -> str:
    if exit_code is None:
        return "closed its pipe"
    return f"left with exit code {exit_code}" if exit_code >= 0 else f"was killed by signal {-exit_code}"


def _kind_of(method: str) -> str:
    if method in COMMANDS:
        return "command"
    return "call" if method in CALLS else "read"
