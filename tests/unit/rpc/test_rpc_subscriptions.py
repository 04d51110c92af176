"""eth_subscribe: what is told to whom, in which order, and what is told no more."""

from typing import Any

import aiohttp
import pytest
from eth_account import Account
from listening import listening
from sockets import connected, make_block, make_log

from rollup.core.hashes import keccak
from rollup.core.heads import Heads
from rollup.core.ids import BlockNumber
from rollup.core.transaction import decode_transaction, recover_sender
from rpc.feed import REMEMBERED_BLOCKS_MAX, ChainFeed
from rpc.settings import RpcSettings, WebSocketSettings

ONE, TWO = "0x" + "00" * 19 + "01", "0x" + "00" * 19 + "02"


def topic(number: int) -> str:
    return "0x" + number.to_bytes(32, "big").hex()


def sign(nonce: int) -> bytes:
    fields = {"nonce": nonce, "gas": 21_000, "gasPrice": 10**9, "to": ONE, "value": 1, "chainId": 1}
    return bytes(Account.sign_transaction(fields, keccak(b"subscriber")).raw_transaction)


async def test_heads_are_told_once_each_until_unsubscribed() -> None:
    feed = ChainFeed()
    async with listening(feed=feed) as server, connected(server) as client:
        feed.on_block(make_block(1), None)
        subscription = await client.call("eth_subscribe", "newHeads")
        feed.on_block(make_block(2), None)
        told = await client.next_news()
        assert told["subscription"] == subscription
        assert (told["result"]["number"], told["result"]["timestamp"]) == ("0x2", hex(1_002))
        assert "transactions" not in told["result"]
        assert await client.call("eth_unsubscribe", subscription) is True
        feed.on_block(make_block(3), None)
        assert await client.call("eth_blockNumber") == "0x0"
        assert client.news == []
        assert (await client.call("eth_unsubscribe", subscription)) == {
            "code": -32000,
            "message": "subscription not found",
        }


@pytest.mark.parametrize(
    ("criteria", "wanted"),
    [
        (None, [0, 1, 2]),
        ({}, [0, 1, 2]),
        ({"address": ONE}, [0, 1]),
        ({"address": [ONE, TWO, ONE]}, [0, 1, 2]),
        ({"topics": [topic(7)]}, [0, 2]),
        ({"topics": [[topic(7), topic(9)]]}, [0, 1, 2]),
        ({"topics": [None, topic(8)]}, [0]),
        ({"address": ONE, "topics": [topic(9)]}, [1]),
        ({"address": TWO, "topics": [topic(9)]}, []),
    ],
)
async def test_logs_are_told_to_those_who_want_them(criteria: object, wanted: list[int]) -> None:
    feed = ChainFeed()
    logs = make_log(1, 7, 8), make_log(1, 9), make_log(2, 7, data=b"\1\2")
    async with listening(feed=feed) as server, connected(server) as client:
        subscription = await client.call("eth_subscribe", "logs", *(() if criteria is None else (criteria,)))
        assert isinstance(subscription, str)
        feed.on_block(make_block(1, *logs), None)
        feed.on_block(make_block(2, make_log(1, 7, 8), make_log(2, 9), make_log(1, 9)), None)
        told = [(await client.next_news())["result"] for _ in wanted]
        assert [int(log["logIndex"], 16) for log in told] == wanted
        assert {log["blockNumber"] for log in told} <= {"0x1"}
        assert {log["removed"] for log in told} <= {False}


async def test_removed_logs_are_told_newest_first() -> None:
    feed = ChainFeed()
    async with listening(feed=feed) as server, connected(server) as client:
        feed.on_block(make_block(1, make_log(1, 7)), None)
        feed.on_block(make_block(2, make_log(1, 7), make_log(1, 9)), None)
        feed.on_block(make_block(3, make_log(2, 7)), None)
        await client.call("eth_subscribe", "logs", {"address": [ONE, TWO]})
        feed.on_rewind(BlockNumber(1))
        feed.on_block(make_block(2, make_log(2, 8)), None)
        told = [(await client.next_news())["result"] for _ in range(4)]
        assert [(log["blockNumber"], log["logIndex"], log["removed"]) for log in told] == [
            ("0x3", "0x0", True),
            ("0x2", "0x1", True),
            ("0x2", "0x0", True),
            ("0x2", "0x0", False),
        ]


async def test_only_so_many_blocks_are_remembered() -> None:
    feed = ChainFeed()
    for number in range(REMEMBERED_BLOCKS_MAX + 50):
        feed.on_block(make_block(number % 200 + 1, make_log(data=bytes(1000))), None)
    assert len(feed._logs) == REMEMBERED_BLOCKS_MAX
    for _ in range(4):
        feed.on_block(make_block(1, make_log(data=bytes(10 * 1024 * 1024))), None)
    assert len(feed._logs) == 1


async def test_pending_transactions_as_hashes_and_whole() -> None:
    feed = ChainFeed()
    async with listening(feed=feed) as server, connected(server) as client:
        short = await client.call("eth_subscribe", "newPendingTransactions")
        whole = await client.call("eth_subscribe", "newPendingTransactions", True)
        transaction = decode_transaction(sign(3))
        feed.on_pending(transaction, recover_sender(transaction))
        told: dict[str, Any] = {}
        for _ in range(2):
            news = await client.next_news()
            told[news["subscription"]] = news["result"]
        assert told[short] == "0x" + transaction.hash.hex()
        assert (told[whole]["hash"], told[whole]["nonce"], told[whole]["blockHash"]) == (told[short], "0x3", None)


async def test_syncing_is_told_when_it_begins_and_ends() -> None:
    feed = ChainFeed()
    async with listening(feed=feed) as server, connected(server) as client:
        await client.call("eth_subscribe", "syncing")
        for unsafe, received in ((5, 5), (5, 9), (7, 9), (9, 9), (10, 10)):
            feed.on_heads(make_heads(unsafe, received))
        assert (await client.next_news())["result"] == {
            "syncing": True,
            "status": {"startingBlock": "0x5", "currentBlock": "0x5", "highestBlock": "0x9"},
        }
        assert (await client.next_news())["result"] is False
        assert await client.call("eth_blockNumber") == "0x0"
        assert client.news == []


def make_heads(unsafe: int, received: int) -> Heads:
    return Heads(*(BlockNumber(number) for number in (unsafe, 0, 0, 0, received)))


@pytest.mark.parametrize(
    ("params", "code", "words"),
    [
        (["nothing"], -32601, 'no "nothing" subscription in eth namespace'),
        (["rewinds"], -32601, 'no "rewinds" subscription in eth namespace'),
        ([7], -32602, "invalid argument 0: expected subscription name as first argument"),
        ([], -32602, "missing value for required argument 0"),
        (["logs", {"address": "0x1"}], -32602, "invalid argument 1: "),
        (["logs", 7], -32602, "invalid argument 1: "),
        (["newPendingTransactions", "yes"], -32602, "invalid argument 1: "),
    ],
)
async def test_wrong_subscriptions_are_refused(params: list[object], code: int, words: str) -> None:
    async with listening() as server, connected(server) as client:
        error = await client.call("eth_subscribe", *params)
        assert error["code"] == code
        assert error["message"].startswith(words)


async def test_a_connection_has_so_many_subscriptions() -> None:
    limits = RpcSettings(websocket=WebSocketSettings(subscriptions_max=2))
    async with listening(limits) as server, connected(server) as client:
        first = await client.call("eth_subscribe", "newHeads")
        await client.call("eth_subscribe", "logs")
        assert (await client.call("eth_subscribe", "newHeads"))["code"] == -32005
        await client.call("eth_unsubscribe", first)
        assert isinstance(await client.call("eth_subscribe", "newHeads"), str)


async def test_a_thousand_subscriptions_are_served_and_forgotten() -> None:
    feed = ChainFeed()
    async with listening(feed=feed) as server:
        async with connected(server) as client:
            ids = [await client.call("eth_subscribe", "logs", {"address": ONE if n % 2 else TWO}) for n in range(1000)]
            feed.on_block(make_block(1, make_log(1), make_log(2)), None)
            told = [await client.next_news() for _ in ids]
            assert {news["subscription"] for news in told} == set(ids)
            assert {(n["subscription"], n["result"]["address"]) for n in told} == {
                (each, ONE if number % 2 else TWO) for number, each in enumerate(ids)
            }
            for each in ids[:500]:
                await client.call("eth_unsubscribe", each)
            feed.on_block(make_block(2, make_log(1)), None)
            assert len([await client.next_news() for _ in range(250)]) == 250
            assert await client.call("eth_blockNumber") == "0x0"
            assert client.news == []
        async with connected(server) as other:
            while feed._hearers["logs"]:
                await other.call("eth_blockNumber")


async def test_over_http_there_are_no_subscriptions() -> None:
    async with listening() as server, aiohttp.ClientSession() as session:
        body = {"jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": ["newHeads"]}
        async with session.post(server.url, json=body) as answer:
            assert (await answer.json())["error"] == {"code": -32601, "message": "notifications not supported"}
