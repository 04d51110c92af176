"""The listener: opens with everything it serves, closes within a second whatever its clients do."""

import asyncio
import errno
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from rollup.core.errors import BadConfig, PortTaken
from rpc.connections import BoundedServer
from rpc.dispatch import Dispatcher
from rpc.feed import ChainFeed
from rpc.http import HttpFace
from rpc.log_search import LogSearch
from rpc.method import Method
from rpc.methods.table import Answer, TableParts, build_table
from rpc.methods.wallet import KeyRing
from rpc.metrics import Metrics
from rpc.pages import Pages
from rpc.ports import NodePorts
from rpc.settings import RpcSettings
from rpc.websocket import WebSocketFace

CLOSE_TIMEOUT_S = 0.5


@dataclass(frozen=True, slots=True)
class AppParts:
    """What a listener serves. ``extra_methods`` that declare no parameters get them as they came; ``feed`` is what the
    node tells of its chain, ``keys`` are the accounts that it signs for (a devnet's)."""

    ports: NodePorts
    settings: RpcSettings = field(default_factory=RpcSettings)
    metrics: Metrics = field(default_factory=Metrics)
    extra_methods: Mapping[str, Answer | Method] = field(default_factory=dict)
    feed: ChainFeed = field(default_factory=ChainFeed)
    keys: KeyRing | None = None


@dataclass(frozen=True, slots=True)
class RpcServer:
    """A listener that is open. ``port`` is the bound one where 0 was asked for."""

    host: str
    port: int

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


@asynccontextmanager
async def open_server(host: str, port: int, parts: AppParts) -> AsyncIterator[RpcServer]:
    """Listen until the block ends. Raises PortTaken, BadConfig (an address that is not ours)."""
    ports, settings = parts.ports, parts.settings
    with LogSearch(ports.chain, settings.log_searches_max) as search:
        table = build_table(TableParts(ports, settings, search, parts.extra_methods, parts.feed, parts.keys))
        pages = Pages(ports, settings, parts.metrics)
        dispatcher = Dispatcher(table, settings, parts.metrics)
        sockets = WebSocketFace(dispatcher, parts.feed, settings, parts.metrics.sockets)
        face = HttpFace(dispatcher, settings, pages.table(), sockets)
        runner = web.ServerRunner(_build_server(face, settings), shutdown_timeout=CLOSE_TIMEOUT_S)
        await runner.setup()
        try:
            site = web.TCPSite(runner, host, port, backlog=1024)
            await _start(site, host, port)
            yield RpcServer(host, site.port)
        finally:
            await sockets.close()
            await runner.cleanup()


def _build_server(face: HttpFace, settings: RpcSettings) -> web.Server:
    loop = asyncio.get_running_loop()

    def make_request(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
        return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=settings.body_bytes_max)

    return BoundedServer(
        face.handle,
        connections_max=settings.connections_max,
        request_factory=make_request,
        keepalive_timeout=settings.keepalive_timeout_s,
        access_log=None,
        auto_decompress=False,
        lingering_time=1.0,
    )


async def check_listenable(host: str, *ports: int) -> None:
    """Fail before engines and stores are opened for nothing. Raises PortTaken, BadConfig; port 0 is always free."""
    for port in ports:
        with _naming(host, port):
            listening = await asyncio.get_running_loop().create_server(asyncio.Protocol, host, port)
        listening.close()
        await listening.wait_closed()


async def _start(site: web.TCPSite, host: str, port: int) -> None:
    with _naming(host, port):
        await site.start()


@contextmanager
def _naming(host: str, port: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(
                f"port {port} on {host} is taken: stop the program that listens there or choose another port"
            ) from error
        raise BadConfig(f"cannot listen on {host}:{port}: {error.strerror or error}") from error
