"""The virtual machine process as its node sees it: alive, busy, killed, orphaned."""

import asyncio
import os
import resource
import select
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from vm_chain import ACCOUNTS, COUNTER, GENESIS, RULE, SPINNER, build_genesis_of, open_engine, seal, sign

from rollup.core.errors import (
    BadDataDirectory,
    CallTimedOut,
    DiskFull,
    EngineDefect,
    ExecutorBusy,
    FeeTooLow,
    InvalidBlock,
    Overloaded,
    VmCrashed,
)
from rollup.core.execution import BlockResult, BlockWork, CallRequest, Candidate
from rollup.core.ids import BlockNumber
from rollup.vm.client import VmClient, open_vm
from rollup.vm.settings import VmSettings

WAIT_S = 30
ROOT = Path(__file__).resolve().parents[3]

NODE_SCRIPT = """
import asyncio, sys
sys.path[:0] = sys.argv[2:]
from pathlib import Path
from vm_chain import GENESIS
from rollup.vm.client import open_vm

async def main():
    async with open_vm(Path(sys.argv[1]), GENESIS) as vm:
        print(vm.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
async def vm(tmp_path: Path) -> AsyncIterator[VmClient]:
    async with open_vm(tmp_path / "vm", GENESIS) as client:
        yield client


async def execute(vm: VmClient, *candidates: Candidate, **changes: object) -> BlockResult:
    head = (await vm.head()).header
    work = BlockWork(BlockNumber(head.number + 1), head.hash, head.timestamp + 1, candidates, time_budget_s=WAIT_S)
    return await vm.execute_block(replace(work, **changes))


async def start_block(vm: VmClient, *candidates: Candidate) -> asyncio.Task[BlockResult]:
    """A block that is being executed when this returns: the read behind it has been answered."""
    head = (await vm.head()).header
    work = BlockWork(BlockNumber(head.number + 1), head.hash, head.timestamp + 1, candidates, time_budget_s=WAIT_S)
    block = asyncio.ensure_future(vm.execute_block(work))
    await asyncio.sleep(0)
    await vm.head()
    return block


def spins(count: int, first: int = 0) -> tuple[Candidate, ...]:
    """Transactions that keep the engine busy for some time each."""
    return tuple(sign(7, first + nonce, SPINNER, gas=400_000) for nonce in range(count))


def wait_for_exit(pid: int) -> bool:
    """True once a process that need not be our child has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(WAIT_S * 1000))
    finally:
        os.close(descriptor)


class TestDeath:
    async def test_is_told_to_everyone(self, vm: VmClient) -> None:
        watch = asyncio.ensure_future(vm.run())
        block = await start_block(vm, *spins(20))
        call = asyncio.ensure_future(vm.call(CallRequest(ACCOUNTS[0], SPINNER, gas=5_000_000)))
        await vm.head()
        os.kill(vm.pid, signal.SIGKILL)
        for waiting in (watch, block, call):
            with pytest.raises(VmCrashed, match="killed by signal 9"):
                await asyncio.wait_for(waiting, WAIT_S)
        with pytest.raises(VmCrashed):
            await vm.head()

    async def test_is_survived_by_every_sealed_block(self, tmp_path: Path) -> None:
        async with open_vm(tmp_path / "vm", GENESIS) as vm:
            sealed = (await execute(vm, sign(0, 0))).block
            block = await start_block(vm, sign(0, 1), *spins(4))
            os.kill(vm.pid, signal.SIGKILL)
            with pytest.raises(VmCrashed):
                await block
        async with open_vm(tmp_path / "vm", GENESIS) as vm:
            assert await vm.read_blocks(BlockNumber(1), 9) == (sealed,)
            assert (await execute(vm, sign(0, 1))).dropped == ()

    async def test_of_a_full_disk_is_named(self, vm: VmClient) -> None:
        await execute(vm, sign(0, 0))
        resource.prlimit(vm.pid, resource.RLIMIT_FSIZE, (4096, 4096))
        with pytest.raises(DiskFull, match="free space and start again"):
            await execute(vm, sign(0, 1), sign(1, 0), sign(2, 0))
        with pytest.raises(DiskFull):
            await asyncio.wait_for(vm.run(), WAIT_S)
        with pytest.raises(DiskFull):
            await vm.head()

    async def test_of_the_node_takes_the_process_along(self, tmp_path: Path) -> None:
        node = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-c", NODE_SCRIPT, str(tmp_path / "vm"), str(ROOT), str(Path(__file__).parent)),
            stdout=asyncio.subprocess.PIPE,
        )
        assert node.stdout is not None
        pid = int(await asyncio.wait_for(node.stdout.readline(), WAIT_S))
        node.kill()
        assert await asyncio.to_thread(wait_for_exit, pid)
        await node.wait()
        open_engine(tmp_path).close()


class TestLife:
    async def test_leaves_when_it_is_closed(self, tmp_path: Path) -> None:
        async with open_vm(tmp_path / "vm", GENESIS) as vm:
            pid = vm.pid
            await execute(vm, sign(0, 0))
        assert wait_for_exit(pid)
        engine = open_engine(tmp_path)
        assert engine.head().header.number == 1
        engine.close()

    async def test_ignores_the_signals_of_the_terminal(self, vm: VmClient) -> None:
        os.kill(vm.pid, signal.SIGINT)
        assert (await execute(vm, sign(0, 0))).block is not None

    async def test_outlives_a_terminate_until_the_node_closes_it(self, vm: VmClient) -> None:
        os.kill(vm.pid, signal.SIGTERM)
        assert (await execute(vm, sign(0, 0))).block is not None

    async def test_a_directory_in_use_is_named(self, vm: VmClient, tmp_path: Path) -> None:
        with pytest.raises(BadDataDirectory, match="in use by another node"):
            async with open_vm(tmp_path / "vm", GENESIS):
                pass

    async def test_a_directory_of_another_chain_is_named(self, tmp_path: Path) -> None:
        open_engine(tmp_path).close()
        with pytest.raises(BadDataDirectory, match="belongs to the chain with genesis"):
            async with open_vm(tmp_path / "vm", build_genesis_of(replace(RULE, chain_id=1))):
                pass


class TestBusy:
    async def test_reads_are_answered_between_the_transactions_of_a_block(self, vm: VmClient) -> None:
        block = await start_block(vm, sign(0, 0), *spins(8))
        answered = 0
        while not block.done():
            assert await vm.read_storage(COUNTER, 0) in (41, 42)
            answered += 1
        assert answered > 3
        assert (await block).tried == 9

    async def test_short_calls_are_answered_within_a_block_and_long_ones_after_it(self, vm: VmClient) -> None:
        block = await start_block(vm, *spins(8))
        long = asyncio.ensure_future(vm.call(CallRequest(ACCOUNTS[0], SPINNER, gas=1_000_000)))
        short = await vm.call(CallRequest(ACCOUNTS[0], COUNTER))
        assert (short.error, block.done()) == ("", False)
        assert (await long).error == "out of gas"
        assert block.done()

    async def test_calls_get_their_share_while_blocks_follow_each_other(self, vm: VmClient) -> None:
        call = asyncio.ensure_future(vm.call(CallRequest(ACCOUNTS[0], SPINNER, gas=1_000_000)))
        first = 0
        while not call.done():
            await execute(vm, *spins(2, first))
            first += 2
        assert (await call).error == "out of gas"

    async def test_a_call_past_its_time_is_stopped(self, tmp_path: Path) -> None:
        async with open_vm(tmp_path / "vm", GENESIS, VmSettings(call_time_max_s=0.1)) as vm:
            with pytest.raises(CallTimedOut):
                await vm.call(CallRequest(ACCOUNTS[0], SPINNER, gas=40_000_000))
            with pytest.raises(CallTimedOut):
                await vm.estimate_gas(CallRequest(ACCOUNTS[0], SPINNER))
            assert (await vm.call(CallRequest(ACCOUNTS[0], COUNTER))).error == ""

    async def test_questions_and_commands_in_flight_are_bounded(self, tmp_path: Path) -> None:
        settings = VmSettings(reads_max=2, calls_max=2, commands_max=2)
        async with open_vm(tmp_path / "vm", GENESIS, settings) as vm, asyncio.TaskGroup() as group:
            head = (await vm.head()).header
            work = BlockWork(BlockNumber(1), head.hash, head.timestamp + 1, spins(4), time_budget_s=WAIT_S)
            group.create_task(vm.execute_block(work))
            for _ in range(2):
                group.create_task(vm.read_accounts((COUNTER,)))
                group.create_task(vm.call(CallRequest(ACCOUNTS[0], COUNTER)))
            group.create_task(vm.rewind(BlockNumber(1)))
            await asyncio.sleep(0)
            with pytest.raises(Overloaded):
                await vm.read_accounts((COUNTER,))
            with pytest.raises(Overloaded):
                await vm.call(CallRequest(ACCOUNTS[0], COUNTER))
            with pytest.raises(ExecutorBusy):
                await vm.rewind(BlockNumber(0))

    async def test_strangers_questions_do_not_keep_the_node_from_its_own(self, tmp_path: Path) -> None:
        settings = VmSettings(reads_max=1)
        async with open_vm(tmp_path / "vm", GENESIS, settings) as vm, asyncio.TaskGroup() as group:
            await execute(vm)
            group.create_task(vm.read_accounts((COUNTER,)))
            await asyncio.sleep(0)
            assert (await vm.head()).header.number == 1
            assert len(await vm.read_blocks(BlockNumber(1), 1)) == 1

    async def test_a_caller_that_gives_up_changes_nothing(self, vm: VmClient) -> None:
        block = await start_block(vm, sign(0, 0), *spins(2))
        block.cancel()
        with pytest.raises(asyncio.CancelledError):
            await block
        await vm.rewind(BlockNumber(1))  # behind the block: commands run in turn
        assert (await vm.head()).header.number == 1


class TestErrors:
    async def test_come_back_as_what_they_were(self, vm: VmClient) -> None:
        with pytest.raises(InvalidBlock, match="block 7 cannot follow head 0") as refused:
            await execute(vm, number=BlockNumber(7))
        assert str(refused.value).count("invalid block") == 1
        with pytest.raises(FeeTooLow) as caught:
            await vm.call(CallRequest(ACCOUNTS[0], COUNTER, max_fee=1))
        assert caught.value.detail.startswith("maxFeePerGas: 1")

    async def test_a_defect_met_by_a_question_is_answered_and_survived(self, vm: VmClient) -> None:
        with pytest.raises(EngineDefect, match="read_storage: AttributeError"):
            await vm.read_storage(COUNTER, "one")  # type: ignore[arg-type]
        assert (await execute(vm, sign(0, 0))).block is not None

    async def test_a_defect_met_by_a_command_ends_the_process(self, vm: VmClient) -> None:
        with pytest.raises(VmCrashed, match="exit code 1"):
            await vm.rewind("one")  # type: ignore[arg-type]
        with pytest.raises(VmCrashed):
            await asyncio.wait_for(vm.run(), WAIT_S)

    async def test_a_large_block_crosses_the_pipe(self, vm: VmClient) -> None:
        candidates = tuple(sign(key, 0, data=b"\x01" * 60_000, gas=3_000_000) for key in range(8))
        result = await execute(vm, *candidates, bytes_max=10**6)
        assert result.block is not None
        assert [len(raw) > 60_000 for raw in result.block.transactions] == [True] * 8


def test_the_engine_and_the_process_build_the_same_chain(tmp_path: Path) -> None:
    async def through_the_process() -> object:
        async with open_vm(tmp_path / "b" / "vm", GENESIS) as vm:
            return (await execute(vm, sign(0, 0), sign(1, 0))).block

    engine = open_engine(tmp_path / "a")
    assert asyncio.run(through_the_process()) == seal(engine, sign(0, 0), sign(1, 0))
    engine.close()
