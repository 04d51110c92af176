"""Shape checks of JSON objects and arrays inside parameters."""

from typing import Any

from rpc.errors import InvalidArgument


def read_object(value: object, kind: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidArgument(f"cannot unmarshal into {kind}: an object is wanted")
    return value


def read_list(value: object, kind: str) -> list[Any]:
    if not isinstance(value, list):
        raise InvalidArgument(f"cannot unmarshal into {kind}: an array is wanted")
    return value
