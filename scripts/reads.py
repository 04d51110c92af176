"""Read benchmark: a process of its own that asks one node for the same things, alone and beside a steady load.

Works against what ``load.py`` works against. Each kind of read is asked on a few kept-alive connections, each of which
asks again as soon as it has an answer, for a fixed time; printed is one JSON document. Requests are bytes made before,
answers are only measured in length: the client must not be what is measured.
"""

import argparse
import asyncio
import json
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import uvloop
from load import Client, Signed, hold_rate, make_traffic, open_lanes, percentiles, tell
from traffic import Traffic

from rollup.core.hashes import keccak

BATCH_CALLS = 100
BATCH_CONNECTIONS = 4
BLOCK_TRANSACTIONS = 100
LOG_BLOCKS = 10_000
WARM_S = 0.2
BUSY_ROOM = 1.5
"""How much longer than the reads the load beside them could go on."""
BALANCE_OF = keccak(b"balanceOf(address)")[:4].hex()
TRANSFER_TOPIC = "0x" + keccak(b"Transfer(address,address,uint256)").hex()


@dataclass(frozen=True, slots=True)
class Read:
    """A kind of read. ``calls`` are in one ``request``, of which a batch has many; then fewer connections ask."""

    name: str
    request: bytes
    calls: int = 1
    connections_max: int = 1000


@dataclass
class Asker(asyncio.Protocol):
    """One connection that asks the same again and again until it is told to stop."""

    read: Read
    taken: list[float] = field(default_factory=list)
    is_stopping: bool = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self.ended = asyncio.get_running_loop().create_future()
        self._ask()

    def _ask(self) -> None:
        self._left = -1
        self._head = b""
        self._asked_at = time.perf_counter()
        self._transport.write(self.read.request)

    def data_received(self, data: bytes) -> None:
        if self._left < 0:
            self._head += data
            head, found, body = self._head.partition(b"\r\n\r\n")
            if not found:
                return
            self._left = int(head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]) - len(body)
        else:
            self._left -= len(data)
        if self._left == 0:
            self.taken.append(time.perf_counter() - self._asked_at)
            if self.is_stopping:
                self._transport.close()
            else:
                self._ask()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


async def measure(url: str, read: Read, connections: int, duration_s: float) -> dict[str, Any]:
    """Calls a second and how long a request took; the first moments do not count."""
    parts, loop = urlsplit(url), asyncio.get_running_loop()
    askers = [Asker(read) for _ in range(min(connections, read.connections_max))]
    for asker in askers:
        await loop.create_connection(lambda asker=asker: asker, parts.hostname, parts.port)
    await asyncio.sleep(WARM_S)
    for asker in askers:
        asker.taken.clear()
    started = time.perf_counter()
    await asyncio.sleep(duration_s)
    taken = [each for asker in askers for each in asker.taken]
    lasted_s = time.perf_counter() - started
    for asker in askers:
        asker.is_stopping = True
    await asyncio.gather(*(asker.ended for asker in askers))
    if not taken:
        raise RuntimeError(f"no answer to {read.name} within {duration_s} s")
    return {"calls_per_s": round(len(taken) * read.calls / lasted_s, 1), **percentiles(taken)}


async def make_reads(client: Client, traffic: Traffic, number: int) -> list[Read]:
    """What is asked, of block ``number`` where a whole one is. Each is asked once and must not be an error."""
    head = await client.head()
    holder = traffic.senders[0].address.hex()
    token = "0x" + traffic.token.hex()
    logs = {
        "fromBlock": hex(max(head - LOG_BLOCKS, 0)),
        "toBlock": hex(head),
        "address": token,
        "topics": [TRANSFER_TOPIC, None, "0x" + holder.rjust(64, "0")],
    }
    calls: dict[str, tuple[object, ...]] = {
        "eth_chainId": (),
        "eth_getBalance": ("0x" + holder, "latest"),
        "eth_call": ({"to": token, "data": f"0x{BALANCE_OF}{holder:0>64}"}, "latest"),
        "eth_getBlockByNumber": (hex(number), True),
        "eth_getLogs": (logs,),
    }
    for method, params in calls.items():
        await client.call(method, *params)
    reads = [Read(method, make_request(client.url, make_call(method, params))) for method, params in calls.items()]
    senders = [f"0x{sender.address.hex()}" for sender in traffic.senders]
    batch = [
        make_call("eth_getBalance", (senders[index % len(senders)], "latest"), index) for index in range(BATCH_CALLS)
    ]
    return [*reads, Read("batch of 100", make_request(client.url, batch), BATCH_CALLS, BATCH_CONNECTIONS)]


async def find_full_block(client: Client, first: int) -> tuple[int, int]:
    """From ``first`` on the block with the most transactions, and how many those are."""
    counts = {}
    for number in range(first, await client.head() + 1):
        counts[number] = int(await client.call("eth_getBlockTransactionCountByNumber", hex(number)), 16)
    fullest = max(counts, key=lambda number: counts[number])
    return fullest, counts[fullest]


def make_call(method: str, params: tuple[object, ...], request_id: int = 1) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}


def make_request(url: str, message: object) -> bytes:
    body = json.dumps(message).encode()
    host = urlsplit(url).netloc
    head = f"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def fill_block(client: Client, queue: list[Signed]) -> None:
    """Transactions all at once, so that some block has many."""
    async with open_lanes(client.url, 1) as lanes:
        for row in queue:
            await lanes[0].send(row)
    await client.wait_receipt(queue[-1].hash)


async def prepare(client: Client, options: argparse.Namespace) -> tuple[Traffic, list[Read], int]:
    """A token and senders, what is asked of them, and how many transactions the block has that is asked for."""
    traffic = await make_traffic(client, argparse.Namespace(connections=options.senders, fresh=0.5))
    for sender in traffic.senders:
        sender.nonce = int(await client.call("eth_getTransactionCount", f"0x{sender.address.hex()}", "pending"), 16)
    traffic.follow_price(int(await client.call("eth_gasPrice"), 16))
    first = await client.head() + 1
    await fill_block(client, client.prepare(traffic.sign("erc20", BLOCK_TRANSACTIONS)))
    number, count = await find_full_block(client, first)
    return traffic, await make_reads(client, traffic, number), count


async def measure_all(reads: list[Read], options: argparse.Namespace) -> dict[str, Any]:
    return {read.name: await measure(options.url, read, options.connections, options.duration_s) for read in reads}


async def run(options: argparse.Namespace) -> dict[str, Any]:
    async with aiohttp.ClientSession() as session, open_lanes(options.url, options.senders) as lanes:
        client = Client(options.url, session)
        traffic, reads, block_transactions = await prepare(client, options)
        tell(f"reads alone, {options.duration_s:g} s each")
        alone = await measure_all(reads, options)
        tell(f"reads beside {options.rate:g} transactions a second")
        busy_s = len(reads) * (options.duration_s + WARM_S) * BUSY_ROOM
        queue = client.prepare(traffic.sign("erc20", int(options.rate * busy_s)))
        loading = asyncio.ensure_future(hold_rate(client, lanes, queue, options.rate))
        try:
            busy = await measure_all(reads, options)
            if loading.done():
                raise RuntimeError("the load ended before the reads")
        finally:
            loading.cancel()
            with suppress(asyncio.CancelledError):
                await loading
    return {"alone": alone, "busy": busy, "block_transactions": block_transactions}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--connections", type=int, default=16, help="that ask at the same time")
    parser.add_argument("--senders", type=int, default=10, help="of the load beside the reads")
    parser.add_argument("--rate", type=float, default=200.0, help="transactions a second of that load")
    parser.add_argument("--duration-s", type=float, default=1.5, help="for each kind of read")
    options = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(run(options))))


if __name__ == "__main__":
    main()
