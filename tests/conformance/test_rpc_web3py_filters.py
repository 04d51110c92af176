"""web3.py's polled filters over HTTP: blocks, logs, waiting transactions."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from plain_chain import CHAIN_ID, KEYS, PlainChain, open_plain_chain
from web3 import AsyncHTTPProvider, AsyncWeb3
from web3.exceptions import Web3RPCError

from contracts.artifact import load_artifact

ALICE = Account.from_key(KEYS[0])


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[PlainChain]:
    async with open_plain_chain(tmp_path) as running:
        yield running


@pytest.fixture
async def w3(chain: PlainChain) -> AsyncIterator[AsyncWeb3[Any]]:
    client = AsyncWeb3(AsyncHTTPProvider(chain.url))
    yield client
    await client.provider.disconnect()


async def send(w3: AsyncWeb3[Any], nonce: int, **fields: object) -> Any:
    """The receipt of a transaction of Alice's."""
    whole = {"chainId": CHAIN_ID, "nonce": nonce, "gas": 1_000_000, "gasPrice": await w3.eth.gas_price, **fields}
    sent = await w3.eth.send_raw_transaction(ALICE.sign_transaction(whole).raw_transaction)
    return await w3.eth.wait_for_transaction_receipt(sent, timeout=10, poll_latency=0.02)


async def test_filters_tell_what_is_new(w3: AsyncWeb3[Any]) -> None:
    blocks, pending = await w3.eth.filter("latest"), await w3.eth.filter("pending")
    factory = w3.eth.contract(**{name: getattr(load_artifact("DemoCounter"), name) for name in ("abi", "bytecode")})
    receipt = await send(w3, 0, data="0x" + load_artifact("DemoCounter").bytecode.hex())
    counter = w3.eth.contract(address=receipt["contractAddress"], abi=factory.abi)
    assert receipt["blockHash"] in await blocks.get_new_entries()
    assert await pending.get_new_entries() == [receipt["transactionHash"]]
    logs = await counter.events.Counted.create_filter(from_block="latest", argument_filters={"account": ALICE.address})
    for nonce in (1, 2):
        await send(w3, nonce, to=counter.address, data=counter.encode_abi("increment", [nonce]))
    assert [event["args"]["step"] for event in await logs.get_new_entries()] == [1, 2]
    assert await logs.get_new_entries() == []
    assert len(await blocks.get_new_entries()) == 2
    assert await w3.eth.uninstall_filter(logs.filter_id) is True
    with pytest.raises(Web3RPCError, match="filter not found"):
        await logs.get_new_entries()
