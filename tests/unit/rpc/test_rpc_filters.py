"""Filters that are polled: blocks, logs, waiting transactions; forks between polls; bounds and expiry."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from eth_account import Account
from growing_chain import GrowingChain
from listening import listening, make_ports
from sockets import Client, connected, make_block, make_log

from rollup.core.hashes import keccak
from rollup.core.transaction import Transaction, decode_transaction, recover_sender
from rpc.settings import RpcSettings

ONE = "0x" + "00" * 19 + "01"


class NamedPool:
    """Fits PoolReader: holds what it is given."""

    counts = (0, 0)

    def __init__(self) -> None:
        self.held: dict[bytes, Any] = {}

    def pending_nonce(self, address: bytes) -> int | None:
        return None

    def find(self, transaction_hash: bytes) -> Any:
        return self.held.get(transaction_hash)


@pytest.fixture
def chain() -> GrowingChain:
    return GrowingChain()


@pytest.fixture
def pool() -> NamedPool:
    return NamedPool()


@pytest.fixture
async def client(chain: GrowingChain, pool: NamedPool) -> AsyncIterator[Client]:
    settings = RpcSettings(logs_count_max=3, filters_max=3, filter_expiry_s=300.0)
    ports = make_ports(chain=chain, pool=pool)
    async with listening(settings, ports=ports, feed=chain.feed) as server, connected(server) as opened:
        yield opened


def hash_of(number: int) -> str:
    return "0x" + number.to_bytes(32, "big").hex()


async def changes(client: Client, name: str) -> Any:
    return await client.call("eth_getFilterChanges", name)


async def test_a_block_filter_tells_each_hash_once(client: Client, chain: GrowingChain) -> None:
    chain.add(make_block(1))
    name = await client.call("eth_newBlockFilter")
    assert await changes(client, name) == []
    chain.add(make_block(2))
    chain.add(make_block(3))
    assert await changes(client, name) == [hash_of(2), hash_of(3)]
    assert await changes(client, name) == []
    chain.rewind(1)
    chain.add(make_block(2))
    assert await changes(client, name) == [hash_of(2)]


async def test_a_log_filter_tells_new_logs_and_removed_ones(client: Client, chain: GrowingChain) -> None:
    chain.add(make_block(1, make_log(1, 7)))
    name = await client.call("eth_newFilter", {"address": ONE, "fromBlock": "0x0"})
    assert await changes(client, name) == []
    assert [log["blockNumber"] for log in await client.call("eth_getFilterLogs", name)] == ["0x1"]
    chain.add(make_block(2, make_log(1, 8), make_log(2, 8)))
    assert [(log["blockNumber"], log["removed"]) for log in await changes(client, name)] == [("0x2", False)]
    chain.add(make_block(3, make_log(1, 9)))  # never told: nothing to take back
    chain.rewind(1)
    chain.add(make_block(2, make_log(1, 6)))
    told = await changes(client, name)
    assert [(log["topics"], log["removed"]) for log in told] == [([hash_of(8)], True), ([hash_of(6)], False)]
    assert await changes(client, name) == []


async def test_bounds_given_as_numbers_count_for_changes(client: Client, chain: GrowingChain) -> None:
    name = await client.call("eth_newFilter", {"fromBlock": "0x2", "toBlock": "0x3"})
    for number in range(1, 6):
        chain.add(make_block(number, make_log(1)))
    assert [log["blockNumber"] for log in await changes(client, name)] == ["0x2", "0x3"]
    assert await changes(client, name) == []
    error = await client.call("eth_newFilter", {"fromBlock": "0x5", "toBlock": "0x3"})
    assert error == {"code": -32602, "message": "invalid block range params"}


async def test_more_logs_than_an_answer_holds_come_over_several_polls(client: Client, chain: GrowingChain) -> None:
    name = await client.call("eth_newFilter", {})
    for number in range(1, 8):
        chain.add(make_block(number, make_log(1)))
    told: list[str] = []
    for _ in range(7):
        told += [log["blockNumber"] for log in await changes(client, name)]
    assert told == [hex(number) for number in range(1, 8)]


async def test_a_search_that_fails_is_told_by_the_next_poll(client: Client, chain: GrowingChain) -> None:
    name = await client.call("eth_newFilter", {})
    chain.add(make_block(1, make_log(1), make_log(1), make_log(1), make_log(1)))
    assert (await changes(client, name))["code"] == -32005
    chain.rewind(0)
    chain.add(make_block(1, make_log(1)))
    assert len(await changes(client, name)) == 1


def sign(nonce: int) -> Transaction:
    fields = {"nonce": nonce, "gas": 21_000, "gasPrice": 10**9, "to": bytes(20), "value": 1, "chainId": 1}
    return decode_transaction(bytes(Account.sign_transaction(fields, keccak(b"filterer")).raw_transaction))


async def test_waiting_transactions_are_told_as_hashes_or_whole(
    client: Client, chain: GrowingChain, pool: NamedPool
) -> None:
    early, late = sign(0), sign(1)
    chain.feed.on_pending(early, recover_sender(early))
    short = await client.call("eth_newPendingTransactionFilter")
    whole = await client.call("eth_newPendingTransactionFilter", True)
    pool.held[late.hash] = (late, recover_sender(late))
    chain.feed.on_pending(late, recover_sender(late))
    assert await changes(client, short) == ["0x" + late.hash.hex()]
    assert [shape["nonce"] for shape in await changes(client, whole)] == ["0x1"]
    assert await changes(client, short) == await changes(client, whole) == []
    assert await client.call("eth_uninstallFilter", short) is True
    assert await client.call("eth_uninstallFilter", whole) is True
    assert not chain.feed._hearers["newPendingTransactions"]


async def test_filters_are_known_until_uninstalled(client: Client) -> None:
    name = await client.call("eth_newBlockFilter")
    assert name == hex(int(name, 16))
    assert await client.call("eth_uninstallFilter", name) is True
    assert await client.call("eth_uninstallFilter", name) is False
    unknown = {"code": -32000, "message": "filter not found"}
    assert await changes(client, name) == unknown
    assert await client.call("eth_getFilterLogs", name) == unknown
    assert await client.call("eth_getFilterLogs", await client.call("eth_newBlockFilter")) == unknown
    assert (await changes(client, "1"))["code"] == -32602


async def test_filters_are_counted_and_end_unpolled(chain: GrowingChain) -> None:
    settings = RpcSettings(filters_max=2, filter_expiry_s=0.0)
    ports = make_ports(chain=chain)
    async with listening(settings, ports=ports, feed=chain.feed) as server, connected(server) as client:
        names = [await client.call("eth_newBlockFilter") for _ in range(5)]
        assert all(isinstance(name, str) for name in names)
        assert (await changes(client, names[0]))["message"] == "filter not found"
    settings = RpcSettings(filters_max=2)
    async with listening(settings, ports=ports, feed=chain.feed) as server, connected(server) as client:
        names = [await client.call("eth_newBlockFilter") for _ in range(3)]
        assert names[2]["code"] == -32005
