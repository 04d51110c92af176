"""JSON-RPC 2.0 over one request body: single calls, notifications, batches, and every way to get them wrong.

Each call of a batch is judged on its own, as the specification wants (``[1, {...}, 3]`` gets three answers) and then
runs through jsonrpcserver's ``call``; its checks of a method's signature are left out, as every endpoint has the same.
Knows nothing of HTTP.
"""

import asyncio
import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any

from jsonrpcserver.async_dispatcher import call
from jsonrpcserver.dispatcher import to_response
from jsonrpcserver.request import Request
from jsonrpcserver.response import Response, to_serializable_one
from jsonrpcserver.sentinels import NOID
from oslash.either import Left

from rpc.endpoint import Endpoint, error_result
from rpc.errors import INVALID_REQUEST, METHOD_NOT_FOUND, PARSE_ERROR, RESPONSE_TOO_LARGE, RpcError
from rpc.json_codec import BadJson, Encoded, decode_json, encode_json, size_of
from rpc.method import Method
from rpc.metrics import Metrics
from rpc.settings import RpcSettings


class Dispatcher:
    """Answers request bodies from a fixed table of methods. May be called concurrently."""

    def __init__(self, table: Mapping[str, Method], settings: RpcSettings, metrics: Metrics) -> None:
        self._endpoints: dict[str, Callable[..., Any]] = _build_endpoints(table, settings, metrics)
        self._settings = settings
        self._metrics = metrics
        self._numbers = itertools.count(1)

    @property
    def methods(self) -> list[str]:
        """Names, sorted."""
        return sorted(self._endpoints)

    def replace(self, table: Mapping[str, Method]) -> "Dispatcher":
        """The same methods, those that are in ``table`` too with its answers: what a connection answers itself."""
        other = Dispatcher({}, self._settings, self._metrics)
        known = {name: method for name, method in table.items() if name in self._endpoints}
        other._endpoints = self._endpoints | _build_endpoints(known, self._settings, self._metrics)
        other._numbers = self._numbers
        return other

    async def answer_body(self, body: bytes) -> bytes | Encoded:
        """The response body; empty when there is nothing to answer (notifications), in pieces when it is long. Raises
        nothing."""
        try:
            message = decode_json(body)
        except BadJson as error:
            return error_response(None, RpcError(PARSE_ERROR, f"parse error: {error}"))
        if isinstance(message, list):
            return await self._answer_batch(message)
        return await self._answer_call(message)

    async def _answer_call(self, message: object) -> bytes | Encoded:
        if not isinstance(message, dict):
            return error_response(None, RpcError(INVALID_REQUEST, "invalid request"))
        name, request_id = message.get("method"), message.get("id", NOID)
        id_is_good = is_request_id(request_id)
        if message.get("jsonrpc") != "2.0" or not isinstance(name, str) or not id_is_good:
            echoed = request_id if id_is_good and request_id is not NOID else None
            return error_response(echoed, RpcError(INVALID_REQUEST, "invalid request"))
        if name not in self._endpoints:
            return self._answer_unknown(name, request_id)
        request = Request(name, [message.get("params")], request_id)
        result = await call(request, next(self._numbers), self._endpoints[name])
        return b"" if request_id is NOID else encode_response(to_response(request, result))

    def _answer_unknown(self, name: str, request_id: object) -> bytes:
        self._metrics.rpc.on_call("unknown", 0.0, failed=True)
        if request_id is NOID:
            return b""
        message = f"the method {name[:100]} does not exist/is not available"
        return error_response(request_id, RpcError(METHOD_NOT_FOUND, message))

    async def _answer_batch(self, messages: list[object]) -> bytes | Encoded:
        if not messages:
            return error_response(None, RpcError(INVALID_REQUEST, "empty batch"))
        if len(messages) > self._settings.batch_items_max:
            return error_response(None, RpcError(INVALID_REQUEST, "batch too large"))
        answers: list[bytes | Encoded] = []
        size = 0
        step = self._settings.batch_concurrency
        for chunk in (messages[i : i + step] for i in range(0, len(messages), step)):
            if size > self._settings.response_bytes_max:
                answers += [_too_large(message) for message in chunk]
                continue
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._answer_call(message)) for message in chunk]
            answers += [task.result() for task in tasks]
            size = sum(map(size_of, answers))
        kept = [answer for answer in answers if answer]
        return _join_answers(kept) if kept else b""


def _build_endpoints(
    table: Mapping[str, Method], settings: RpcSettings, metrics: Metrics
) -> dict[str, Callable[..., Any]]:
    return {name: Endpoint(name, method, settings, metrics) for name, method in table.items()}


def is_request_id(value: object) -> bool:
    """A string, a finite number, null, or none at all (a notification)."""
    if value is NOID or value is None or isinstance(value, str):
        return True
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value)


def encode_response(response: Response) -> bytes | Encoded:
    """A response object; the result of a success is JSON text already."""
    if isinstance(response, Left):
        return encode_json(to_serializable_one(response))
    success = response._value
    result: bytes | Encoded = success.result
    head = b'{"jsonrpc":"2.0","id":' + encode_json(success.id) + b',"result":'
    return Encoded((head, *result.pieces, b"}")) if isinstance(result, Encoded) else head + result + b"}"


def _join_answers(answers: list[bytes | Encoded]) -> bytes | Encoded:
    whole = [answer for answer in answers if isinstance(answer, bytes)]
    if len(whole) == len(answers):
        return b"[" + b",".join(whole) + b"]"
    pieces: list[bytes] = []
    for number, answer in enumerate(answers):
        pieces.append(b"," if number else b"[")
        pieces += answer.pieces if isinstance(answer, Encoded) else (answer,)
    return Encoded((*pieces, b"]"))


def error_response(request_id: object, error: RpcError) -> bytes:
    return encode_json(to_serializable_one(to_response(Request("", [], request_id), error_result(error))))


def _too_large(message: object) -> bytes:
    request_id = message.get("id", NOID) if isinstance(message, dict) else None
    if request_id is NOID:
        return b""
    return error_response(
        request_id if is_request_id(request_id) else None, RpcError(RESPONSE_TOO_LARGE, "response too large")
    )
