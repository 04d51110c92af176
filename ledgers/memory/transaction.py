"""Transactions of the memory ledger: an opaque payload, paid per byte by a secp256k1 account.

Encoding: ``rlp([nonce, fee_per_byte, payload, signature])``. The signature covers the genesis hash as well, so that a
transaction of one memory ledger is worth nothing on another. An empty signature marks bytes that were put on the
ledger without an account (`MemoryNetwork.put_raw`): such a transaction enters a block by no other way.
"""

from dataclasses import dataclass

import rlp

from rollup.core.errors import BadSignature, MalformedBatch, PostingRefused
from rollup.core.hashes import keccak, recover_signer, sign_hash
from rollup.core.ids import Address, Hash
from rollup.core.rlp_items import decode_rlp, read_bytes, read_items, read_uint, uint_bytes


@dataclass(frozen=True, slots=True)
class CarrierTransaction:
    """``sender`` is None for bytes without an account. ``fee_per_byte`` is in the ledger's smallest unit."""

    raw: bytes
    tx_id: Hash
    sender: Address | None
    nonce: int
    fee_per_byte: int
    payload: bytes

    @property
    def fee(self) -> int:
        """What inclusion costs the sender."""
        return self.fee_per_byte * len(self.raw)


def build_transaction(
    genesis_hash: Hash, private_key: bytes, nonce: int, fee_per_byte: int, payload: bytes
) -> CarrierTransaction:
    """Sign a payload with the account's key."""
    signature = sign_hash(private_key, _signing_hash(genesis_hash, nonce, fee_per_byte, payload))
    return decode_transaction(genesis_hash, _encode(nonce, fee_per_byte, payload, signature))


def build_unsigned(sequence: int, payload: bytes) -> CarrierTransaction:
    """Bytes without an account; ``sequence`` keeps two equal payloads apart."""
    raw = _encode(sequence, 0, payload, b"")
    return CarrierTransaction(raw, keccak(raw), None, sequence, 0, payload)


def decode_transaction(genesis_hash: Hash, raw: bytes) -> CarrierTransaction:
    """Strict inverse of the builders. Raises PostingRefused for what no block of this ledger may hold."""
    try:
        items = read_items(decode_rlp(raw), 4)
        nonce, fee_per_byte = read_uint(items[0], 8), read_uint(items[1], 16)
        payload, signature = read_bytes(items[2]), read_bytes(items[3])
        if not signature:
            return build_unsigned(nonce, payload)
        sender = recover_signer(_signing_hash(genesis_hash, nonce, fee_per_byte, payload), signature)
    except (MalformedBatch, BadSignature) as error:
        raise PostingRefused(str(error)) from error
    return CarrierTransaction(raw, keccak(raw), sender, nonce, fee_per_byte, payload)


def _signing_hash(genesis_hash: Hash, nonce: int, fee_per_byte: int, payload: bytes) -> Hash:
    return keccak(rlp.encode([genesis_hash, uint_bytes(nonce), uint_bytes(fee_per_byte), payload]))


def _encode(nonce: int, fee_per_byte: int, payload: bytes, signature: bytes) -> bytes:
    encoded: bytes = rlp.encode([uint_bytes(nonce), uint_bytes(fee_per_byte), payload, signature])
    return encoded
