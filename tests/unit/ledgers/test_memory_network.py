"""The memory network: commands to it, and its file through restarts, torn lines and kill -9."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ledgers.memory import MemoryNetwork, MemoryReader, MemoryRules
from ledgers.memory.transaction import build_transaction
from rollup.core.errors import BadDataDirectory, StoreCorrupted
from rollup.core.hashes import address_of, keccak

ROOT = Path(__file__).resolve().parents[3]
KEY = bytes(keccak(b"alice"))
ALICE = address_of(KEY)
RULES = MemoryRules(name="durable", accounts=((ALICE, 1_000_000),), block_time_s=0.001)


def open_network(path: Path, rules: MemoryRules = RULES) -> MemoryNetwork:
    return MemoryNetwork(rules, path, clock=lambda: 1_790_000_000.0)


def hashes(network: MemoryNetwork) -> list[bytes]:
    return [network.chain.block_at(height).block.hash for height in range(network.chain.head.height + 1)]


async def test_it_continues_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    network = open_network(path)
    transaction = build_transaction(network.chain.genesis_hash, KEY, 0, 3, b"payload")
    network.chain.admit(transaction)
    garbage = network.put_raw(b"garbage")
    await network.mine(2)
    await network.fund(ALICE, 5)
    await network.reorg(1, keep_transactions=True)
    await network.mine()
    again = open_network(path)
    assert hashes(again) == hashes(network)
    assert again.chain.heights == network.chain.heights == {transaction.tx_id: 1, garbage: 1}
    assert again.chain.balances == network.chain.balances
    assert again.chain.next_nonce(ALICE) == 1
    assert again.put_raw(b"garbage") != garbage
    await again.mine()
    assert hashes(open_network(path)) == hashes(again)


async def test_a_reorganisation_after_a_restart_makes_new_blocks(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    network = open_network(path)
    await network.mine(3)
    (dropped,) = await network.reorg(1, keep_transactions=False)
    again = open_network(path)
    (dropped_again,) = await again.reorg(1, keep_transactions=False)
    assert len({dropped.hash, dropped_again.hash, again.chain.head.hash}) == 3


@pytest.mark.parametrize("torn", ['{"blo', '{"block":[1790000000,0,[', "\x00\x00\x00"])
async def test_a_torn_last_line_is_cut(tmp_path: Path, torn: str) -> None:
    path = tmp_path / "ledger.jsonl"
    network = open_network(path)
    await network.mine(2)
    whole = path.read_text()
    path.write_text(whole + torn)
    again = open_network(path)
    assert hashes(again) == hashes(network)
    assert path.read_text() == whole


@pytest.mark.parametrize("line", ["nonsense", "[]", '{"block":[1,2]}', '{"block":[1,0,["zz"]]}', '{"other":1}'])
async def test_damage_in_the_middle_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "ledger.jsonl"
    await open_network(path).mine()
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(StoreCorrupted):
        open_network(path)


async def test_the_file_of_another_ledger_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    open_network(path)
    with pytest.raises(BadDataDirectory):
        open_network(path, MemoryRules(name="another"))


async def test_a_path_that_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadDataDirectory):
        open_network(tmp_path)


async def test_file_and_memory_do_not_part_when_the_miner_is_cancelled(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    network = open_network(path)
    for _ in range(20):
        mining = asyncio.ensure_future(network.mine(3))
        await asyncio.sleep(0)
        mining.cancel()
        with pytest.raises(asyncio.CancelledError):
            await mining
    await network.mine()
    assert hashes(open_network(path)) == hashes(network)


async def test_running_mines_by_the_clock_except_while_halted() -> None:
    network = MemoryNetwork(RULES)
    async with asyncio.timeout(5):
        running = asyncio.ensure_future(network.run())
        await network.wait_for_height(3)
        running.cancel()
    network.halt()
    height = network.chain.head.height
    assert await network.mine(2) == ()
    assert network.chain.head.height == height
    network.resume()
    assert [block.height for block in await network.mine(2)] == [height + 1, height + 2]


async def test_kept_transactions_wait_again_and_forgotten_ones_do_not() -> None:
    network = MemoryNetwork(RULES)
    for keep in (True, False):
        tx_id = network.put_raw(b"bytes")
        await network.mine()
        await network.reorg(1, keep_transactions=keep)
        assert (tx_id in network.chain.pool) is keep
        assert tx_id not in network.chain.heights


async def test_dropping_needs_a_waiting_transaction() -> None:
    network = MemoryNetwork(RULES)
    tx_id = network.put_raw(b"bytes")
    assert network.drop(tx_id)
    assert not network.drop(tx_id)


CHILD = """
import asyncio, sys
from pathlib import Path
from ledgers.memory import MemoryNetwork, MemoryRules

async def main():
    network = MemoryNetwork(MemoryRules(name="durable"), Path(sys.argv[1]))
    while True:
        network.put_raw(bytes(200))
        (block,) = await network.mine()
        print(block.hash.hex(), flush=True)

asyncio.run(main())
"""


def test_no_block_that_was_seen_is_lost_by_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    seen: list[str] = []
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
        ) as child:
            assert child.stdout is not None
            seen += [child.stdout.readline().strip() for _ in range(20)]
            child.send_signal(signal.SIGKILL)
            seen += [line.strip() for line in child.stdout if line.endswith("\n")]
        on_file = [digest.hex() for digest in hashes(MemoryNetwork(MemoryRules(name="durable"), path))]
        assert [digest for digest in on_file if digest in set(seen)] == seen


async def test_a_reader_lags_lies_and_comes_back() -> None:
    network = MemoryNetwork(RULES)
    reader, honest = MemoryReader(network, 7), MemoryReader(network, 7)
    await network.mine(5)
    reader.lag(2)
    assert (await reader.read_head()).block.height == 3
    reader.lag(0)
    reader.lie_about_block(4, keccak(b"lie"))
    assert (await reader.read_block(4)).hash == keccak(b"lie")
    assert (await reader.read_block(5)).parent_hash == (await honest.read_block(4)).hash
    reader.tell_truth()
    assert await reader.read_block(4) == await honest.read_block(4)


async def test_a_late_answer_comes() -> None:
    reader = MemoryReader(MemoryNetwork(RULES), 7)
    reader.delay(0.05)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await reader.read_head()
    assert (await reader.read_head()).block.height == 0
