"""Load generator: a process of its own that sends pre-signed transactions over HTTP and prints one JSON document.

Works against any Ethereum JSON-RPC node whose first development account is funded. It makes and funds senders, deploys
contracts, then for plain transfers, for ERC-20 transfers and for a mix: signs, floods (throughput), and for the first
two sends at a steady rate (latency), with balance reads beside both. Requests are bytes made before the clock starts,
so that the generator takes as little as it can of a machine that it shares with the node.
"""

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import uvloop
from eth_account import Account
from traffic import KINDS, Sender, Traffic, transfer_data

from contracts import encode_constructor, load_artifact
from rollup.core.hashes import keccak

MNEMONIC = "test test test test test test test test test test test junk"
FUND_WEI = 100 * 10**18
WATCH_INTERVAL_S = 0.02
READ_INTERVAL_S = 0.02
SETTLE_TIMEOUT_S = 300
START_TIMEOUT_S = 30
STALL_S = 5.0


@dataclass(frozen=True, slots=True)
class Signed:
    """A transaction ready to go: its hash as hex, the whole HTTP request that sends it."""

    hash: str
    request: bytes


@dataclass
class Client:
    """JSON-RPC over pooled connections; an error answer raises RuntimeError with the node's words."""

    url: str
    session: aiohttp.ClientSession

    async def call(self, method: str, *params: object) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        async with self.session.post(self.url, json=body) as response:
            answer = await response.json(content_type=None)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    async def send(self, raw: bytes) -> str:
        return str(await self.call("eth_sendRawTransaction", "0x" + raw.hex()))

    async def send_first(self, raw: bytes) -> str:
        """As ``send``, to a node that may still be starting."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                return await self.send(raw)
            except RuntimeError:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.2)

    async def wait_receipt(self, tx_hash: str) -> dict[str, Any]:
        async with asyncio.timeout(SETTLE_TIMEOUT_S):
            while (receipt := await self.call("eth_getTransactionReceipt", tx_hash)) is None:  # noqa: ASYNC110  remote
                await asyncio.sleep(0.05)
        return dict(receipt)

    async def head(self) -> int:
        return int(await self.call("eth_blockNumber"), 16)

    def prepare(self, raws: list[bytes]) -> list[Signed]:
        return [self._prepare_one(raw) for raw in raws]

    def _prepare_one(self, raw: bytes) -> Signed:
        host = urlsplit(self.url).netloc
        body = b'{"jsonrpc":"2.0","id":1,"method":"eth_sendRawTransaction","params":["0x%s"]}' % raw.hex().encode()
        head = (
            f"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return Signed("0x" + keccak(raw).hex(), head.encode() + body)


class Lane:
    """One kept-alive connection that sends one request after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, signed: Signed) -> None:
        """Returns when the node took it. Raises RuntimeError with the node's words when it did not."""
        self._writer.write(signed.request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        answer = await self._reader.readexactly(length)
        if signed.hash.encode() not in answer:
            raise RuntimeError(f"refused: {answer.decode(errors='replace')[:300]}")

    def close(self) -> None:
        self._writer.close()


@asynccontextmanager
async def open_lanes(url: str, count: int) -> Any:
    parts = urlsplit(url)
    lanes = [Lane(*await asyncio.open_connection(parts.hostname, parts.port)) for _ in range(count)]
    try:
        yield lanes
    finally:
        for lane in lanes:
            lane.close()


@dataclass
class Watch:
    """When each transaction was first seen in a block, by asking for the next block until it is there."""

    client: Client
    number: int
    seen: dict[str, float] = field(default_factory=dict)
    resent: int = 0

    async def follow(self, queue: list[Signed]) -> None:
        """Returns when all are in blocks. What a node took and lost is sent again when nothing moves any more."""
        left = {row.hash: row for row in queue}
        moved_at = time.monotonic()
        async with asyncio.timeout(SETTLE_TIMEOUT_S):
            while left:
                block = await self.client.call("eth_getBlockByNumber", hex(self.number), False)
                now = time.monotonic()
                if block is None:
                    await asyncio.sleep(WATCH_INTERVAL_S)
                    continue
                self.number += 1
                found = [tx_hash for tx_hash in block["transactions"] if left.pop(tx_hash, None)]
                self.seen |= dict.fromkeys(found, now)
                if found:
                    moved_at = now
                elif now - moved_at > STALL_S:
                    self.resent += await resend(self.client, list(left.values()))
                    moved_at = now


async def resend(client: Client, rows: list[Signed]) -> int:
    """How many a node takes once more, as if it had not taken them before."""
    taken = 0
    async with open_lanes(client.url, 1) as lanes:
        for row in rows:
            with suppress(RuntimeError):
                await lanes[0].send(row)
                taken += 1
    return taken


class Reads:
    """``eth_getBalance`` again and again until cancelled."""

    def __init__(self, client: Client, address: bytes) -> None:
        self._client = client
        self._address = "0x" + address.hex()
        self.taken: list[float] = []

    async def run(self) -> None:
        while True:
            before = time.monotonic()
            await self._client.call("eth_getBalance", self._address, "latest")
            self.taken.append(time.monotonic() - before)
            await asyncio.sleep(READ_INTERVAL_S)


async def make_traffic(client: Client, options: argparse.Namespace) -> Traffic:
    """Deploy the contracts, fund fresh senders with coins and tokens."""
    Account.enable_unaudited_hdwallet_features()
    chain_id = int(await client.call("eth_chainId"), 16)
    bank = Sender(bytes(Account.from_mnemonic(MNEMONIC).key), chain_id)
    bank.nonce = int(await client.call("eth_getTransactionCount", "0x" + bank.address.hex(), "pending"), 16)
    senders = [Sender(keccak(b"sender %d" % index), chain_id) for index in range(options.connections)]
    arguments = ["Demo", "DEMO", "0x" + bank.address.hex(), 10**30]
    token = await deploy(client, bank, encode_constructor(load_artifact("DemoToken"), arguments))
    counter = await deploy(client, bank, load_artifact("DemoCounter").bytecode)
    last = ""
    for sender in senders:
        await client.send(bank.sign(sender.address, value=FUND_WEI))
        last = await client.send(bank.sign(token, transfer_data(sender.address, 10**25), gas=100_000))
    await client.wait_receipt(last)
    return Traffic(senders, token, counter, options.fresh)


async def deploy(client: Client, owner: Sender, creation: bytes) -> bytes:
    receipt = await client.wait_receipt(await client.send_first(owner.sign(b"", creation, gas=3_000_000)))
    return bytes.fromhex(receipt["contractAddress"][2:])


async def flood(client: Client, lanes: list[Lane], queue: list[Signed]) -> dict[str, Any]:
    """As fast as the node answers: each lane has its sender's transactions, and sends one when it took the last."""
    watch, reads = Watch(client, await client.head() + 1), Reads(client, b"\1" * 20)
    started = time.monotonic()

    async def drive(lane: Lane, rows: Iterable[Signed]) -> None:
        for row in rows:
            await lane.send(row)

    async with asyncio.TaskGroup() as group:
        reading = group.create_task(reads.run())
        following = group.create_task(watch.follow(queue))
        driving = [group.create_task(drive(lane, queue[at :: len(lanes)])) for at, lane in enumerate(lanes)]
        await asyncio.wait(driving)
        submitted_s = time.monotonic() - started
        await following
        reading.cancel()
    included_s = max(watch.seen[row.hash] for row in queue) - started
    await check_success(client, queue)
    return {
        "transactions": len(queue),
        "submitted_per_s": round(len(queue) / submitted_s, 1),
        "included_per_s": round(len(queue) / included_s, 1),
        "eth_getBalance_ms": percentiles(reads.taken),
        "resent": watch.resent,
    }


async def check_success(client: Client, queue: list[Signed]) -> None:
    """A figure counts only if the transactions did what they were sent for: one in a hundred is looked at."""
    for row in queue[::100]:
        receipt = await client.wait_receipt(row.hash)
        if int(receipt["status"], 16) != 1:
            raise RuntimeError(f"transaction {row.hash} failed")


async def hold_rate(client: Client, lanes: list[Lane], queue: list[Signed], rate_per_s: float) -> dict[str, Any]:
    """A fixed rate, whatever the node does; latency from when a transaction was due to when its block was seen."""
    watch, reads = Watch(client, await client.head() + 1), Reads(client, b"\1" * 20)
    started = time.monotonic()
    due = {row.hash: started + index / rate_per_s for index, row in enumerate(queue)}

    async def drive(lane: Lane, rows: Iterable[Signed]) -> None:
        for row in rows:
            await asyncio.sleep(max(due[row.hash] - time.monotonic(), 0))
            await lane.send(row)

    async with asyncio.TaskGroup() as group:
        reading = group.create_task(reads.run())
        driving = [group.create_task(drive(lane, queue[at :: len(lanes)])) for at, lane in enumerate(lanes)]
        await watch.follow(queue)
        await asyncio.wait(driving)
        reading.cancel()
    return {
        "rate_per_s": rate_per_s,
        "transactions": len(queue),
        "confirmation_ms": percentiles([watch.seen[tx_hash] - at for tx_hash, at in due.items()]),
        "eth_getBalance_ms": percentiles(reads.taken),
    }


def percentiles(seconds: list[float]) -> dict[str, float]:
    """p50, p99 and maximum, in milliseconds."""
    ordered = sorted(seconds)
    at = {"p50": statistics.median(ordered), "p99": ordered[int(len(ordered) * 0.99)], "max": ordered[-1]}
    return {name: round(each * 1000, 1) for name, each in at.items()}


async def run(options: argparse.Namespace) -> dict[str, Any]:
    results: dict[str, Any] = {}
    async with aiohttp.ClientSession() as session, open_lanes(options.url, options.connections) as lanes:
        client = Client(options.url, session)
        traffic = await make_traffic(client, options)
        for kind in KINDS:
            if kind == "mix":
                traffic.fresh = 0.0
            first_block = await client.head() + 1
            traffic.follow_price(int(await client.call("eth_gasPrice"), 16))
            tell(f"{kind}: {getattr(options, kind)} at once")
            queue = client.prepare(traffic.sign(kind, getattr(options, kind)))
            results[kind] = await flood(client, lanes, queue)
            if kind != "mix":
                tell(f"{kind}: {options.rate:g} a second for {options.steady_s:g} s")
                queue = client.prepare(traffic.sign(kind, int(options.rate * options.steady_s)))
                results[kind]["steady"] = await hold_rate(client, lanes, queue, options.rate)
            results[kind] |= {"first_block": first_block, "last_block": await client.head()}
    return results


def tell(words: str) -> None:
    """Progress, for whoever waits at the terminal."""
    print(f"  {words}", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--connections", type=int, default=50, help="senders, each with a connection of its own")
    parser.add_argument("--transfers", type=int, default=5_000)
    parser.add_argument("--erc20", "--tokens", type=int, default=20_000)
    parser.add_argument("--mix", type=int, default=6_000)
    parser.add_argument("--rate", type=float, default=200.0, help="transactions a second of the steady part")
    parser.add_argument("--steady-s", type=float, default=15.0)
    parser.add_argument("--fresh", type=float, default=0.5, help="share of recipients never seen before")
    options = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(run(options))))


if __name__ == "__main__":
    main()
