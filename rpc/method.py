"""How a JSON-RPC method is declared: an answer and its positional parameters, each with its decoder."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from rpc.errors import InvalidArgument, RpcError, invalid_params

REQUIRED = object()


@dataclass(frozen=True, slots=True)
class Param:
    """``decode`` takes the JSON value and raises InvalidArgument. ``default`` stands in for a missing or null value."""

    decode: Callable[[Any], Any]
    default: Any = REQUIRED


@dataclass(frozen=True, slots=True)
class Method:
    answer: Callable[..., Awaitable[object]]
    params: tuple[Param, ...] = ()


def decode_params(params: tuple[Param, ...], given: object) -> list[Any]:
    """Positional arguments of a method. Raises RpcError -32602 in geth's words."""
    if not given:
        given = []
    if not isinstance(given, list):
        raise invalid_params("non-array args")
    if len(given) > len(params):
        raise invalid_params(f"too many arguments, want at most {len(params)}")
    return [_decode_one(param, given[i] if i < len(given) else None, i) for i, param in enumerate(params)]


def _decode_one(param: Param, value: object, position: int) -> Any:
    if value is None:
        if param.default is REQUIRED:
            raise invalid_params(f"missing value for required argument {position}")
        return param.default
    try:
        return param.decode(value)
    except InvalidArgument as error:
        raise _named(error, position) from error


def _named(error: InvalidArgument, position: int) -> RpcError:
    return invalid_params(f"invalid argument {position}: {error}")
