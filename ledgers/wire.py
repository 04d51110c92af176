"""The port `Ledger` as JSON, in both directions: what `remote` asks and what a node serves of a ledger that it holds.

Bytes are 0x-hex, numbers are JSON numbers. An answer is ``{"value": ...}`` or ``{"error": {"kind", "detail"}}``: the
error travels inside the result, so that it arrives as the same class whatever the server makes of exceptions.
"""

from collections.abc import Mapping

from rollup.core.batch import Batch, decode_posting, encode_posting
from rollup.core.errors import (
    LedgerBusy,
    LedgerReorged,
    LedgerUnavailable,
    MalformedBatch,
    Rejected,
    RollupError,
    Transient,
    UnknownBlock,
    WrongLedger,
)
from rollup.core.ids import BatchNumber, Hash
from rollup.core.ledger import LedgerBlock, LedgerHead, SeenPosting

_KINDS: dict[str, type[RollupError]] = {
    kind.__name__: kind for kind in (UnknownBlock, WrongLedger, LedgerReorged, LedgerBusy, LedgerUnavailable, Rejected)
}


def encode_block(block: LedgerBlock) -> dict[str, object]:
    return {
        "height": block.height,
        "hash": _hex(block.hash),
        "parentHash": _hex(block.parent_hash),
        "time": block.time,
    }


def decode_block(value: object) -> LedgerBlock:
    """Raises LedgerUnavailable for anything that encode_block does not make; so do the other decoders."""
    fields = _object(value)
    return LedgerBlock(
        _uint(fields, "height"), _hash(fields, "hash"), _hash(fields, "parentHash"), _uint(fields, "time")
    )


def encode_head(head: LedgerHead) -> dict[str, object]:
    return {"block": encode_block(head.block), "finalizedHeight": head.finalized_height}


def decode_head(value: object) -> LedgerHead:
    fields = _object(value)
    return LedgerHead(decode_block(fields.get("block")), _int(fields, "finalizedHeight"))


def encode_seen(posting: SeenPosting) -> dict[str, object]:
    batch = posting.batch
    return {
        "batchNumber": posting.batch_number,
        "batchHash": _hex(posting.batch_hash),
        "batch": None if batch is None else _hex(encode_posting(batch, with_body=True)),
        "txId": _hex(posting.tx_id),
        "height": posting.height,
        "blockHash": _hex(posting.block_hash),
        "position": posting.position,
    }


def decode_seen(value: object) -> SeenPosting:
    fields = _object(value)
    return SeenPosting(
        batch_number=BatchNumber(_uint(fields, "batchNumber")),
        batch_hash=_hash(fields, "batchHash"),
        batch=_batch(fields.get("batch")),
        tx_id=_hash(fields, "txId"),
        height=_uint(fields, "height"),
        block_hash=_hash(fields, "blockHash"),
        position=_uint(fields, "position"),
    )


def encode_error(error: RollupError) -> dict[str, object]:
    """The nearest class that the other side knows."""
    if type(error).__name__ in _KINDS:
        kind = type(error).__name__
    else:
        kind = LedgerUnavailable.__name__ if isinstance(error, Transient) else Rejected.__name__
    return {"error": {"kind": kind, "detail": error.detail if isinstance(error, Rejected) else str(error)}}


def decode_answer(answer: object) -> object:
    """The value; raises the error that the other side met."""
    fields = _object(answer)
    if "value" in fields:
        return fields["value"]
    error = _object(fields.get("error"))
    raise _KINDS.get(str(error.get("kind")), LedgerUnavailable)(str(error.get("detail", "")))


def _batch(value: object) -> Batch | None:
    if value is None:
        return None
    try:
        return decode_posting(_bytes(value))
    except MalformedBatch as error:
        raise LedgerUnavailable("the node answered a batch that does not decode") from error


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


def _object(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise LedgerUnavailable("the node answered no object")
    return value


def _int(fields: Mapping[str, object], name: str) -> int:
    value = fields.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise LedgerUnavailable(f"the node answered no {name}")
    return value


def _uint(fields: Mapping[str, object], name: str) -> int:
    value = _int(fields, name)
    if value < 0:
        raise LedgerUnavailable(f"the node answered a negative {name}")
    return value


def _bytes(value: object) -> bytes:
    if not isinstance(value, str) or not value.startswith("0x"):
        raise LedgerUnavailable("the node answered no data")
    try:
        return bytes.fromhex(value[2:])
    except ValueError as error:
        raise LedgerUnavailable("the node answered no data") from error


def _hash(fields: Mapping[str, object], name: str) -> Hash:
    value = _bytes(fields.get(name))
    if len(value) != 32:
        raise LedgerUnavailable(f"the node answered no {name}")
    return Hash(value)
