"""The rollup's genesis as a file: what is written is what is read, and mistakes are named."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from node.genesis_file import LEDGERS_MAX, check_genesis, read_genesis, write_genesis
from node.rollup_genesis import build_rollup_genesis
from rollup.core.batch import HEADER_BYTES_MAX, BatchHeader, encode_header
from rollup.core.cursor import Cursor
from rollup.core.errors import BadConfig
from rollup.core.genesis import FinalityRule, GenesisAccount, LedgerRole, LedgerSpec, RollupGenesis
from rollup.core.ids import ZERO_HASH, Address, BatchNumber, BlockNumber, LedgerId, LedgerIndex

SEQUENCER, RICH = Address(b"\x01" * 20), Address(b"\x02" * 20)


def make_spec(index: int, **changes: Any) -> LedgerSpec:
    spec = LedgerSpec(
        index=LedgerIndex(index),
        ledger_id=LedgerId(f"eip155:{index + 1}"),
        family="evm",
        role=LedgerRole.MIRROR if index else LedgerRole.ANCHOR,
        finality=FinalityRule.DEPTH,
        finality_depth=12,
        address="0x" + "ab" * 20,
        start_height=7,
    )
    return replace(spec, **changes)


def make_genesis(*specs: LedgerSpec) -> RollupGenesis:
    return build_rollup_genesis(77, SEQUENCER, specs or (make_spec(0), make_spec(1)), 1_700_000_000, {RICH: 10**24})


def test_reading_gives_back_what_was_written(tmp_path: Path) -> None:
    genesis = make_genesis()
    odd = (Address(b"\x03" * 20), GenesisAccount(1, 2, b"\x60\x00", ((0, 1), (2**255, 2**256 - 1))))
    genesis = replace(genesis, chain=replace(genesis.chain, alloc=(*genesis.chain.alloc, odd)))
    write_genesis(tmp_path / "rollup.json", genesis)
    assert read_genesis(tmp_path / "rollup.json") == genesis
    assert [path.name for path in tmp_path.iterdir()] == ["rollup.json"]


@pytest.mark.parametrize("count", range(1, 8))
def test_attested_needs_a_strict_majority(count: int) -> None:
    genesis = make_genesis(*(make_spec(index) for index in range(count)))
    check_genesis(genesis)
    assert 2 * genesis.attested_min > count
    with pytest.raises(BadConfig, match="attested_min"):
        check_genesis(replace(genesis, attested_min=count // 2))


def test_more_ledgers_than_a_header_has_room_for_are_refused() -> None:
    check_genesis(make_genesis(*(make_spec(index) for index in range(LEDGERS_MAX))))
    with pytest.raises(BadConfig, match="at most 40"):
        check_genesis(make_genesis(*(make_spec(index) for index in range(LEDGERS_MAX + 1))))
    top = 2**64 - 1
    cursors = tuple(
        Cursor(LedgerIndex(2**16 - LEDGERS_MAX + index), top, ZERO_HASH, top, ZERO_HASH) for index in range(LEDGERS_MAX)
    )
    number, block, small, roots = BatchNumber(top), BlockNumber(top), 2**32 - 1, (ZERO_HASH,) * 4
    header = BatchHeader(1, small, number, ZERO_HASH, block, block, *roots, small, cursors, top, top, small)
    assert len(encode_header(header)) <= HEADER_BYTES_MAX


def test_lying_ledgers_raise_what_attested_needs() -> None:
    genesis = replace(make_genesis(*(make_spec(index) for index in range(4))), lying_ledgers_max=1)
    with pytest.raises(BadConfig, match="lying_ledgers_max"):
        check_genesis(replace(genesis, attested_min=2))
    check_genesis(replace(genesis, attested_min=3))


@pytest.mark.parametrize(
    ("specs", "words"),
    [
        ((make_spec(1, role=LedgerRole.ANCHOR),), "count from 0"),
        ((make_spec(0), make_spec(1, ledger_id="eip155:1")), "may stand once"),
        ((make_spec(0), make_spec(1, role=LedgerRole.ANCHOR)), "exactly one"),
        ((make_spec(0, role=LedgerRole.MIRROR),), "exactly one"),
    ],
)
def test_ledgers_that_do_not_go_together(specs: tuple[LedgerSpec, ...], words: str) -> None:
    with pytest.raises(BadConfig, match=words):
        check_genesis(make_genesis(*specs))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("format",), 2),
        (("chain_id",), 0),
        (("chain_id",), 2**53),
        (("sequencer",), "0x01"),
        (("sequencer",), "01" * 20),
        (("sequencer",), "0x" + "zz" * 20),
        (("coinbase",), 5),
        (("extra_data",), "0x" + "00" * 33),
        (("fee", "elasticity"), 0),
        (("fee", "base_fee_min_wei"), "lots"),
        (("ledgers",), []),
        (("ledgers", 0, "role"), "boss"),
        (("ledgers", 0, "finality"), "soon"),
        (("ledgers", 0, "ledger_id"), "ethereum"),
        (("ledgers", 0, "start_height"), -1),
        (("surprise",), 1),
        (("ledgers", 0, "surprise"), 1),
    ],
)
def test_wrong_values_are_named(tmp_path: Path, path: tuple[str | int, ...], value: object) -> None:
    file = tmp_path / "rollup.json"
    write_genesis(file, make_genesis())
    document = json.loads(file.read_bytes())
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    file.write_text(json.dumps(document))
    with pytest.raises(BadConfig) as caught:
        read_genesis(file)
    assert f"{file}: {'.'.join(map(str, path))}" in str(caught.value)


def test_allocations_must_be_addresses(tmp_path: Path) -> None:
    file = tmp_path / "rollup.json"
    write_genesis(file, make_genesis())
    for name in ("0x01", "02" * 20, "0x" + "zz" * 20):
        document = json.loads(file.read_bytes())
        document["alloc"] = {name: {"balance": "0x1"}}
        (tmp_path / "other.json").write_text(json.dumps(document))
        with pytest.raises(BadConfig, match="alloc"):
            read_genesis(tmp_path / "other.json")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b"null"])
def test_files_that_hold_something_else(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "rollup.json").write_bytes(content)
    with pytest.raises(BadConfig, match=r"rollup\.json"):
        read_genesis(tmp_path / "rollup.json")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="cannot read the rollup's genesis"):
        read_genesis(tmp_path / "rollup.json")
