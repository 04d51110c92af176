"""JSON on the wire: strict where it comes in, fast where it goes out.

Incoming numbers keep their value (ids are echoed), so the standard library reads: orjson turns integers beyond 64 bits
into floats. Of duplicate keys the last one counts. Outgoing, orjson writes large answers an order of magnitude faster;
what it refuses (integers beyond 64 bits and lone surrogates, both only in echoed ids) the standard library writes.
"""

import json
import math
from typing import NoReturn

import orjson


class BadJson(ValueError):
    """The text is not JSON, or holds a number that has no value here."""


def _refuse_constant(name: str) -> NoReturn:
    raise BadJson(f"{name} is not JSON")


def _read_float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise BadJson("number out of range")
    return value


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_read_float)


def decode_json(body: bytes) -> object:
    """Raises BadJson for anything but one JSON text in UTF-8 (no byte order mark, no NaN)."""
    try:
        value: object = _DECODER.decode(body.decode())
    except RecursionError as error:
        raise BadJson("nested too deeply") from error
    except ValueError as error:
        raise BadJson(str(error)) from error
    return value


def encode_json(value: object) -> bytes:
    """UTF-8 text of plain dicts, lists, strings, numbers."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()
