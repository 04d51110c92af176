"""What keeps a node from starting: one line on standard error, an exit code by kind, no traceback."""

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from node_process import DEVNET, Finished, run_entresol, running

pytestmark = pytest.mark.slow


def check_refusal(done: Finished, code: int, words: str) -> None:
    assert done.code == code, done.err
    assert done.err.startswith("entresol: ")
    assert done.err.count("\n") == 1
    assert words in done.err
    assert done.out == ""


def test_a_taken_port_is_69(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run_entresol("devnet", "--data", tmp_path / "a", "--ledger-port", port, "--port", 0)
        check_refusal(done, 69, f"port {port}")
        done = run_entresol("devnet", "--data", tmp_path / "b", "--ledger-port", 0, "--port", port, "--evm-ledgers", 1)
        check_refusal(done, 69, f"port {port}")


def test_directories_that_cannot_be_used_are_73(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    check_refusal(run_entresol(*DEVNET, "--data", file), 73, str(file))
    check_refusal(run_entresol(*DEVNET, "--data", file / "below"), 73, str(file))
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "letter.txt").write_text("dear")
    check_refusal(run_entresol(*DEVNET, "--data", foreign), 73, "something else")
    assert [path.name for path in foreign.iterdir()] == ["letter.txt"]
    odd = tmp_path / "odd"
    (odd / "ledgers" / "0").mkdir(parents=True)
    (odd / "devnet.json").write_text('{"format": 1, "evm_ledgers": 1, "memory_ledgers": 1, "timestamp": 1790000000}\n')
    (odd / "ledgers" / "0" / "state").write_text("a file where a directory should be")
    check_refusal(run_entresol(*DEVNET, "--data", odd), 73, "state")


def test_a_directory_in_use_is_73_and_its_user_goes_on(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(tmp_path, *DEVNET, "--data", data) as node:
        assert node.call("eth_chainId")
        check_refusal(run_entresol(*DEVNET, "--data", data), 73, "in use")
        assert node.call("eth_blockNumber")


def unknown_key(home: Path) -> str:
    (home / "entresol.toml").write_text("speed = 9\n" + (home / "entresol.toml").read_text())
    return "speed"


def bad_value(home: Path) -> str:
    config = home / "entresol.toml"
    config.write_text(config.read_text().replace("port = 8545", "port = 99999"))
    return "rpc.port"


def missing_genesis(home: Path) -> str:
    (home / "rollup.json").unlink()
    return "rollup.json"


def torn_genesis(home: Path) -> str:
    (home / "rollup.json").write_text("{")
    return "rollup.json"


def open_key(home: Path) -> str:
    place_contracts(home)
    (home / "keys" / "poster.key").chmod(0o644)
    return "chmod 600"


def other_key(home: Path) -> str:
    place_contracts(home)
    (home / "keys" / "sequencer.key").write_text("0x" + "11" * 32)
    return "key"


def no_contract(home: Path) -> str:
    return "entresol deploy"


def place_contracts(home: Path) -> None:
    """Addresses as if they had been deployed."""
    genesis = json.loads((home / "rollup.json").read_text())
    for ledger in genesis["ledgers"]:
        ledger["address"] = "0x" + "22" * 20
    (home / "rollup.json").write_text(json.dumps(genesis))


@pytest.mark.parametrize(
    "spoil", [unknown_key, bad_value, missing_genesis, torn_genesis, open_key, other_key, no_contract]
)
def test_a_wrong_configuration_is_78(tmp_path: Path, spoil: Callable[[Path], str]) -> None:
    home = tmp_path / "home"
    assert run_entresol("init", home).code == 0
    words = spoil(home)
    check_refusal(run_entresol("run", "--config", home / "entresol.toml"), 78, words)


def test_wrong_usage_is_64(tmp_path: Path) -> None:
    check_refusal(run_entresol("devnet", "--no-such-option", cwd=tmp_path), 64, "--no-such-option")
