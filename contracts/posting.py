"""Calldata of ``postBatch(bytes,bytes,bytes)``, which batch inbox and mirror anchor share.

Strict in both directions: the contracts accept one canonical encoding and so does this decoder, so that what a ledger
took is exactly what its readers find.
"""

from rollup.core.errors import MalformedBatch
from rollup.core.hashes import keccak

POST_BATCH_SELECTOR = keccak(b"postBatch(bytes,bytes,bytes)")[:4]

BATCH_POSTED_TOPIC = keccak(b"BatchPosted(uint64,bytes32,bytes32,bytes32,bytes32,uint64,uint64)")
"""Event of the inbox; topics 1 to 3 are number, batch hash and parent hash."""

BATCH_MIRRORED_TOPIC = keccak(b"BatchMirrored(uint64,bytes32,bytes32,bytes32,bytes32,bool)")
"""Event of the mirror; topics 1 to 3 are number, batch hash and parent hash."""

_WORD = 32


def encode_post_batch(header_bytes: bytes, signature: bytes, body: bytes) -> bytes:
    """Selector and arguments. An empty body posts the header alone, which only a mirror takes."""
    tails = [_encode_bytes(value) for value in (header_bytes, signature, body)]
    offset = 3 * _WORD
    head = b""
    for tail in tails:
        head += offset.to_bytes(_WORD, "big")
        offset += len(tail)
    return POST_BATCH_SELECTOR + head + b"".join(tails)


def decode_post_batch(calldata: bytes) -> tuple[bytes, bytes, bytes]:
    """Header, signature and body of canonical calldata. Raises MalformedBatch for everything else.

    Bounds come from ``calldata``: a declared length costs nothing before it is seen to fit.
    """
    if calldata[:4] != POST_BATCH_SELECTOR:
        raise MalformedBatch("not a call of postBatch")
    arguments = calldata[4:]
    header_bytes, after = _read_bytes(arguments, 0, 3 * _WORD)
    signature, after = _read_bytes(arguments, 1, after)
    body, after = _read_bytes(arguments, 2, after)
    if after != len(arguments):
        raise MalformedBatch("bytes after the arguments of postBatch")
    return header_bytes, signature, body


def _encode_bytes(value: bytes) -> bytes:
    return len(value).to_bytes(_WORD, "big") + value + bytes(-len(value) % _WORD)


def _read_bytes(arguments: bytes, position: int, expected: int) -> tuple[bytes, int]:
    if _read_word(arguments, position * _WORD) != expected:
        raise MalformedBatch("an argument of postBatch is not where the canonical encoding puts it")
    length = _read_word(arguments, expected)
    start = expected + _WORD
    end = start + length + -length % _WORD
    if end > len(arguments):
        raise MalformedBatch("an argument of postBatch is cut short")
    if any(arguments[start + length : end]):
        raise MalformedBatch("the padding of an argument of postBatch is not zero")
    return arguments[start : start + length], end


def _read_word(arguments: bytes, start: int) -> int:
    if start + _WORD > len(arguments):
        raise MalformedBatch("the arguments of postBatch are cut short")
    return int.from_bytes(arguments[start : start + _WORD], "big")
