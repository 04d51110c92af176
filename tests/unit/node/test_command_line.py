"""The ``entresol`` command in this process: what it prints, and its exit codes. Not what starts a node: that arms a
watchdog which ends the process."""

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from answering_node import Answers, answering_node

from node.__main__ import run_command

HASH = "0x" + "ab" * 32
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Exit code, standard output and standard error of one command line."""

    def run_it(*arguments: object) -> tuple[int, str, str]:
        code = run_command([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run_it


def is_one_line(text: str) -> bool:
    return text.startswith("entresol: ") and text.count("\n") == 1


@pytest.mark.parametrize("command", [(), ("devnet",), ("init",), ("run",), ("keys",), ("status",), ("batches",)])
def test_help_explains_every_command(run: Run, command: tuple[str, ...]) -> None:
    code, out, _ = run(*command, "--help")
    assert code == 0
    assert "Usage: entresol" in out


@pytest.mark.parametrize(
    "arguments",
    [
        ("fly",),
        ("run", "--speed", "9"),
        ("keys", "burn"),
        ("devnet", "--port", "70000"),
        ("devnet", "--ephemeral", "--data", "x"),
        ("devnet", "--log-level", "loud"),
        ("devnet", "--evm-ledgers", "0"),
        ("batches", "--count", "0"),
        ("init", "--chain-id", "0"),
        ("init", "--ledger", "eip155:1"),
        ("init", "--ledger", "bip122:00=http://127.0.0.1:1"),
        ("init", "--ledger", "bip122:" + "0" * 32 + "=http://127.0.0.1:1"),
        ("init", "--ledger", "eip155:1=ftp://127.0.0.1"),
        ("init", "--finality", "soon"),
        ("init", "--finality", "eip155:9=tag"),
        ("init", "--fund", "0x01=5"),
        ("init", "--fund", "0x" + "11" * 20 + "=-5"),
        ("init", "--fund", "0x" + "11" * 20 + "=NaN"),
        ("init", "--fund", "0x" + "11" * 20 + "=1e-19"),
        ("init", "--fund", "0x" + "11" * 20),
    ],
)
def test_wrong_usage_is_one_line_and_64(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*arguments)
    assert (code, out) == (64, "")
    assert is_one_line(err)
    assert not list(tmp_path.iterdir())


def test_nothing_to_do_shows_the_help(run: Run) -> None:
    code, out, err = run()
    assert code == 64
    assert "Usage: entresol" in out + err


def test_init_writes_what_run_reads_and_overwrites_nothing(run: Run, tmp_path: Path) -> None:
    home = tmp_path / "home"
    code, out, _ = run("init", home)
    assert code == 0
    written = {path.relative_to(home): path.read_bytes() for path in home.rglob("*") if path.is_file()}
    assert {str(path) for path in written} == {
        "entresol.toml",
        "rollup.json",
        "keys/sequencer.key",
        "keys/poster.key",
        "keys/owner.key",
    }
    assert all(path.stat().st_mode & 0o077 == 0 for path in (home / "keys").iterdir())
    for name in ("sequencer", "poster", "owner"):
        assert run("keys", "show", home / "keys" / f"{name}.key")[1].strip() in out
    code, out, err = run("init", home)
    assert (code, out) == (73, "")
    assert is_one_line(err)
    assert {path.relative_to(home): path.read_bytes() for path in home.rglob("*") if path.is_file()} == written


def test_init_takes_ledgers_rules_and_funds(run: Run, tmp_path: Path) -> None:
    rich = "0x" + "11" * 20
    ledgers = ["--ledger", "eip155:5=http://127.0.0.1:1", "--ledger", "eip155:6=https://x.example/key"]
    rules = ["--finality", "instant", "--finality", "eip155:6=12"]
    assert run("init", tmp_path / "a", *ledgers, *rules, "--fund", f"{rich}=1.5", "--chain-id", 99)[0] == 0
    genesis = json.loads((tmp_path / "a" / "rollup.json").read_text())
    rows = [(row["ledger_id"], row["role"], row["finality"], row["finality_depth"]) for row in genesis["ledgers"]]
    assert rows == [("eip155:5", "anchor", "instant", 0), ("eip155:6", "mirror", "depth", 12)]
    assert (genesis["chain_id"], genesis["rollup_id"]) == (99, 99)
    assert genesis["alloc"][rich] == {"balance": hex(15 * 10**17)}
    assert not (tmp_path / "a" / "keys" / "owner.key").exists()


def test_init_where_it_may_not_write(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, _, err = run("init", tmp_path / "file")
    assert code == 73
    assert is_one_line(err)


@pytest.mark.parametrize("command", ["run", "deploy"])
def test_a_missing_configuration_is_78(run: Run, tmp_path: Path, command: str) -> None:
    code, _, err = run(command, "--config", tmp_path / "none.toml")
    assert code == 78
    assert is_one_line(err)
    assert "entresol init" in err


def test_keys_are_made_once_and_never_printed(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "one.key"
    code, made, _ = run("keys", "new", path)
    assert code == 0
    assert made.startswith("0x")
    assert len(made.strip()) == 42
    assert run("keys", "show", path)[1] == made
    assert path.stat().st_mode & 0o777 == 0o600
    secret = path.read_text().strip()
    code, out, err = run("keys", "new", path)
    assert (code, out) == (73, "")
    assert secret not in err
    assert path.read_text().strip() == secret


def test_key_files_that_cannot_be_used(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "bad.key"
    path.touch(mode=0o600)
    for content in (b"", b"0x", b"0x" + b"0" * 64, b"zz" * 32, b"0x" + b"f" * 64, b"11" * 31, b"\xff" * 32):
        path.write_bytes(content)
        code, out, err = run("keys", "show", path)
        assert (code, out) == (78, ""), content
        assert is_one_line(err)
        assert len(content) < 10 or content.decode("latin-1") not in err
    path.write_text("0x" + "11" * 32)
    path.chmod(0o640)
    assert "chmod 600" in run("keys", "show", path)[2]
    assert run("keys", "show", tmp_path)[0] == 78
    assert run("keys", "show", tmp_path / "none.key")[0] == 78


def ledger_row(index: int, **changes: object) -> dict[str, object]:
    return {
        "ledgerIndex": hex(index),
        "ledgerId": f"eip155:{index + 1}",
        "role": "mirror" if index else "anchor",
        "height": "0x64",
        "finalizedHeight": None,
        "lastBatchSeen": "0x2",
        "lastBatchFinal": "0x1",
        "outboxDepth": "0x0",
        "watched": True,
        "reachable": True,
        "error": "",
        "alarms": [],
    } | changes


def make_answers(batches: int, **changes: object) -> Answers:
    heads = {label: {"number": hex(number), "hash": HASH} for label, number in zip(LABELS, (9, 8, 7, 6), strict=True)}

    def batch(number: str) -> object:
        is_there = 1 <= int(number, 16) <= batches
        shape = {"number": number, "hash": HASH, "firstBlock": number, "lastBlock": number, "dataLength": "0x10"}
        return shape if is_there else None

    return {
        "rollup_heads": lambda: heads | {"received": "0x9"},
        "rollup_ledgers": lambda: [ledger_row(0, **changes), ledger_row(1, lastBatchSeen="0x1")],
        "rollup_alarms": lambda: [{"code": "equivocation", "message": "two batches 4"}],
        "rollup_getBatch": batch,
        "rollup_postings": lambda _: [],
    }


LABELS = ("unsafe", "safe", "finalized", "attested")


def test_status_shows_heads_ledgers_and_alarms(run: Run) -> None:
    with answering_node(make_answers(2, reachable=False, error="refused")) as url:
        code, out, _ = run("status", "--url", url)
        document = json.loads(run("status", "--url", url, "--json")[1])
    assert code == 0
    lines = out.splitlines()
    assert [line.split() for line in lines[:4]] == [
        [label, number, HASH] for label, number in zip(LABELS, "9876", strict=True)
    ]
    assert lines[5].split() == ["eip155:1", "anchor", "100", "-", "2", "1", "0", "refused"]
    assert lines[6].split()[-1] == "ok"
    assert lines[7] == "! equivocation: two batches 4"
    assert document.keys() == {"heads", "ledgers", "alarms"}


def test_batches_come_newest_first_with_those_still_on_their_way(run: Run) -> None:
    with answering_node(make_answers(5)) as url:
        document = json.loads(run("batches", "--url", url, "--json")[1])
        few = json.loads(run("batches", "--url", url, "--json", "--count", 2)[1])
        lines = run("batches", "--url", url)[1].splitlines()
    assert [int(row["number"], 16) for row in document] == [5, 4, 3, 2, 1]
    assert [int(row["number"], 16) for row in few] == [5, 4]
    states = [[posting["state"] for posting in row["postings"]] for row in document]
    assert states == [["unseen", "unseen"]] * 3 + [["included", "unseen"], ["final", "final"]]
    assert lines[0].split() == ["batch", "hash", "blocks", "bytes", "where"]
    assert lines[1].split()[:4] == ["5", HASH[:12], "5-5", "16"]


def test_batches_of_a_young_node_are_none(run: Run) -> None:
    with answering_node(make_answers(0, lastBatchSeen="0x0")) as url:
        assert run("batches", "--url", url, "--json")[1] == "[]\n"


@pytest.mark.parametrize("command", ["status", "batches"])
def test_asking_where_no_node_is(run: Run, command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    code, _, err = run(command, "--url", f"http://127.0.0.1:{port}")
    assert code == 75
    assert is_one_line(err)
    with answering_node({}) as url:
        code, _, err = run(command, "--url", url)
    assert code == 64
    assert "no node of a rollup" in err


def test_an_address_without_its_scheme_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["status", "--url", "127.0.0.1:8545"]) == 64
    assert "write http://" in capsys.readouterr().err
