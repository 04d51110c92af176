"""Fee suggestions and eth_feeHistory over blocks with known fees."""

import asyncio
import json
from typing import Any

import pytest
from made_chain import RULE, make_chain_ports, make_dispatcher, make_paying_block

from rollup.core.block import DEPOSIT_TYPE, Block
from rollup.core.fees import next_base_fee
from rpc.fee_samples import build_sample
from rpc.settings import RpcSettings

GWEI = 10**9
FLOOR = RpcSettings().tip_suggested_wei
TARGET = RULE.gas_limit // RULE.fee.elasticity
CHAIN = (
    make_paying_block(0, GWEI),
    make_paying_block(1, GWEI, (5, 100_000), (1, 100_000), (9, 200_000)),
    make_paying_block(2, 2 * GWEI, (3, 1_500_000)),
)


async def call(blocks: tuple[Block, ...], method: str, *params: object) -> Any:
    dispatcher = make_dispatcher(make_chain_ports(*blocks))
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    found = json.loads(await dispatcher.answer_body(json.dumps(body).encode()))
    return found.get("result", found.get("error"))


@pytest.mark.parametrize(
    ("percent", "tip"), [(0, 1), (24.9, 1), (25, 1), (25.1, 5), (50, 5), (50.1, 9), (99.9, 9), (100, 9)]
)
def test_percentiles_are_weighted_by_gas(percent: float, tip: int) -> None:
    assert build_sample(CHAIN[1]).percentile(percent) == tip


def test_deposits_pay_no_price() -> None:
    assert build_sample(make_paying_block(1, GWEI, (0, 50_000), kind=DEPOSIT_TYPE)).percentile(50) == 0
    assert build_sample(make_paying_block(1, GWEI)).percentile(100) == 0


async def test_history_has_all_its_parts() -> None:
    after = next_base_fee(RULE.fee, 2 * GWEI, 1_500_000, RULE.gas_limit)
    assert await call(CHAIN, "eth_feeHistory", "0x2", "latest", [0, 50, 100]) == {
        "oldestBlock": "0x1",
        "reward": [["0x1", "0x5", "0x9"], ["0x3", "0x3", "0x3"]],
        "baseFeePerGas": [hex(GWEI), hex(2 * GWEI), hex(after)],
        "gasUsedRatio": [400_000 / RULE.gas_limit, 0.05],
        "baseFeePerBlobGas": ["0x1", "0x1", "0x1"],
        "blobGasUsedRatio": [0, 0],
    }


async def test_a_long_history_leaves_the_loop_to_others_in_between() -> None:
    blocks = tuple(make_paying_block(number, GWEI) for number in range(1024))
    turns, asking = 0, asyncio.ensure_future(call(blocks, "eth_feeHistory", "0x400", "latest"))
    while not asking.done():
        turns += 1
        await asyncio.sleep(0)
    assert len((await asking)["gasUsedRatio"]) == 1024
    assert turns >= 32


@pytest.mark.parametrize("percentiles", [(), (None,), ([],)])
async def test_history_has_no_rewards_unasked(percentiles: tuple[object, ...]) -> None:
    assert "reward" not in await call(CHAIN, "eth_feeHistory", "0x2", "latest", *percentiles)


@pytest.mark.parametrize(
    ("count", "newest", "oldest", "blocks"),
    [
        ("0x1", "0x0", 0, 1),
        ("0x9", "latest", 0, 3),
        (2, "0x1", 0, 2),
        ("3", "pending", 0, 3),
        ("0x1", "earliest", 0, 1),
    ],
)
async def test_history_ends_where_the_chain_does(count: object, newest: str, oldest: int, blocks: int) -> None:
    history = await call(CHAIN, "eth_feeHistory", count, newest)
    assert (history["oldestBlock"], len(history["gasUsedRatio"])) == (hex(oldest), blocks)
    assert len(history["baseFeePerGas"]) == blocks + 1


async def test_a_history_of_nothing() -> None:
    assert await call(CHAIN, "eth_feeHistory", "0x0", "latest") == {"oldestBlock": "0x0", "gasUsedRatio": None}


@pytest.mark.parametrize(
    ("params", "code", "words"),
    [
        (("0x1", "0x5"), -32000, "request beyond head block: requested 5, head 2"),
        (("0x1", "latest", [101]), -32000, "invalid reward percentile: 101.000000"),
        (("0x1", "latest", [-1]), -32000, "invalid reward percentile: -1.000000"),
        (("0x1", "latest", [5, 5]), -32000, "invalid reward percentile: #0:5.000000 >= #1:5.000000"),
        (("0x1", "latest", list(range(101))), -32000, "over the query limit 100"),
        (("-1", "latest"), -32602, "invalid argument 0"),
        ((True, "latest"), -32602, "invalid argument 0"),
        (("0x1", "0x" + "11" * 32), -32602, "invalid argument 1"),
        (("0x1", "latest", ["5"]), -32602, "invalid argument 2"),
        (("0x1", "latest", "5"), -32602, "invalid argument 2"),
        (("0x1",), -32602, "missing value for required argument 1"),
    ],
)
async def test_bad_histories_are_refused(params: tuple[object, ...], code: int, words: str) -> None:
    error = await call(CHAIN, "eth_feeHistory", *params)
    assert error["code"] == code
    assert error["message"].startswith(words)


async def test_while_there_is_room_the_floor_is_suggested() -> None:
    assert await call(CHAIN, "eth_maxPriorityFeePerGas") == hex(FLOOR)
    base_fee = next_base_fee(RULE.fee, 2 * GWEI, 1_500_000, RULE.gas_limit)
    assert await call(CHAIN, "eth_gasPrice") == hex(base_fee + base_fee // 4 + FLOOR)


async def test_when_blocks_are_full_what_they_paid_is_suggested() -> None:
    full = [make_paying_block(i, GWEI, (7 * GWEI, TARGET), (GWEI, TARGET)) for i in range(3)]
    assert await call(tuple(full), "eth_maxPriorityFeePerGas") == hex(7 * GWEI)
    cheap = [make_paying_block(i, GWEI, (1, 2 * TARGET)) for i in range(3)]
    assert await call(tuple(cheap), "eth_maxPriorityFeePerGas") == hex(FLOOR)


async def test_an_empty_chain_is_an_error_and_no_crash() -> None:
    assert (await call((), "eth_gasPrice"))["message"] == "header not found: the chain has no block yet"
