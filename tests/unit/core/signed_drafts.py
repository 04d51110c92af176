"""Raw signed transactions of every kind, for tests of what carries or stores them."""

from dataclasses import dataclass, field

from rollup.core.hashes import address_of, keccak, sign_hash
from rollup.core.ids import Address
from rollup.core.rlp_items import encode_rlp, uint_bytes

CHAIN_ID = 20_101
KEYS = [keccak(b"key" + bytes([index])) for index in range(8)]
ADDRESSES = [address_of(key) for key in KEYS]


@dataclass(frozen=True)
class Draft:
    """``kind`` is the transaction type; ``chain_id`` None signs a legacy transaction without EIP-155."""

    kind: int = 2
    chain_id: int | None = CHAIN_ID
    nonce: int = 0
    tip: int = 10**9
    cap: int = 3 * 10**9
    gas: int = 21_000
    to: Address | None = ADDRESSES[0]
    value: int = 0
    data: bytes = b""
    access: list[object] = field(default_factory=list)
    authorizations: list[object] = field(default_factory=list)


def sign_draft(draft: Draft, key: bytes) -> bytes:
    """The raw transaction."""
    call = [uint_bytes(draft.gas), draft.to or b"", uint_bytes(draft.value), draft.data]
    if draft.kind == 0:
        return _sign_legacy([uint_bytes(draft.nonce), uint_bytes(draft.cap), *call], draft.chain_id, key)
    fees = [uint_bytes(draft.cap)] if draft.kind == 1 else [uint_bytes(draft.tip), uint_bytes(draft.cap)]
    lists = [draft.access, draft.authorizations] if draft.kind == 4 else [draft.access]
    fields = [uint_bytes(draft.chain_id or 0), uint_bytes(draft.nonce), *fees, *call, *lists]
    prefix = bytes([draft.kind])
    parity, r, s = _sign(prefix + encode_rlp(fields), key)
    return prefix + encode_rlp([*fields, uint_bytes(parity), r, s])


def _sign_legacy(fields: list[bytes], chain_id: int | None, key: bytes) -> bytes:
    protected = [] if chain_id is None else [uint_bytes(chain_id), b"", b""]
    parity, r, s = _sign(encode_rlp([*fields, *protected]), key)
    v = 27 + parity if chain_id is None else 35 + 2 * chain_id + parity
    return encode_rlp([*fields, uint_bytes(v), r, s])


def _sign(message: bytes, key: bytes) -> tuple[int, bytes, bytes]:
    signature = sign_hash(key, keccak(message))
    r, s = (uint_bytes(int.from_bytes(part, "big")) for part in (signature[:32], signature[32:64]))
    return signature[64] - 27, r, s
