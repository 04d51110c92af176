"""What the README tells an operator to do, against two foreign EVM ledgers: init, deploy, run, follow, look."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from anvil_process import start_anvil
from chain_driver import Chain
from eth_account import Account
from operator_node import entresol, running_node, wait_for

from node.keys import checksum_address_of, read_key

COIN = 10**18
ANCHOR, MIRROR = "eip155:31337", "eip155:31338"
RECIPIENT = "0x00000000000000000000000000000000000000AA"


@dataclass(frozen=True, slots=True)
class Home:
    """An operator's directory, and the ledgers that it is made for."""

    path: Path
    ledgers: tuple[Chain, Chain]

    @property
    def config(self) -> Path:
        return self.path / "entresol.toml"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """Freshly initialised. The anchor's finality is its tag, the mirror's a depth."""
    with ExitStack() as stack:
        quick = ("--block-time", "1", "--slots-in-an-epoch", "1")
        anvils = [stack.enter_context(start_anvil("--chain-id", chain_id, *quick)) for chain_id in ("31337", "31338")]
        chains = [stack.enter_context(Chain(anvil.url)) for anvil in anvils]
        options = ["--ledger", f"{ANCHOR}={anvils[0].url}", "--ledger", f"{MIRROR}={anvils[1].url}"]
        made = entresol("init", tmp_path / "home", *options, "--finality", f"{MIRROR}=1")
        assert made.code == 0, made.err
        yield Home(tmp_path / "home", (chains[0], chains[1]))


def fund_poster(home: Home) -> None:
    poster = checksum_address_of(read_key(home.path / "keys" / "poster.key"))
    for ledger in home.ledgers:
        ledger.rpc("anvil_setBalance", poster, hex(100 * COIN))


def write_follower(home: Home, tmp_path: Path) -> Path:
    """What docs/operations.md says that a follower needs: the genesis, and the ledgers' addresses without keys."""
    place = tmp_path / "follower"
    place.mkdir()
    (place / "rollup.json").write_bytes((home.path / "rollup.json").read_bytes())
    lines = [line for line in home.config.read_text().splitlines() if not line.startswith("key_file")]
    config = place / "follower.toml"
    config.write_text("\n".join(lines).replace('role = "sequencer"', 'role = "follower"'))
    return config


def send_transfers(node: Chain, key: bytes, count: int) -> list[str]:
    chain_id = int(node.rpc("eth_chainId"), 16)
    price = int(wait_for(lambda: node.rpc("eth_gasPrice")), 16)
    hashes = []
    for nonce in range(count):
        fields = {"to": RECIPIENT, "value": COIN, "gas": 21_000, "gasPrice": price, "nonce": nonce, "chainId": chain_id}
        raw = Account.from_key(key).sign_transaction(fields).raw_transaction
        hashes.append(node.rpc("eth_sendRawTransaction", "0x" + bytes(raw).hex()))
    return hashes


def final_batches(node: Chain) -> int:
    """The number up to which every ledger holds all batches finally."""
    return min(int(row["lastBatchFinal"], 16) for row in node.rpc("rollup_ledgers"))


def test_deploying_twice_places_the_contracts_once(home: Home) -> None:
    poor = entresol("deploy", "--config", home.config)
    assert poor.code == 75
    assert f"cannot pay for the contract on {ANCHOR}" in poor.err
    fund_poster(home)
    first = entresol("deploy", "--config", home.config)
    placed = home.path.joinpath("rollup.json").read_text()
    second = entresol("deploy", "--config", home.config)
    assert (first.code, second.code) == (0, 0), first.err + second.err
    assert first.out == second.out
    assert home.path.joinpath("rollup.json").read_text() == placed
    assert all(row["address"] for row in json.loads(placed)["ledgers"])


def test_running_before_deploying_says_what_to_do(home: Home) -> None:
    early = entresol("run", "--config", home.config)
    assert early.code == 78
    assert "run `entresol deploy` first" in early.err


def test_sequencer_settles_on_both_ledgers_and_a_follower_derives_the_same(home: Home, tmp_path: Path) -> None:
    fund_poster(home)
    assert entresol("deploy", "--config", home.config).code == 0
    follower = write_follower(home, tmp_path)
    with running_node(home.config, tmp_path / "sequencer.log") as node:
        wait_for(lambda: not node.rpc("rollup_alarms") and int(node.rpc("eth_blockNumber"), 16))
        sent = send_transfers(node, read_key(home.path / "keys" / "owner.key"), 5)
        receipt = wait_for(lambda: node.rpc("eth_getTransactionReceipt", sent[-1]))
        block = int(receipt["blockNumber"], 16)
        batch = wait_for(lambda: node.rpc("rollup_getBatchByBlock", hex(block)))
        wait_for(lambda: final_batches(node) >= int(batch["number"], 16))
        wait_for(lambda: int(node.rpc("rollup_heads")["attested"]["number"], 16) >= block)
        check_commands(node, int(batch["number"], 16))
        with running_node(follower, tmp_path / "follower.log") as reader:
            wait_for(lambda: int(reader.rpc("eth_blockNumber"), 16) >= block)
            hashes = {chain.rpc("eth_getBlockByNumber", hex(block), False)["hash"] for chain in (node, reader)}
            assert len(hashes) == 1
            assert int(reader.rpc("eth_getBalance", RECIPIENT, "safe"), 16) == 5 * COIN
            listed = json.loads(entresol("batches", "--json", "--url", reader.url).out)
            assert {row["state"] for row in listed[-1]["postings"]} == {"final"}
    again_with_the_same_state(home, tmp_path, block, hashes)


def check_commands(node: Chain, batch: int) -> None:
    """``entresol status`` and ``batches`` show what the node knows."""
    status = entresol("status", "--url", node.url)
    assert status.code == 0, status.err
    assert status.out.startswith("unsafe ")
    assert ANCHOR in status.out
    listed = json.loads(entresol("batches", "--json", "--count", 1000, "--url", node.url).out)
    numbers = [int(row["number"], 16) for row in listed]
    assert numbers == list(range(numbers[0], 0, -1))
    settled = next(row for row in listed if int(row["number"], 16) == batch)
    assert {row["ledgerId"]: row["state"] for row in settled["postings"]} == {ANCHOR: "final", MIRROR: "final"}
    assert settled["hash"][:12] in entresol("batches", "--count", 1000, "--url", node.url).out


def again_with_the_same_state(home: Home, tmp_path: Path, block: int, hashes: set[str]) -> None:
    """A second start continues where the first one ended."""
    with running_node(home.config, tmp_path / "again.log") as node:
        assert node.rpc("eth_getBlockByNumber", hex(block), False)["hash"] in hashes
        before = int(node.rpc("eth_blockNumber"), 16)
        wait_for(lambda: int(node.rpc("eth_blockNumber"), 16) > before)
