"""One method as the dispatcher calls it: an outcome for every call, in bytes, within its time and size."""

import asyncio
import time

import structlog
from jsonrpcserver import Error, Result, Success

from rollup.core.errors import Fatal, Rejected, Transient
from rpc.errors import (
    INTERNAL_ERROR,
    LIMIT_EXCEEDED,
    RESPONSE_TOO_LARGE,
    TIMED_OUT,
    RpcError,
    rejected_error,
)
from rpc.json_codec import Encoded, encode_json, size_of
from rpc.method import Method, decode_params
from rpc.metrics import Metrics
from rpc.settings import RpcSettings

WHOLE_BYTES_MAX = 256 * 1024
"""Longer answers stay in pieces."""

_log = structlog.get_logger("rpc")


class Endpoint:
    """Callable with the number of the request (for the log) and the ``params`` member as it came.

    A success holds the answer already encoded. Raises nothing but cancellation.
    """

    def __init__(self, name: str, method: Method, settings: RpcSettings, metrics: Metrics) -> None:
        self._name = name
        self._method = method
        self._settings = settings
        self._metrics = metrics

    async def __call__(self, request_number: int, params: object) -> Result:
        started = time.perf_counter()
        error = None
        try:
            return Success(await self._answer(params))
        except RpcError as raised:
            error = raised
        except Rejected as raised:
            error = rejected_error(raised)
        except Transient as raised:
            error = RpcError(LIMIT_EXCEEDED, f"server busy, try again later: {raised}")
        except TimeoutError:
            error = RpcError(TIMED_OUT, "request timed out")
        except Fatal as raised:  # the part that met it first ends the node and says why
            _log.warning("call failed", method=self._name, why=str(raised))
            error = RpcError(INTERNAL_ERROR, "the node is stopping")
        except Exception:  # noqa: BLE001 - the edge: whatever broke inside, the caller gets an answer and the process lives
            _log.exception("call failed", method=self._name, request=request_number)
            error = RpcError(INTERNAL_ERROR, f"internal error (request {request_number})")
        finally:
            self._metrics.rpc.on_call(self._name, time.perf_counter() - started, failed=error is not None)
        return error_result(error)

    async def _answer(self, params: object) -> bytes | Encoded:
        arguments = decode_params(self._method.params, params)
        async with asyncio.timeout(self._settings.request_timeout_s):
            answer = await self._method.answer(*arguments)
            encoded = answer if isinstance(answer, Encoded) and answer.size > WHOLE_BYTES_MAX else encode_json(answer)
        if size_of(encoded) > self._settings.response_bytes_max:
            raise RpcError(RESPONSE_TOO_LARGE, "response too large")
        return encoded


def error_result(error: RpcError) -> Result:
    """``data`` is absent from the answer unless the error has some."""
    if error.data is None:
        return Error(error.code, error.message)
    return Error(error.code, error.message, error.data)
