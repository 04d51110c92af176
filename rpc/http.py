"""The HTTP face: one URL for JSON-RPC (and its WebSocket), three operations pages, CORS for browsers, the Host check.

Errors of JSON-RPC travel with status 200 (wallets take anything else for a dead endpoint); other statuses speak of
HTTP itself: a foreign host, a wrong method or content type.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import lru_cache
from ipaddress import ip_address

from aiohttp import web

from rpc.access import Gate
from rpc.dispatch import Dispatcher, error_response
from rpc.errors import INVALID_REQUEST, PARSE_ERROR, RpcError
from rpc.json_codec import Encoded
from rpc.settings import RpcSettings
from rpc.websocket import WebSocketFace

JSON_TYPES = frozenset({"application/json", "application/json-rpc", "application/jsonrequest"})
Page = Callable[[], Awaitable[web.Response]]


class HttpFace:
    """``handle`` is the handler of a low-level aiohttp server: no router, no middlewares, as calls are many."""

    def __init__(
        self, dispatcher: Dispatcher, settings: RpcSettings, pages: dict[str, Page], sockets: WebSocketFace
    ) -> None:
        self._dispatcher = dispatcher
        self._sockets = sockets
        self._settings = settings
        self._pages = pages
        self._gate = Gate(settings.access)
        self._any_host = "*" in settings.virtual_hosts
        self._hosts = frozenset(host.lower() for host in settings.virtual_hosts)
        self._any_origin = "*" in settings.cors_origins

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if not self._is_host_good(request.headers.get("Host", "")):
            return web.Response(status=403, text="invalid host specified\n")
        response: web.StreamResponse
        if request.path == "/":
            response = await self._handle_root(request)
        elif request.path in self._pages and request.method in ("GET", "HEAD"):
            response = await self._pages[request.path]()
        else:
            response = web.Response(status=404, text="not found\n")
        origin = request.headers.get("Origin")
        if origin is not None:
            self._add_cors(response, origin)
        return response

    async def _handle_root(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.method == "OPTIONS":
            return _preflight(request)
        fault = self._gate.find_fault(request.headers)
        if fault is not None:
            return web.Response(status=401, text=f"{fault}\n", headers={"WWW-Authenticate": "Bearer"})
        if request.method == "POST":
            return await self._handle_call(request)
        if request.method == "GET" and request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._sockets.serve(request)
        if request.method in ("GET", "HEAD"):
            return web.Response(text="Ethereum JSON-RPC: send POST requests to this URL\n")
        return web.Response(status=405, text="method not allowed\n", headers={"Allow": "POST, GET, OPTIONS"})

    async def _handle_call(self, request: web.BaseRequest) -> web.Response:
        if request.content_type not in JSON_TYPES:
            return web.Response(status=415, text="invalid content type, only application/json is supported\n")
        length = request.content_length
        if length is not None and length > self._settings.body_bytes_max:
            return _json_response(self._too_large(f"({length}>{self._settings.body_bytes_max})"), close=True)
        try:
            body = await self._read_body(request)
        except TimeoutError:
            return _closing(web.Response(status=408, text="the body did not arrive in time\n"))
        except web.HTTPRequestEntityTooLarge:
            return _json_response(self._too_large(f"(>{self._settings.body_bytes_max})"), close=True)
        except web.RequestPayloadError as error:
            return _json_response(error_response(None, RpcError(PARSE_ERROR, f"parse error: {error}")), close=True)
        return _json_response(await self._dispatcher.answer_body(body))

    async def _read_body(self, request: web.BaseRequest) -> bytes:
        """Raises TimeoutError, HTTPRequestEntityTooLarge, RequestPayloadError."""
        async with asyncio.timeout(self._settings.request_timeout_s):
            if request.headers.get("Expect", "").lower() == "100-continue":
                await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                request.writer.output_size = 0
            return await request.read()

    def _too_large(self, sizes: str) -> bytes:
        return error_response(None, RpcError(INVALID_REQUEST, f"content length too large {sizes}"))

    def _is_host_good(self, header: str) -> bool:
        """Names must be listed, against DNS rebinding; IP addresses cannot be rebound."""
        if self._any_host or not header:
            return True
        host = host_name(header)
        return host in self._hosts or is_ip(host)

    def _add_cors(self, response: web.StreamResponse, origin: str) -> None:
        if self._any_origin:
            response.headers["Access-Control-Allow-Origin"] = "*"
        elif origin in self._settings.cors_origins:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Vary"] = "Origin"


def _preflight(request: web.BaseRequest) -> web.Response:
    headers = {
        "Access-Control-Allow-Methods": "POST, GET, OPTIONS",
        "Access-Control-Allow-Headers": request.headers.get("Access-Control-Request-Headers", "Content-Type"),
        "Access-Control-Max-Age": "600",
    }
    if request.headers.get("Access-Control-Request-Private-Network") == "true":
        headers["Access-Control-Allow-Private-Network"] = "true"
    return web.Response(status=204, headers=headers)


def _json_response(body: bytes | Encoded, *, close: bool = False) -> web.Response:
    if isinstance(body, Encoded):
        length = {"Content-Length": str(body.size)}
        return web.Response(body=_stream(body), headers=length, content_type="application/json")
    response = web.Response(body=body, content_type="application/json")
    return _closing(response) if close else response


async def _stream(body: Encoded) -> AsyncIterator[bytes]:
    """Others have the loop between the pieces."""
    for piece in body.pieces:
        yield piece
        await asyncio.sleep(0)


def _closing(response: web.Response) -> web.Response:
    """The rest of the request is not worth reading."""
    response.force_close()
    return response


def host_name(header: str) -> str:
    """The host of a Host header, without port and brackets, in lower case."""
    if header.startswith("["):
        return header[1:].partition("]")[0].lower()
    return header.partition(":")[0].lower()


@lru_cache(maxsize=128)
def is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
