"""geth's genesis: what it may look like, what geth fills in, what is refused by name; schedules and blob prices."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rollup.core.errors import BadConfig
from rollup.core.forks import (
    CANCUN_BLOBS,
    GAS_PER_BLOB,
    PRAGUE_BLOBS,
    BlobRule,
    Fork,
    ForkSchedule,
    blob_base_fee,
    next_excess_blob_gas,
)
from rollup.core.hashes import keccak
from rollup.core.header_codec import encode_header
from rollup.core.ids import BlockNumber, Hash
from rollup.vm.database import Database
from rollup.vm.forks.difficulty import next_difficulty
from rollup.vm.genesis import build_genesis
from rollup.vm.geth_genesis import parse_geth_genesis, read_geth_genesis

LONDON_AT_ONCE = {
    "chainId": 5,
    **dict.fromkeys(
        [
            *("homesteadBlock", "eip150Block", "eip155Block", "eip158Block", "byzantiumBlock", "constantinopleBlock"),
            *("petersburgBlock", "istanbulBlock", "berlinBlock", "londonBlock"),
        ],
        0,
    ),
}


def document(config: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"config": config, "difficulty": "0x1", "gasLimit": "0x1c9c380", "alloc": {}, **fields}


def test_numbers_come_in_every_form_and_null_is_absent() -> None:
    alloc = {
        "0x" + "11" * 20: {"balance": "1000", "nonce": "0x2"},
        "22" * 20: {"balance": 7, "storage": {"0x1": "0x0a"}},
    }
    genesis = parse_geth_genesis(
        document({"chainId": "0x5"}, alloc=alloc, baseFeePerGas=None, nonce="0x42", mixHash=None)
    )
    accounts = dict(genesis.alloc)
    assert (accounts[b"\x11" * 20].balance, accounts[b"\x11" * 20].nonce) == (1000, 2)
    assert accounts[b"\x22" * 20].storage == ((1, 10),)
    assert genesis.rule.chain_id == 5
    assert genesis.header is not None
    assert (genesis.header.field_count, genesis.header.nonce) == (15, bytes(7) + b"\x42")


@pytest.mark.parametrize(
    ("times", "count"),
    [
        ({}, 16),
        ({"shanghaiTime": 0}, 17),
        ({"shanghaiTime": 0, "cancunTime": 0}, 20),
        ({"shanghaiTime": 0, "cancunTime": 0, "pragueTime": 0}, 21),
    ],
)
def test_block_0_has_the_fields_of_its_fork(times: dict[str, int], count: int) -> None:
    genesis = parse_geth_genesis(document(LONDON_AT_ONCE | {"terminalTotalDifficulty": 0} | times))
    assert genesis.header is not None
    assert genesis.header.field_count == count
    assert genesis.header.base_fee == 10**9


def test_block_0_of_mainnet_has_the_hash_that_everybody_knows() -> None:
    fields = {
        "nonce": "0x42",
        "gasLimit": 5000,
        "difficulty": "0x400000000",
        "extraData": "0x11bbe8db4e347b4e8c937c1c8370e4b5ed33adb3db69cbdb7a38e1e50b1b82fa",
    }
    header = parse_geth_genesis(document({"chainId": 1, "homesteadBlock": 1_150_000}, **fields)).header
    assert header is not None
    root = Hash(bytes.fromhex("d7f8974fb5ac78d9ac099b9ad5018bedc2ce0a72dad1827a1709da30580f0544"))
    encoded = encode_header(replace(header, state_root=root))
    assert keccak(encoded).hex() == "d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3"


def test_empty_accounts_of_block_0_stay(tmp_path: Path) -> None:
    database = Database(tmp_path)
    with_one = build_genesis(
        database, parse_geth_genesis(document({"chainId": 1}, alloc={"33" * 20: {"balance": "0x0"}}))
    )
    without = build_genesis(database, parse_geth_genesis(document({"chainId": 1})))
    database.close()
    assert with_one.state_root != without.state_root


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"config": {"chainId": "five"}}, "chainId"),
        ({"config": {"chainId": 1, "verkleTime": 5}}, "verkleTime"),
        ({"config": {"chainId": 1, "daoForkSupport": True, "daoForkBlock": 9}}, "DAO"),
        ({"alloc": {"zz": {"balance": 1}}}, "alloc.zz"),
        ({"alloc": {"11" * 21: {"balance": 1}}}, "longer than 20"),
        ({"alloc": None}, "alloc"),
    ],
)
def test_what_cannot_be_taken_is_named(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(BadConfig, match=words):
        parse_geth_genesis(document({"chainId": 1}) | changes)


def test_a_file_is_read_or_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "genesis.json"
    with pytest.raises(BadConfig, match="cannot be read"):
        read_geth_genesis(path)
    path.write_text("{")
    with pytest.raises(BadConfig, match="not JSON"):
        read_geth_genesis(path)
    path.write_text(json.dumps(document({"chainId": 9})))
    assert read_geth_genesis(path).rule.chain_id == 9


SCHEDULE = ForkSchedule(
    by_number=((BlockNumber(0), Fork.HOMESTEAD), (BlockNumber(10), Fork.LONDON)),
    by_time=((100, Fork.SHANGHAI), (200, Fork.CANCUN)),
)


@pytest.mark.parametrize(
    ("number", "timestamp", "merged", "fork"),
    [
        (0, 0, False, Fork.HOMESTEAD),
        (9, 500, False, Fork.HOMESTEAD),
        (10, 500, False, Fork.LONDON),
        (11, 99, True, Fork.PARIS),
        (11, 100, True, Fork.SHANGHAI),
        (12, 10_000, True, Fork.CANCUN),
    ],
)
def test_forks_come_by_number_then_by_time(number: int, timestamp: int, merged: bool, fork: Fork) -> None:
    assert SCHEDULE.fork_at(number, timestamp, merged=merged) == fork


def test_the_merge_is_the_first_block_without_difficulty() -> None:
    assert not SCHEDULE.is_merged(0, 0)
    assert not SCHEDULE.is_merged(9, 131_072)
    assert SCHEDULE.is_merged(9, 0)


def test_blob_schedules_follow_every_fork_and_parameter_change() -> None:
    config = LONDON_AT_ONCE | {
        **{"terminalTotalDifficulty": 0, "shanghaiTime": 0, "cancunTime": 10, "pragueTime": 20, "osakaTime": 30},
        "bpo1Time": 40,
        "blobSchedule": {"bpo1": {"target": 10, "max": 15, "baseFeeUpdateFraction": 8_346_193}},
    }
    forks = parse_geth_genesis(document(config)).rule.forks
    assert forks is not None
    wanted = [CANCUN_BLOBS, PRAGUE_BLOBS, PRAGUE_BLOBS, BlobRule(10, 15, 8_346_193)]
    assert [forks.blobs_at(time) for time in (10, 20, 39, 40)] == wanted
    assert forks.fork_at(1, 40, merged=True) == Fork.OSAKA


@pytest.mark.parametrize(("excess", "fee"), [(0, 1), (2_314_057, 1), (2_314_058, 2), (10 * 2**20, 23)])
def test_blob_gas_has_the_price_of_eip_4844(excess: int, fee: int) -> None:
    assert blob_base_fee(CANCUN_BLOBS, excess) == fee


def test_excess_blob_gas_moves_towards_the_target() -> None:
    assert next_excess_blob_gas(CANCUN_BLOBS, 0, 2 * GAS_PER_BLOB) == 0
    assert next_excess_blob_gas(CANCUN_BLOBS, GAS_PER_BLOB, 6 * GAS_PER_BLOB) == 4 * GAS_PER_BLOB
    assert next_excess_blob_gas(PRAGUE_BLOBS, 0, 9 * GAS_PER_BLOB, base_fee=10**9) == 3 * GAS_PER_BLOB
    assert next_excess_blob_gas(PRAGUE_BLOBS, 10 * GAS_PER_BLOB, 9 * GAS_PER_BLOB, 10**9) == 13 * GAS_PER_BLOB


MINED = ForkSchedule(by_number=(), bomb_delays=((BlockNumber(4_370_000), 3_000_000),))


@pytest.mark.parametrize(
    ("fork", "number", "difficulty", "seconds", "wanted"),
    [
        (Fork.FRONTIER, 0, 17_179_869_184, 4, 17_188_257_792),
        (Fork.FRONTIER, 5, 131_072, 100, 131_072),
        (Fork.HOMESTEAD, 5, 2_048_000, 9, 2_049_000),
        (Fork.HOMESTEAD, 5, 2_048_000, 10, 2_048_000),
        (Fork.HOMESTEAD, 5, 204_800_000, 5_000, 204_800_000 - 99 * 100_000),
        (Fork.HOMESTEAD, 2_999_999, 2_048_000, 10, 2_048_000 + 2**28),
        (Fork.BYZANTIUM, 4_370_000, 2_048_000_000, 9, 2_048_000_000 + 2**11),
    ],
)
def test_difficulty_is_what_proof_of_work_prescribes(
    fork: Fork, number: int, difficulty: int, seconds: int, wanted: int
) -> None:
    header = parse_geth_genesis(document({"chainId": 1}, difficulty=hex(difficulty))).header
    assert header is not None
    parent = replace(header, number=BlockNumber(number), timestamp=1_000)
    assert next_difficulty(MINED, fork, parent, 1_000 + seconds) == wanted


def test_ommers_make_the_next_block_harder() -> None:
    header = parse_geth_genesis(document({"chainId": 1}, difficulty="0x1f4000")).header
    assert header is not None
    busy = replace(header, ommers_hash=Hash(bytes(32)))
    assert next_difficulty(MINED, Fork.BYZANTIUM, header, 9) == 0x1F4000
    assert next_difficulty(MINED, Fork.BYZANTIUM, busy, 9) == 0x1F4000 + 0x1F4000 // 2048


@pytest.mark.parametrize(
    ("config", "delays"),
    [
        ({}, None),
        ({"ethash": {}, "clique": {"period": 15}}, None),
        ({"ethash": {}, "byzantiumBlock": 9, "muirGlacierBlock": 21}, ((9, 3_000_000), (21, 9_000_000))),
    ],
)
def test_only_mined_chains_have_difficulties_to_check(config: dict[str, Any], delays: object) -> None:
    forks = parse_geth_genesis(document({"chainId": 1} | config)).rule.forks
    assert forks is not None
    assert forks.bomb_delays == delays
