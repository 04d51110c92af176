"""JSON-RPC 2.0 over HTTP, as a client: what every connector to a remote node speaks through.

Bounded in time and in size; never retries (the caller knows whether and when); foreign failures leave as Transient
errors. Addresses may hold access keys, so that messages name the host only.
"""

from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import aiohttp
import orjson

from rollup.core.errors import LedgerBusy, LedgerUnavailable

READ_CHUNK_BYTES = 262_144


class JsonRpcError(LedgerUnavailable):
    """The node answered with an error object. Transient unless the caller knows the words better."""

    def __init__(self, code: int, message: str, data: object = None) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code
        self.message = message
        self.data = data


@dataclass(frozen=True, slots=True)
class RpcCall:
    """``params`` are JSON values."""

    method: str
    params: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class TransportSettings:
    """``timeout_s`` bounds one exchange from connecting to the last byte. Name and password of HTTP basic access stand
    in the URL or, as ``name:password``, in ``cookie_file``, which is read anew each time: nodes change it when they
    start."""

    url: str
    timeout_s: float = 10.0
    connect_timeout_s: float = 3.0
    answer_bytes_max: int = 32 * 1024 * 1024
    connections_max: int = 8
    cookie_file: Path | None = None


class RpcTransport:
    """One HTTP session to one node, open between ``async with`` entry and exit. Safe to use concurrently."""

    def __init__(self, settings: TransportSettings) -> None:
        self._settings = settings
        self._host = urlsplit(settings.url).hostname or "the node"
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(
            total=self._settings.timeout_s, sock_connect=self._settings.connect_timeout_s, connect=None
        )
        connector = aiohttp.TCPConnector(limit=self._settings.connections_max)
        self._session = aiohttp.ClientSession(connector=connector, timeout=timeout)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def call(self, method: str, *params: object) -> object:
        """One call. Raises JsonRpcError for an error object, LedgerBusy, LedgerUnavailable."""
        answer = await self._exchange(_request(0, RpcCall(method, params)))
        outcome = _read_answer(answer)
        if isinstance(outcome, JsonRpcError):
            raise outcome
        return outcome

    async def call_batch(self, *calls: RpcCall) -> list[object]:
        """Several calls in one exchange, results in the order of the calls. Raises the first call's error."""
        outcomes = await self.try_batch(*calls)
        for outcome in outcomes:
            if isinstance(outcome, JsonRpcError):
                raise outcome
        return outcomes

    async def try_batch(self, *calls: RpcCall) -> list[object]:
        """The same with errors of single calls in their places, as JsonRpcError values."""
        answers = await self._exchange([_request(index, call) for index, call in enumerate(calls)])
        if isinstance(answers, dict):  # the node refused the batch as a whole
            outcome = _read_answer(answers)
            raise outcome if isinstance(outcome, JsonRpcError) else LedgerUnavailable("one answer to a batch")
        if not isinstance(answers, list):
            raise LedgerUnavailable("the answer is not JSON-RPC")
        by_id = {answer.get("id"): answer for answer in answers if isinstance(answer, dict)}
        if any(index not in by_id for index in range(len(calls))):
            raise LedgerUnavailable("the node left calls of a batch unanswered")
        return [_read_answer(by_id[index]) for index in range(len(calls))]

    async def _exchange(self, request: object) -> object:
        if self._session is None:
            raise LedgerUnavailable(f"{self._host}: the connection is closed")
        body = orjson.dumps(request)
        headers = {"Content-Type": "application/json"} | self._authorization()
        try:
            async with self._session.post(self._settings.url, data=body, headers=headers) as response:
                if response.status == 429:
                    raise LedgerBusy(f"{self._host} asks for patience")
                return self._parse(response.status, await self._read(response))
        except TimeoutError as error:
            raise LedgerUnavailable(f"{self._host} did not answer in {self._settings.timeout_s} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise LedgerUnavailable(f"{self._host}: {type(error).__name__}") from error

    def _authorization(self) -> dict[str, str]:
        path = self._settings.cookie_file
        if path is None:
            return {}
        try:
            credentials = path.read_bytes().strip()
        except OSError as error:
            raise LedgerUnavailable(f"{self._host}: cookie {path}: {error.strerror}") from error
        return {"Authorization": "Basic " + b64encode(credentials).decode()}

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        parts = bytearray()
        async for part in response.content.iter_chunked(READ_CHUNK_BYTES):
            parts += part
            if len(parts) > self._settings.answer_bytes_max:
                raise LedgerUnavailable(f"{self._host} answered more than {self._settings.answer_bytes_max} bytes")
        return bytes(parts)

    def _parse(self, status: int, body: bytes) -> object:
        try:
            value: object = orjson.loads(body)  # bounds its own depth: a hostile answer cannot exhaust the stack
        except ValueError as error:
            raise LedgerUnavailable(f"{self._host} answered HTTP {status} without JSON") from error
        return value


def _request(index: int, call: RpcCall) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": index, "method": call.method, "params": list(call.params)}


def _read_answer(answer: object) -> object:
    """The result, or the error as a value."""
    if not isinstance(answer, dict):
        raise LedgerUnavailable("the answer is not JSON-RPC")
    error = answer.get("error")
    if isinstance(error, dict):
        code = error.get("code")
        return JsonRpcError(code if isinstance(code, int) else 0, str(error.get("message", "")), error.get("data"))
    if error is not None or "result" not in answer:
        raise LedgerUnavailable("the answer is not JSON-RPC")
    return answer["result"]
