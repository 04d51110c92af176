"""JSON-RPC over WebSocket, on the port and path of HTTP: every method, batches, and eth_subscribe.

A connection is a task group: one task reads requests and starts a task for each (so that a slow call holds up nobody),
one sends answers and news from the bounded outbox. Whatever ends one of them ends the connection, with a close code:
1001 the node stops, 1008 the reader is too slow, 1009 a message is too large, 1000 idle.
"""

import asyncio
from dataclasses import dataclass
from typing import cast

import structlog
from aiohttp import WSMsgType, web

from rpc.dispatch import Dispatcher
from rpc.feed import ChainFeed
from rpc.json_codec import Encoded
from rpc.metrics import SocketMetrics
from rpc.origins import is_origin_allowed
from rpc.outbox import POLICY_VIOLATION, ConnectionEnded, Outbox
from rpc.settings import RpcSettings
from rpc.subscriptions import SubscriptionSet
from rpc.turnstile import Turnstile

NORMAL, GOING_AWAY, NO_STATUS = 1000, 1001, 1005
CLOSE_MAX_S = 1.0
"""How long a client may take to say goodbye, or a slow one to read why it is dropped."""
LEAVE_MAX_S = 0.5
"""The same when the node stops."""
MESSAGES_PER_TURN = 32
"""News to all connections together before others have the event loop; one takes 30 to 80 microseconds to send."""

_log = structlog.get_logger("rpc")


@dataclass(frozen=True, slots=True)
class Shared:
    """What all connections of a listener have in common."""

    dispatcher: Dispatcher
    feed: ChainFeed
    settings: RpcSettings
    turnstile: Turnstile
    metrics: SocketMetrics


class WebSocketFace:
    """Takes over requests that ask for an upgrade, and knows the open connections."""

    def __init__(self, dispatcher: Dispatcher, feed: ChainFeed, settings: RpcSettings, metrics: SocketMetrics) -> None:
        self._shared = Shared(dispatcher, feed, settings, Turnstile(MESSAGES_PER_TURN), metrics)
        self._settings = settings
        self._connections: set[Connection] = set()
        self._is_closing = False

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Until the connection is over."""
        limits = self._settings.websocket
        origin = request.headers.get("Origin")
        if not is_origin_allowed(origin, self._settings.websocket_origins):
            _log.warning("websocket refused", origin=origin)
            return web.Response(status=403, text="origin not allowed\n")
        if self._is_closing or len(self._connections) >= limits.connections_max:
            return web.Response(status=503, text="too many connections\n", headers={"Retry-After": "5"})
        socket = web.WebSocketResponse(
            timeout=CLOSE_MAX_S,
            heartbeat=limits.ping_interval_s,
            compress=False,
            max_msg_size=self._settings.body_bytes_max,
            decode_text=False,
        )
        if not socket.can_prepare(request):
            return web.Response(status=400, text="bad WebSocket handshake\n")
        try:
            await socket.prepare(request)
        except ConnectionError:
            return web.Response(status=400, text="gone during the handshake\n")
        connection = Connection(socket, self._shared)
        self._connections.add(connection)
        self._shared.metrics.on_opened()
        try:
            await connection.run()
        finally:
            self._connections.discard(connection)
            self._shared.metrics.on_closed()
            _hang_up(request.transport)
        return socket

    async def close(self) -> None:
        """Say goodbye to everybody, within LEAVE_MAX_S."""
        self._is_closing = True
        async with asyncio.TaskGroup() as group:
            for connection in tuple(self._connections):
                group.create_task(connection.leave())


def _hang_up(transport: asyncio.Transport | None) -> None:
    """What is still unread by now stays unread: the transport would keep it for ever."""
    if transport is None:
        return
    if transport.get_write_buffer_size():
        transport.abort()
    else:
        transport.close()


class Connection:
    """One client."""

    def __init__(self, socket: "web.WebSocketResponse[bool]", shared: Shared) -> None:
        settings = shared.settings
        self._socket = socket
        self._turnstile = shared.turnstile
        self._metrics = shared.metrics
        self._limits = settings.websocket
        self._outbox = Outbox(
            self._limits.waiting_bytes_max, self._limits.waiting_bytes_max + settings.response_bytes_max
        )
        self._subscriptions = SubscriptionSet(shared.feed, self._outbox, self._limits.subscriptions_max)
        self._dispatcher = shared.dispatcher.replace(self._subscriptions.table())
        self._room = asyncio.Semaphore(self._limits.calls_max)
        self._asked_at = asyncio.get_running_loop().time()
        self._leaving = asyncio.Event()
        self._is_over = asyncio.Event()

    async def run(self) -> None:
        """Until either side ends it, and what was sent for inclusion is in the pool."""
        async with asyncio.TaskGroup() as tasks:
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._watch_leaving())
                    group.create_task(self._watch_idle())
                    group.create_task(self._outbox.watch())
                    group.create_task(self._send_all())
                    await self._read_all(group, tasks)
            except* ConnectionEnded as ended:
                self._subscriptions.close()
                await self._say_goodbye(_first(ended))
            finally:
                self._subscriptions.close()
                self._is_over.set()

    async def leave(self) -> None:
        """The node stops."""
        self._leaving.set()
        await self._is_over.wait()

    async def _watch_leaving(self) -> None:
        await self._leaving.wait()
        raise ConnectionEnded(GOING_AWAY, "the node stops")

    # --- requests -----------------------------------------------------------------------------------------------------

    async def _read_all(self, group: asyncio.TaskGroup, tasks: asyncio.TaskGroup) -> None:
        """A client may send a transaction and leave: such a call outlives the connection."""
        while True:
            await self._outbox.wait_room()
            await self._room.acquire()
            body = await self._read()
            if b"eth_subscribe" in body:
                self._outbox.hold()
                await self._answer(body)
                self._outbox.release()
            elif b"eth_send" in body:
                tasks.create_task(self._answer(body))
            else:
                group.create_task(self._answer(body))

    async def _read(self) -> bytes:
        """The next message. Raises ConnectionEnded."""
        message = await self._socket.receive()
        if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
            raise ConnectionEnded(self._socket.close_code or NO_STATUS, "closed")
        self._asked_at = asyncio.get_running_loop().time()
        body: bytes = message.data
        return body

    async def _watch_idle(self) -> None:
        """Pings keep a connection alive, not in use."""
        clock = asyncio.get_running_loop().time
        while True:
            left_s = self._asked_at + self._limits.idle_timeout_s - clock()
            if left_s <= 0 and not len(self._subscriptions):
                raise ConnectionEnded(NORMAL, "idle")
            await asyncio.sleep(left_s if left_s > 0 else self._limits.idle_timeout_s)

    async def _answer(self, body: bytes) -> None:
        try:
            answer = await self._dispatcher.answer_body(body)
        finally:
            self._room.release()
        if answer:
            self._outbox.put_answer(await _join(answer) if isinstance(answer, Encoded) else answer)

    # --- answers and news ---------------------------------------------------------------------------------------------

    async def _send_all(self) -> None:
        while True:
            taken = await self._outbox.take()
            if isinstance(taken, bytes | bytearray):
                await self._send(taken)
                continue
            for messages in self._subscriptions.build_messages(taken):
                await self._turnstile.take()
                for message in messages:
                    await self._turnstile.take()
                    await self._send(message)

    async def _send(self, message: bytes | bytearray) -> None:
        """Waits while the client reads nothing. Raises ConnectionEnded when that takes too long."""
        try:
            async with asyncio.timeout(self._limits.write_timeout_s):
                await self._socket.send_frame(cast(bytes, message), WSMsgType.TEXT)  # it takes either
        except TimeoutError:
            reason = f"slow reader: read nothing for {self._limits.write_timeout_s:g} s"
            raise ConnectionEnded(POLICY_VIOLATION, reason) from None
        except ConnectionError as error:
            raise ConnectionEnded(NO_STATUS, "closed") from error

    async def _say_goodbye(self, ended: ConnectionEnded) -> None:
        """A close frame where there is somebody to read it; who does not read it in time is cut off.

        Without ``drain``: aiohttp's wait for the transport fails once an earlier wait for it was cancelled.
        """
        if ended.code == POLICY_VIOLATION:
            self._metrics.on_dropped()
            _log.warning("websocket dropped", why=ended.reason)
        try:
            async with asyncio.timeout(LEAVE_MAX_S if ended.code == GOING_AWAY else CLOSE_MAX_S):
                await self._socket.close(code=ended.code, message=ended.reason.encode(), drain=False)
        except TimeoutError:
            _log.debug("websocket cut off", why=ended.reason)


async def _join(answer: Encoded) -> bytearray:
    """One message, put together in turns."""
    whole = bytearray()
    for piece in answer.pieces:
        whole += piece
        await asyncio.sleep(0)
    return whole


def _first(ended: BaseExceptionGroup[ConnectionEnded]) -> ConnectionEnded:
    error = ended.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
