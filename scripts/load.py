"""Load generator: a process of its own that sends pre-signed transactions over HTTP and prints one JSON document.

Works against any Ethereum JSON-RPC node whose first development account is funded. Phases: fund the senders, deploy a
token, sign everything, flood (throughput), then a steady rate (latency) with balance reads beside it.
"""

import argparse
import asyncio
import json
import statistics
import time
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from eth_abi.abi import encode as abi_encode
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from contracts import encode_constructor, load_artifact

MNEMONIC = "test test test test test test test test test test test junk"
TRANSFER_SELECTOR = keccak(text="transfer(address,uint256)")[:4]
GWEI = 10**9
MAX_FEE = 200 * GWEI
FUND_WEI = 10**18


@dataclass
class Client:
    """Minimal JSON-RPC client; an error answer raises RuntimeError with the node's words."""

    url: str
    session: aiohttp.ClientSession

    async def call(self, method: str, *params: object) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        async with self.session.post(self.url, json=body) as response:
            answer = await response.json(content_type=None)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    async def send_many(self, raws: list[str]) -> None:
        """One HTTP request with many calls (set-up only)."""
        for start in range(0, len(raws), 100):
            body = [
                {"jsonrpc": "2.0", "id": index, "method": "eth_sendRawTransaction", "params": [raw]}
                for index, raw in enumerate(raws[start : start + 100])
            ]
            async with self.session.post(self.url, json=body) as response:
                answers = await response.json(content_type=None)
            wrong = [answer["error"] for answer in answers if "error" in answer]
            if wrong:
                raise RuntimeError(f"set-up refused: {wrong[0]}")

    async def wait_receipt(self, tx_hash: str, timeout_s: float = 60) -> dict[str, Any]:
        async with asyncio.timeout(timeout_s):
            while (receipt := await self.call("eth_getTransactionReceipt", tx_hash)) is None:  # noqa: ASYNC110  remote
                await asyncio.sleep(0.05)
        return dict(receipt)


@dataclass
class Sender:
    account: LocalAccount
    nonce: int = 0

    def sign(self, chain_id: int, to: str | None, data: bytes = b"", **fields: int) -> tuple[str, str]:
        """Raw transaction and its hash, both hex; the nonce moves on."""
        transaction: dict[str, Any] = {
            "type": 2,
            "chainId": chain_id,
            "nonce": self.nonce,
            "maxFeePerGas": MAX_FEE,
            "maxPriorityFeePerGas": GWEI // 1000,
            "gas": fields.get("gas", 21_000),
            "value": fields.get("value", 0),
            "data": data,
        }
        if to is not None:
            transaction["to"] = to
        self.nonce += 1
        signed = self.account.sign_transaction(transaction)
        return "0x" + signed.raw_transaction.hex().removeprefix("0x"), "0x" + signed.hash.hex().removeprefix("0x")


@dataclass
class Watch:
    """When each transaction was first seen in a block, by polling the head."""

    client: Client
    seen: dict[str, float] = field(default_factory=dict)
    blocks: list[int] = field(default_factory=list)

    async def follow(self, first: int, expected: set[str], timeout_s: float) -> None:
        number = first
        async with asyncio.timeout(timeout_s):
            while not expected <= self.seen.keys():
                block = await self.client.call("eth_getBlockByNumber", hex(number), False)
                if block is None:
                    await asyncio.sleep(0.01)
                    continue
                now = time.monotonic()
                self.seen.update(dict.fromkeys(block["transactions"], now))
                self.blocks.append(len(block["transactions"]))
                number += 1


async def prepare(client: Client, senders: int) -> tuple[int, list[Sender], str]:
    """Fund fresh senders and deploy a token of which each holds some; (chain id, senders, token address)."""
    Account.enable_unaudited_hdwallet_features()
    chain_id = int(await client.call("eth_chainId"), 16)
    bank = Sender(Account.from_mnemonic(MNEMONIC))
    bank.nonce = int(await client.call("eth_getTransactionCount", bank.account.address, "pending"), 16)
    created = [Sender(Account.create()) for _ in range(senders)]
    creation = encode_constructor(load_artifact("DemoToken"), ["Demo", "DEMO", bank.account.address, 10**27])
    raw, tx_hash = bank.sign(chain_id, None, creation, gas=3_000_000)
    await client.send_many([raw])
    token = to_checksum_address((await client.wait_receipt(tx_hash))["contractAddress"])
    raws = [bank.sign(chain_id, row.account.address, value=FUND_WEI) for row in created]
    raws += [bank.sign(chain_id, token, transfer_data(row.account.address, 10**20), gas=100_000) for row in created]
    await client.send_many([raw for raw, _ in raws])
    await client.wait_receipt(raws[-1][1], 120)
    return chain_id, created, token


def transfer_data(to: str, amount: int) -> bytes:
    return TRANSFER_SELECTOR + abi_encode(["address", "uint256"], [to, amount])


def sign_load(chain_id: int, senders: list[Sender], token: str | None, count: int) -> list[list[tuple[str, str]]]:
    """Per sender, in nonce order. Recipients are fresh addresses, one in four a repeated one."""
    lanes: list[list[tuple[str, str]]] = [[] for _ in senders]
    for index in range(count):
        lane = index % len(senders)
        seed = index if index % 4 else index % 400
        to = to_checksum_address(keccak(text=f"recipient {seed}")[12:])
        if token is None:
            lanes[lane].append(senders[lane].sign(chain_id, to, value=1000 + index))
        else:
            lanes[lane].append(senders[lane].sign(chain_id, token, transfer_data(to, 1 + index % 1000), gas=80_000))
    return lanes


async def flood(client: Client, lanes: list[list[tuple[str, str]]], first_block: int) -> dict[str, Any]:
    """As fast as the node answers, one connection per lane."""
    expected = {tx_hash for lane in lanes for _, tx_hash in lane}
    watch = Watch(client)
    started = time.monotonic()
    finished = started

    async def drive(lane: list[tuple[str, str]]) -> None:
        nonlocal finished
        for raw, _ in lane:
            await client.call("eth_sendRawTransaction", raw)
        finished = max(finished, time.monotonic())

    async with asyncio.TaskGroup() as group:
        group.create_task(watch.follow(first_block, expected, 600))
        for lane in lanes:
            group.create_task(drive(lane))
    included = max(watch.seen[tx_hash] for tx_hash in expected)
    return {
        "transactions": len(expected),
        "submitted_per_s": round(len(expected) / (finished - started), 1),
        "included_per_s": round(len(expected) / (included - started), 1),
        "raw_bytes": sum(len(raw) // 2 - 1 for lane in lanes for raw, _ in lane),
        "first_block": first_block,
        "blocks": len(watch.blocks),
    }


async def steady(
    client: Client, lanes: list[list[tuple[str, str]]], first_block: int, rate_per_s: float
) -> dict[str, Any]:
    """A fixed rate; latency from just before sending to the block's appearance, and balance reads meanwhile."""
    queue = [row for rows in zip(*lanes, strict=True) for row in rows]
    sent: dict[str, float] = {}
    watch = Watch(client)
    reads: list[float] = []
    done = asyncio.Event()

    async def read_balances() -> None:
        while not done.is_set():
            before = time.monotonic()
            await client.call("eth_getBalance", to_checksum_address(keccak(text="recipient 1")[12:]), "latest")
            reads.append(time.monotonic() - before)
            await asyncio.sleep(0.02)

    async def send(row: tuple[str, str]) -> None:
        sent[row[1]] = time.monotonic()
        await client.call("eth_sendRawTransaction", row[0])

    async with asyncio.TaskGroup() as group:
        group.create_task(read_balances())
        following = group.create_task(watch.follow(first_block, {row[1] for row in queue}, 300))
        started = time.monotonic()
        for index, row in enumerate(queue):
            await asyncio.sleep(max(started + index / rate_per_s - time.monotonic(), 0))
            group.create_task(send(row))
        await following
        done.set()
    latencies = sorted(watch.seen[tx_hash] - at for tx_hash, at in sent.items())
    return {
        "rate_per_s": rate_per_s,
        "confirmation_ms": percentiles(latencies),
        "eth_getBalance_ms": percentiles(sorted(reads)),
    }


def percentiles(ordered: list[float]) -> dict[str, float]:
    """p50, p99 and maximum of sorted seconds, in milliseconds."""
    at = {"p50": statistics.median(ordered), "p99": ordered[int(len(ordered) * 0.99)], "max": ordered[-1]}
    return {name: round(seconds * 1000, 1) for name, seconds in at.items()}


async def run(options: argparse.Namespace) -> dict[str, Any]:
    connector = aiohttp.TCPConnector(limit=options.connections + 8)
    timeout = aiohttp.ClientTimeout(total=120)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        client = Client(options.url, session)
        chain_id, senders, token = await prepare(client, options.connections)
        results: dict[str, Any] = {}
        for name, target, count in (("transfers", None, options.transfers), ("erc20", token, options.tokens)):
            if not count:
                continue
            lanes = sign_load(chain_id, senders, target, count)
            head = int(await client.call("eth_blockNumber"), 16)
            results[name] = await flood(client, lanes, head + 1)
            lanes = sign_load(chain_id, senders, target, int(options.rate * options.steady_s))
            head = int(await client.call("eth_blockNumber"), 16)
            results[name]["steady"] = await steady(client, lanes, head + 1, options.rate)
            results[name]["last_block"] = int(await client.call("eth_blockNumber"), 16)
            results[name]["raw_bytes_steady"] = sum(len(raw) // 2 - 1 for lane in lanes for raw, _ in lane)
        return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--transfers", type=int, default=5_000)
    parser.add_argument("--tokens", type=int, default=20_000)
    parser.add_argument("--rate", type=float, default=200.0)
    parser.add_argument("--steady-s", type=float, default=15.0)
    print(json.dumps(asyncio.run(run(parser.parse_args()))))


if __name__ == "__main__":
    main()
