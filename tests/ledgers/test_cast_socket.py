"""Foundry's cast over WebSocket: calls, and logs as they come."""

import asyncio
from pathlib import Path

import pytest
from eth_account import Account
from plain_chain import CHAIN_ID, KEYS, PlainChain, open_plain_chain

from contracts.artifact import load_artifact
from rollup.core.hashes import keccak
from rollup.core.ids import Hash

CAST = Path(__file__).parent.parent.parent / ".tools" / "bin" / "cast"
PATIENCE_S = 20.0
INCREMENT = keccak(b"increment(uint256)")[:4] + (5).to_bytes(32, "big")


async def start_cast(chain: PlainChain, *arguments: str) -> asyncio.subprocess.Process:
    if not CAST.exists():
        pytest.fail("cast is not installed: run scripts/install-ledgers")
    url = chain.url.replace("http", "ws")
    return await asyncio.create_subprocess_exec(
        CAST, *arguments, "--rpc-url", url, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )


async def ask_cast(chain: PlainChain, *arguments: str) -> str:
    process = await start_cast(chain, *arguments)
    output, _ = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    assert process.returncode == 0, output.decode()
    return output.decode().strip()


async def send(chain: PlainChain, nonce: int, **more: object) -> Hash:
    fields = {"nonce": nonce, "gas": 1_000_000, "gasPrice": 10**11, "chainId": CHAIN_ID}
    raw = bytes(Account.sign_transaction(fields | more, KEYS[0]).raw_transaction)
    sent = await chain.sequencer.submit(raw)
    await chain.wait_included(sent)
    return sent


async def test_cast_reads_and_hears(tmp_path: Path) -> None:
    async with open_plain_chain(tmp_path) as chain:
        assert await ask_cast(chain, "chain-id") == str(CHAIN_ID)
        deployed = await send(chain, 0, data=load_artifact("DemoCounter").bytecode)
        receipt = await ask_cast(chain, "receipt", f"0x{deployed.hex()}", "contractAddress")
        listener = await start_cast(chain, "logs", "--subscribe", "--address", receipt)
        assert listener.stdout is not None
        try:
            async with asyncio.timeout(PATIENCE_S):
                heard = await hear(chain, listener.stdout, bytes.fromhex(receipt[2:]))
        finally:
            listener.kill()
            await listener.wait()
        assert heard
        assert int(await ask_cast(chain, "call", receipt, "total()(uint256)")) % 5 == 0


async def hear(chain: PlainChain, output: asyncio.StreamReader, counter: bytes) -> bool:
    """Count until the listener, which says nothing before, has heard of it."""
    line = asyncio.ensure_future(output.readline())
    nonce = 1
    while not line.done():
        await send(chain, nonce, to=counter, data=INCREMENT)
        nonce += 1
    return counter.hex() in line.result().decode().lower()
