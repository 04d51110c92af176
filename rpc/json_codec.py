"""JSON on the wire: strict where it comes in, fast where it goes out.

orjson reads: it bounds the depth of nesting itself. The standard library's reader leans on the interpreter's recursion
limit instead, which py-evm raises to where a body of brackets ends the process. But orjson turns integers beyond 64
bits into floats, and ids are echoed: where an id came out as a float, the standard library reads the text again, whose
depth is known by then. Of duplicate keys the last one counts.

orjson also writes; what it refuses (integers beyond 64 bits, which occur in echoed ids only) the standard library does.
"""

import json
from dataclasses import dataclass

import orjson


class BadJson(ValueError):
    """The text is not JSON, or holds a number that has no value here."""


def decode_json(body: bytes) -> object:
    """Raises BadJson for anything but one JSON text in UTF-8: no byte order mark, no NaN, no lone surrogates, no number
    beyond the range of a double, at most 1024 levels."""
    try:
        value: object = orjson.loads(body)
        return json.loads(body.decode()) if _has_float_id(value) else value
    except RecursionError as error:
        raise BadJson("nested too deeply") from error
    except ValueError as error:
        raise BadJson(str(error)) from error


def _has_float_id(value: object) -> bool:
    """Whether a request, or one of a batch, may have an id of which orjson lost digits."""
    requests = value if isinstance(value, list) else [value]
    return any(isinstance(request, dict) and isinstance(request.get("id"), float) for request in requests)


@dataclass(frozen=True, slots=True)
class Encoded:
    """JSON text that is ready, in pieces: to copy twenty megabytes at one go takes a tenth of a second."""

    pieces: tuple[bytes, ...]

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(map(len, self.pieces))


def size_of(text: bytes | Encoded) -> int:
    """Bytes."""
    return text.size if isinstance(text, Encoded) else len(text)


def encode_json(value: object) -> bytes:
    """UTF-8 text of plain dicts, lists, strings, numbers, of which ``orjson.Fragment`` may be part."""
    if isinstance(value, Encoded):
        return b"".join(value.pieces)
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()
