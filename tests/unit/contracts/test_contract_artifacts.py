"""The committed artefacts belong to the committed sources, and what Python knows of them fits their ABI."""

import json
from pathlib import Path
from typing import Any

import pytest

import contracts
from contracts import (
    BATCH_MIRRORED_TOPIC,
    BATCH_POSTED_TOPIC,
    DEPLOYMENT_PROXY,
    MULTICALL3,
    POST_BATCH_SELECTOR,
    PREDEPLOYS,
    encode_constructor,
    load_artifact,
)
from contracts.artifact import constructor_types
from contracts.predeploys import HISTORY_STORAGE
from contracts.sources import read_closure, source_hash
from rollup.core.deposit import LEDGER_ORACLE, SET_CURSORS_SELECTOR
from rollup.core.hashes import keccak

PACKAGE = Path(contracts.__file__).parent
NAMES = sorted(path.stem for path in (PACKAGE / "artifacts").glob("*.json"))
CODE_BYTES_MAX = 24_576  # EIP-170


def signature(entry: dict[str, Any]) -> bytes:
    return f"{entry['name']}({','.join(type_of(parameter) for parameter in entry['inputs'])})".encode()


def type_of(parameter: dict[str, Any]) -> str:
    if not parameter["type"].startswith("tuple"):
        return str(parameter["type"])
    inner = ",".join(type_of(component) for component in parameter["components"])
    return f"({inner}){parameter['type'].removeprefix('tuple')}"


def hashes_of(name: str, kind: str) -> set[bytes]:
    return {keccak(signature(entry)) for entry in load_artifact(name).abi if entry["type"] == kind}


@pytest.mark.parametrize("name", NAMES)
def test_the_artefact_is_not_stale(name: str) -> None:
    assert load_artifact(name).source_hash == source_hash(name), "run scripts/compile-contracts"


@pytest.mark.parametrize("name", NAMES)
def test_the_artefact_is_whole(name: str) -> None:
    artifact = load_artifact(name)
    assert artifact.contract == name
    assert 0 < len(artifact.runtime) <= CODE_BYTES_MAX
    assert len(artifact.bytecode) > len(artifact.runtime)
    assert artifact.settings["metadata"] == {"appendCBOR": False, "bytecodeHash": "none"}


@pytest.mark.parametrize("name", NAMES)
def test_compiler_and_library_are_those_of_the_package_file(name: str) -> None:
    wanted = json.loads((PACKAGE / "package.json").read_text())["devDependencies"]
    artifact = load_artifact(name)
    assert artifact.compiler == f"solc {wanted['solc']}"
    assert artifact.library == f"@openzeppelin/contracts {wanted['@openzeppelin/contracts']}"


def test_every_source_is_part_of_an_artefact() -> None:
    sources = {path.name for path in (PACKAGE / "src").glob("*.sol")}
    assert sources == {source for name in NAMES for source in read_closure(name)}


def test_the_closure_follows_imports_of_the_project_only() -> None:
    assert list(read_closure("BatchInbox")) == ["BatchHeader.sol", "BatchInbox.sol", "BatchLedger.sol", "StrictRlp.sol"]
    assert list(read_closure("DemoToken")) == ["DemoToken.sol"]


@pytest.mark.parametrize("name", ["BatchInbox", "MirrorAnchor"])
def test_selectors_and_topics_fit_the_settlement_contracts(name: str) -> None:
    assert POST_BATCH_SELECTOR in {digest[:4] for digest in hashes_of(name, "function")}
    assert hashes_of(name, "event") == {BATCH_POSTED_TOPIC if name == "BatchInbox" else BATCH_MIRRORED_TOPIC}


def test_the_cursor_deposit_calls_the_oracle() -> None:
    assert SET_CURSORS_SELECTOR in {digest[:4] for digest in hashes_of("LedgerOracle", "function")}


def test_predeploys_have_the_code_that_tools_expect() -> None:
    codes = dict(PREDEPLOYS)
    assert list(codes) == [LEDGER_ORACLE, MULTICALL3, DEPLOYMENT_PROXY, HISTORY_STORAGE]
    assert codes[LEDGER_ORACLE] == load_artifact("LedgerOracle").runtime
    assert codes[MULTICALL3] == load_artifact("Multicall3").runtime
    # the address of the proxy is that of a transaction signed by nobody; its code's hash is the one that tools compare
    assert len(codes[DEPLOYMENT_PROXY]) == 69
    digest = "2fa86add0aed31f33a762c9d88e807c475bd51d0f52bd0955754b2608f7e4989"
    assert keccak(codes[DEPLOYMENT_PROXY]).hex() == digest
    assert keccak(codes[HISTORY_STORAGE]).hex() == "6e49e66782037c0555897870e29fa5e552daf4719552131a0abce779daec0a5d"


def test_predeploys_have_no_constructor_to_miss() -> None:
    assert constructor_types(load_artifact("LedgerOracle")) == []
    assert constructor_types(load_artifact("Multicall3")) == []


def test_constructor_arguments_follow_the_bytecode() -> None:
    inbox = load_artifact("BatchInbox")
    init_code = encode_constructor(inbox, [b"\x11" * 20, 7, b"\x22" * 32])
    assert init_code == inbox.bytecode + bytes(12) + b"\x11" * 20 + bytes(31) + b"\x07" + b"\x22" * 32
    counter = load_artifact("DemoCounter")
    assert encode_constructor(counter, []) == counter.bytecode


def test_a_name_that_is_none_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        load_artifact("Nothing")
