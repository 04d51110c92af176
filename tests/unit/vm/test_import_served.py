"""``entresol import``, ``serve`` and ``export`` over a small foreign chain: commands, refusals, answers by fork."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from eth_account import Account
from foreign_chain import ACCOUNTS, BLOCKS_PER_FORK, CHAIN_ID, FORKS, KEYS, STORER, make_chain

from node.__main__ import run_command
from node.imported_chain import ImportLayout, import_chain, read_import
from node.served_chain import ServeOptions, open_served_chain
from rollup.core.errors import BadDataDirectory
from rollup.core.forks import Fork

HEAD = len(FORKS) * BLOCKS_PER_FORK - 1
WORDS: list[str] = []


def write_chain(path: Path, blocks: int | None = None) -> tuple[Path, Path]:
    """genesis.json and chain.rlp, as geth would leave them."""
    chain = make_chain()
    genesis, file = path / "genesis.json", path / "chain.rlp"
    genesis.write_text(json.dumps(chain.genesis))
    file.write_bytes(b"".join(chain.blocks[:blocks]))
    return genesis, file


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An imported chain."""
    path = tmp_path_factory.mktemp("served")
    genesis, file = write_chain(path)
    import_chain(genesis, file, path / "data", WORDS.append)
    return path / "data"


class Asker:
    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def __call__(self, method: str, *params: object) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        async with self._session.post(self._url, json=body) as response:
            answer = await response.json()
        return answer.get("result", answer.get("error"))


@pytest.fixture
async def ask(directory: Path) -> AsyncIterator[Asker]:
    async with open_served_chain(directory, ServeOptions(port=0)) as serving, aiohttp.ClientSession() as session:
        running = asyncio.create_task(serving.run())
        yield Asker(session, serving.server.url)
        running.cancel()
        await asyncio.wait([running])


def first_block(fork: Fork) -> str:
    """The second block of a fork: the first is block 0 for Frontier."""
    return hex([each for each, _ in FORKS].index(fork) * BLOCKS_PER_FORK + 1)


def test_what_was_imported_is_exported_byte_for_byte(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = directory.parent / "out.rlp"
    assert run_command(["export", "--data", str(directory), "--chain", str(out)]) == 0
    assert run_command(["export", "--data", str(directory), "--chain", str(out)]) == 73
    assert out.read_bytes() == make_chain().file
    assert capsys.readouterr().out == f"{out}: {HEAD} blocks\n"


def test_an_import_that_finds_a_difference_says_where_and_goes_on_later(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    genesis, file = write_chain(tmp_path)
    good = file.read_bytes()
    damaged = bytearray(good)
    damaged[len(b"".join(make_chain().blocks[:4])) + 150] ^= 1
    file.write_bytes(bytes(damaged))
    command = ["import", "--genesis", str(genesis), "--chain", str(file), "--data", str(tmp_path / "data")]
    assert run_command(command) == 65
    assert "block 5 (0x" in capsys.readouterr().err
    file.write_bytes(good)
    assert run_command(command) == 0
    assert capsys.readouterr().out == f"block {HEAD} 0x{make_chain().hashes[-1].hex()}, every root verified\n"


def test_directories_of_others_are_refused(tmp_path: Path) -> None:
    genesis, file = write_chain(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    (other / "notes.txt").write_text("mine")
    with pytest.raises(BadDataDirectory, match="holds something else"):
        import_chain(genesis, file, other, WORDS.append)
    with pytest.raises(BadDataDirectory, match="use entresol import first"):
        read_import(tmp_path / "nothing")


def test_another_genesis_is_refused(directory: Path, tmp_path: Path) -> None:
    genesis, file = write_chain(tmp_path)
    genesis.write_text(json.dumps(make_chain().genesis | {"extraData": "0x01"}))
    with pytest.raises(BadDataDirectory, match="genesis"):
        import_chain(genesis, file, directory, WORDS.append)
    assert json.loads(ImportLayout(directory).genesis.read_text()) == make_chain().genesis


async def test_labels_and_ids_are_those_of_the_chain(ask: Asker) -> None:
    assert await ask("eth_blockNumber") == hex(HEAD)
    assert await ask("net_version") == str(CHAIN_ID)
    for tag in ("latest", "safe", "finalized", "pending"):
        assert (await ask("eth_getBlockByNumber", tag, False))["number"] == hex(HEAD)


@pytest.mark.parametrize(
    ("fork", "absent", "present"),
    [
        (Fork.FRONTIER, {"baseFeePerGas", "withdrawals"}, {"mixHash", "uncles"}),
        (Fork.LONDON, {"withdrawals", "blobGasUsed"}, {"baseFeePerGas"}),
        (Fork.SHANGHAI, {"blobGasUsed", "parentBeaconBlockRoot"}, {"withdrawals", "withdrawalsRoot"}),
        (Fork.CANCUN, {"requestsHash"}, {"blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot"}),
        (Fork.PRAGUE, {"totalDifficulty"}, {"requestsHash"}),
    ],
)
async def test_blocks_show_what_their_fork_has(ask: Asker, fork: Fork, absent: set[str], present: set[str]) -> None:
    block = await ask("eth_getBlockByNumber", first_block(fork), False)
    assert block.keys() & absent == set()
    assert present <= block.keys()
    number = int(block["number"], 16)
    assert (block["hash"], int(block["size"], 16)) == (
        "0x" + make_chain().hashes[number].hex(),
        len(make_chain().blocks[number - 1]),
    )


async def test_receipts_have_a_root_before_byzantium_and_blob_gas_after_cancun(ask: Asker) -> None:
    old = await ask("eth_getBlockReceipts", first_block(Fork.HOMESTEAD))
    assert {"root"} <= old[0].keys()
    assert "status" not in old[0]
    new = await ask("eth_getBlockReceipts", first_block(Fork.CANCUN))
    assert [(each["blobGasUsed"], each["blobGasPrice"]) for each in new if each["type"] == "0x3"] == [
        ("0x40000", "0x1")
    ]


async def test_an_ommer_is_shown_as_a_block(ask: Asker) -> None:
    assert await ask("eth_getUncleCountByBlockNumber", "0x3") == "0x1"
    ommer = await ask("eth_getUncleByBlockNumberAndIndex", "0x3", "0x0")
    assert (ommer["number"], ommer["extraData"]) == ("0x2", "0x" + b"ommer".hex())
    assert await ask("eth_getUncleByBlockNumberAndIndex", "0x3", "0x1") is None


async def test_calls_follow_the_fork_of_their_block(ask: Asker) -> None:
    """PUSH0 exists from Shanghai on; data is dearer before Istanbul; London has a base fee."""
    push0 = {"to": "0x" + "ee" * 20, "gas": "0x186a0"}
    code = {push0["to"]: {"code": "0x5f5ff3"}}
    assert "message" in await ask("eth_call", push0, first_block(Fork.PARIS), code)
    assert await ask("eth_call", push0, first_block(Fork.SHANGHAI), code) == "0x"
    loud = {"from": "0x" + ACCOUNTS[0].hex(), "to": "0x" + "ee" * 20, "data": "0x" + "01" * 10}
    assert await ask("eth_estimateGas", loud, first_block(Fork.BYZANTIUM)) == hex(21_000 + 680)
    assert await ask("eth_estimateGas", loud, first_block(Fork.ISTANBUL)) == hex(21_000 + 160)
    assert await ask("eth_estimateGas", loud, first_block(Fork.PRAGUE)) == hex(21_000 + 400)


async def test_transactions_wait_for_ever(ask: Asker) -> None:
    sender = "0x" + ACCOUNTS[0].hex()
    nonce = int(await ask("eth_getTransactionCount", sender, "latest"), 16)
    fields = {"chainId": CHAIN_ID, "nonce": nonce, "gas": 100_000, "to": STORER, "value": 0}
    signed = Account.sign_transaction(fields | {"maxFeePerGas": 10**10, "maxPriorityFeePerGas": 1}, KEYS[0])
    sent = await ask("eth_sendRawTransaction", "0x" + signed.raw_transaction.hex())
    assert (await ask("eth_getTransactionByHash", sent))["blockNumber"] is None
    assert await ask("eth_getTransactionCount", sender, "pending") == hex(nonce + 1)
    assert await ask("eth_getTransactionCount", sender, "latest") == hex(nonce)
    assert await ask("eth_blockNumber") == hex(HEAD)


async def test_fee_history_crosses_forks(ask: Asker) -> None:
    newest = int(first_block(Fork.LONDON), 16)
    history = await ask("eth_feeHistory", "0x3", hex(newest), [50])
    assert history["baseFeePerGas"][0] == "0x0"
    assert history["baseFeePerGas"][1] == hex(10**9)
    assert history["baseFeePerBlobGas"] == ["0x0"] * 4
    last = await ask("eth_feeHistory", "0x1", "latest", [])
    assert last["baseFeePerBlobGas"] == ["0x1", "0x1"]
    assert last["blobGasUsedRatio"] == [2 / 9]
