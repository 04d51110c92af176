"""Blob transactions as wallets send them: with blobs, commitments and proofs around (EIP-4844, section Networking).

A chain carries the transaction alone; its hash is over that. Whether a proof holds is not checked here: nothing that is
stripped is ever passed on.
"""

from hashlib import sha256

from rollup.core.errors import BadBlobs, MalformedBatch, MalformedTransaction
from rollup.core.rlp_items import decode_rlp, encode_rlp, read_bytes, read_items
from rollup.core.transaction import decode_transaction

BLOB_TYPE = 3
BLOB_BYTES = 131_072
COMMITMENT_BYTES = 48
CELLS_PER_BLOB = 128  # EIP-7594
WRAPPED_ITEMS = (4, 5)
"""Version 0 is ``[transaction, blobs, commitments, proofs]``; version 1 has its number after the transaction."""


def strip_sidecar(raw: bytes) -> bytes:
    """The canonical transaction; anything but a wrapped blob transaction comes back as it is.

    Raises MalformedTransaction, and BadBlobs when blobs, commitments and hashes do not belong together.
    """
    if raw[:1] != bytes([BLOB_TYPE]):
        return raw
    try:
        items = read_items(decode_rlp(raw[1:]))
        if len(items) not in WRAPPED_ITEMS or not isinstance(items[0], list):
            return raw
        bare = bytes([BLOB_TYPE]) + encode_rlp(items[0])
        *_, blobs, commitments, proofs = (read_items(item) for item in items if isinstance(item, list))
        _check_sidecar(bare, [blobs, commitments, proofs], len(items) == WRAPPED_ITEMS[1])
    except MalformedBatch as error:
        raise MalformedTransaction(error.detail) from error
    return bare


def _check_sidecar(bare: bytes, sidecar: list[list[object]], has_cells: bool) -> None:
    blobs, commitments, proofs = sidecar
    count = len(decode_transaction(bare).blob_hashes)
    if not len(blobs) == len(commitments) == count or len(proofs) != count * (CELLS_PER_BLOB if has_cells else 1):
        raise BadBlobs(
            f"{len(blobs)} blobs, {len(commitments)} commitments and {len(proofs)} proofs for {count} hashes"
        )
    for blob in blobs:
        read_bytes(blob, BLOB_BYTES)
    for wanted, commitment in zip(decode_transaction(bare).blob_hashes, commitments, strict=True):
        found = b"\x01" + sha256(read_bytes(commitment, COMMITMENT_BYTES)).digest()[1:]
        if found != wanted:
            raise BadBlobs(f"blob hash 0x{wanted.hex()} does not match its commitment")
