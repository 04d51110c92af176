"""Whole nodes whose own ground moves: the clock, the outbox, the engine."""

import os
import signal
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import plyvel
from eth_account import Account
from ledger_world import (
    ANCHOR,
    CHAIN_ID,
    EVERYWHERE,
    USER_KEY,
    NodePlan,
    WholeNode,
    build_world,
    run_until_fatal,
    run_whole_node,
)

from rollup.core.confirmation import SoftConfirmation, check_confirmation
from rollup.core.errors import VmCrashed
from rollup.core.ids import BlockNumber, Hash
from rollup.sequencer.reasons import REPLACED
from rollup.store.keys import OPEN_POSTINGS, POSTINGS


def timestamps(node: WholeNode) -> Iterator[int]:
    blocks = node.inner.chain.store.blocks
    for number in range((blocks.head_number() or 0) + 1):
        header = blocks.header(BlockNumber(number))
        assert header is not None
        yield header.timestamp


async def test_a_clock_that_goes_back_never_turns_block_times_back(tmp_path: Path) -> None:
    now = [1_900_000_000.0]
    world = build_world()
    async with run_whole_node(world, tmp_path / "sequencer", NodePlan(clock=lambda: now[0])) as node:
        for step in (0.0, 5.0, -3_600.0, 1.0, -1e9, 1.0):
            now[0] += step
            last = await node.seal_final_batch()
        hashes, times = node.hashes(), list(timestamps(node))
    assert all(earlier <= later for earlier, later in pairwise(times))
    assert times[-1] == 1_900_000_005
    async with run_whole_node(world, tmp_path / "sequencer", NodePlan(clock=lambda: 1_900_000_100.0)) as node:
        await node.seal_final_batch()
        assert list(timestamps(node))[-1] == 1_900_000_100
    async with run_whole_node(world, tmp_path / "follower", NodePlan(key=None)) as follower:
        await follower.until(lambda: follower.inner.driver.heads().finalized > last.header.last_block)
        assert follower.hashes()[: len(hashes)] == hashes
        assert not follower.alarms()


def forget_outbox(data: Path) -> int:
    """Delete every row, as an operator with a tool might; how many there were."""
    database = plyvel.DB(str(data / "node"))
    keys = [
        key
        for table in (POSTINGS, OPEN_POSTINGS)
        for key in database.iterator(prefix=table.prefix, include_value=False)
    ]
    for key in keys:
        database.delete(key)
    database.close()
    return len(keys)


async def test_a_lost_outbox_is_rebuilt_from_the_ledgers_and_nothing_is_posted_twice(tmp_path: Path) -> None:
    """One batch is final everywhere, one is included, one only sent when the rows are lost."""
    world = build_world()
    async with run_whole_node(world, tmp_path) as node:
        await node.seal_final_batch()
        await node.seal_batch()
        await node.until(lambda: all(node.row(index, 2).state == "included" for index in EVERYWHERE), mining=EVERYWHERE)
        await node.seal_batch()
        await node.until(lambda: all(node.row(index, 3).state == "sent" for index in EVERYWHERE))
        hashes = node.hashes()
    assert forget_outbox(tmp_path) >= 9
    async with run_whole_node(world, tmp_path) as node:
        await node.settle(2)
        await node.settle(3)
        assert node.hashes() == hashes
        assert (await node.seal_final_batch()).header.number == 4
        await world.check_posted_once()
        assert [number for number, _ in await world.carried(ANCHOR)] == [1, 2, 3, 4]
        assert not node.alarms()


async def test_the_death_of_the_engine_ends_the_node_and_loses_nothing(tmp_path: Path) -> None:
    world = build_world()
    hashes = []

    async def kill_engine(node: WholeNode) -> None:
        await node.seal_final_batch()
        hashes[:] = node.hashes()
        os.kill(node.inner.chain.vm.pid, signal.SIGKILL)

    assert isinstance(await run_until_fatal(world, tmp_path, kill_engine), VmCrashed)
    async with run_whole_node(world, tmp_path) as node:
        assert node.hashes() == hashes
        assert (await node.seal_final_batch()).header.number == 2


async def test_the_time_that_blocks_take_in_the_engine_is_measured(tmp_path: Path) -> None:
    world = build_world()
    async with run_whole_node(world, tmp_path) as node:
        await node.seal_batch()
        async with aiohttp.ClientSession() as session, session.get(node.inner.server.url + "/metrics") as answer:
            lines = (await answer.text()).splitlines()
        counts = [float(line.split()[1]) for line in lines if line.startswith("entresol_vm_block_seconds_count")]
        assert counts[0] >= 1


async def test_the_word_on_a_block_is_given_to_whoever_asks_and_outlives_the_process(tmp_path: Path) -> None:
    world = build_world()
    async with run_whole_node(world, tmp_path, NodePlan()) as node:
        number = (await node.seal_batch()).header.last_block
        given = await ask(node, "rollup_getConfirmation", hex(number))
        assert await ask(node, "rollup_getConfirmation", "0x0") is None
        block_hash = node.hashes()[number]
    confirmation = SoftConfirmation(number, Hash(block_hash), bytes.fromhex(given["signature"][2:]))
    assert (given["number"], given["hash"]) == (hex(number), "0x" + block_hash.hex())
    check_confirmation(confirmation, world.genesis.rollup_id, world.genesis.sequencer)
    async with run_whole_node(world, tmp_path, NodePlan()) as node:
        assert await ask(node, "rollup_getConfirmation", hex(number)) == given
    async with run_whole_node(world, tmp_path / "follower", NodePlan(key=None)) as follower:
        assert await ask(follower, "rollup_getConfirmation", hex(number)) == -32601


async def test_whoever_asks_learns_why_a_transaction_left_the_pool(tmp_path: Path) -> None:
    async with run_whole_node(build_world(), tmp_path, NodePlan()) as node:
        await node.seal_batch()
        waiting, better = (sign_behind_a_gap(fee) for fee in (10**11, 2 * 10**11))
        first = await ask(node, "eth_sendRawTransaction", waiting)
        assert await ask(node, "rollup_getDropReason", first) is None
        second = await ask(node, "eth_sendRawTransaction", better)
        assert await ask(node, "rollup_getDropReason", first) == REPLACED
        assert await ask(node, "rollup_getDropReason", second) is None


def sign_behind_a_gap(fee: int) -> str:
    fields = {"type": 2, "chainId": CHAIN_ID, "nonce": 50, "maxFeePerGas": fee, "maxPriorityFeePerGas": fee}
    fields |= {"gas": 21_000, "to": "0x" + "00" * 18 + "ee01", "value": 1}
    return "0x" + bytes(Account.from_key(USER_KEY).sign_transaction(fields).raw_transaction).hex()


async def ask(node: WholeNode, method: str, *params: object) -> Any:
    """The result, or the code of the error."""
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    async with aiohttp.ClientSession() as session, session.post(node.inner.server.url, json=body) as response:
        answer = await response.json()
    return answer["error"]["code"] if "error" in answer else answer["result"]
