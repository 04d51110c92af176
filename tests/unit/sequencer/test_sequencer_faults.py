"""What the sequencer's promises are worth when its parts fail: engine killed, disk full, whole process killed."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from pool_accounts import signed_transfer
from running import PROMPT, open_parts, running

from rollup.core.errors import DiskFull, VmCrashed
from rollup.core.hashes import keccak
from rollup.core.ids import Hash
from rollup.sequencer.standalone import NoJournal

LOAD = Path(__file__).parent / "loaded_sequencer.py"


async def test_a_killed_engine_ends_the_run_and_nothing_hangs(tmp_path: Path) -> None:
    with pytest.raises(ExceptionGroup) as caught:  # noqa: PT012
        async with open_parts(tmp_path) as parts, running(*parts) as node:
            await node.sequencer.submit(signed_transfer(0).raw)
            await node.heard.until(lambda heard: bool(heard.included))
            assert node.vm.pid is not None
            os.kill(node.vm.pid, signal.SIGKILL)
            with pytest.raises((VmCrashed, asyncio.CancelledError)):
                await node.sequencer.submit(signed_transfer(1).raw)
            await asyncio.Event().wait()
    assert caught.group_contains(VmCrashed)


class FullDisk(NoJournal):
    """Writes fail from the start."""

    def append(self, raws: Sequence[bytes]) -> None:
        raise DiskFull("no space left on device")


async def test_what_the_disk_did_not_take_is_not_acknowledged_and_not_kept(tmp_path: Path) -> None:
    with pytest.raises(ExceptionGroup) as caught:  # noqa: PT012
        async with open_parts(tmp_path) as parts, running(*parts, journal=FullDisk()) as node:
            transaction = signed_transfer(0, 3)  # behind a gap: no block can take it meanwhile
            with pytest.raises(DiskFull):
                await node.sequencer.submit(transaction.raw)
            assert node.sequencer.find(transaction.hash) is None
            await asyncio.Event().wait()
    assert caught.group_contains(DiskFull)


async def test_a_plain_chain_needs_no_ledgers_no_journal_and_no_signature(tmp_path: Path) -> None:
    async with open_parts(tmp_path) as parts, running(*parts, PROMPT, None, journal=NoJournal()) as node:
        await node.sequencer.submit(signed_transfer(0).raw)
        await node.heard.until(lambda heard: bool(heard.included))
        assert node.heard.confirmations == [None] * len(node.heard.blocks)


@pytest.mark.slow
async def test_nothing_acknowledged_is_lost_and_no_confirmed_block_changes_over_kills(tmp_path: Path) -> None:
    acknowledged: set[Hash] = set()
    confirmed: dict[int, str] = {}
    for _ in range(4):
        for line in await run_until_killed(tmp_path, acknowledged_min=40):
            event = json.loads(line)
            if "acknowledged" in event:
                acknowledged.add(Hash(bytes.fromhex(event["acknowledged"])))
            else:
                assert confirmed.setdefault(event["number"], event["hash"]) == event["hash"]
    async with open_parts(tmp_path) as (vm, store), running(vm, store) as node:
        await node.sequencer.submit(signed_transfer(3, 0).raw)
        await node.heard.until(lambda heard: signed_transfer(3, 0).raw in heard.included)
        blocks = [store.blocks.block(number) for number in range(1, (store.blocks.head_number() or 0) + 1)]
    included = {keccak(raw) for block in blocks if block for raw in block.transactions}
    assert acknowledged <= included
    assert confirmed.items() <= {block.header.number: block.header.hash.hex() for block in blocks if block}.items()


async def run_until_killed(directory: Path, acknowledged_min: int) -> list[bytes]:
    """Complete lines that a sequencer under load printed before it was killed with its engine."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(LOAD), str(directory), stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None
    lines: list[bytes] = []
    async with asyncio.timeout(30):
        while sum(b"acknowledged" in line for line in lines) < acknowledged_min:
            line = await process.stdout.readline()
            assert line, "the sequencer ended by itself"
            lines.append(line)
        os.killpg(process.pid, signal.SIGKILL)
        rest = await process.stdout.read()
        await process.wait()
    return lines + [line for line in rest.splitlines(keepends=True) if line.endswith(b"\n")]
