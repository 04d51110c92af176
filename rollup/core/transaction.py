"""Users' transactions: strict decoding of the typed envelopes and recovery of the sender.

Legacy (EIP-155 or before), EIP-2930 (1), EIP-1559 (2), EIP-4844 (3) and EIP-7702 (4). Blob transactions are read
because imported chains hold them; a rollup refuses them at admission. Deposits (0x7E) have their own module. Nothing
here looks at state.
"""

from dataclasses import dataclass

from rollup.core.block import DEPOSIT_TYPE
from rollup.core.errors import MalformedBatch, MalformedTransaction, UnsupportedTransactionType, WrongChain
from rollup.core.hashes import keccak, recover_address
from rollup.core.ids import Address, Hash
from rollup.core.rlp_items import decode_rlp, encode_rlp, read_bytes, read_items, read_uint, uint_bytes

AccessList = tuple[tuple[Address, tuple[Hash, ...]], ...]


@dataclass(frozen=True, slots=True)
class Authorization:
    """EIP-7702 tuple; ``chain_id`` 0 is valid on every chain. Its signature may be invalid: then it has no effect."""

    chain_id: int
    address: Address
    nonce: int
    y_parity: int
    r: int
    s: int


@dataclass(frozen=True, slots=True)
class Transaction:
    """A decoded transaction. Before EIP-1559 ``max_fee`` and ``max_tip`` are both the gas price.

    ``chain_id`` is None on legacy transactions without EIP-155. ``v`` is the value of the envelope (27/28/EIP-155 on
    legacy, the parity elsewhere). ``max_blob_fee`` (wei per blob gas) and ``blob_hashes`` are those of EIP-4844.
    """

    raw: bytes
    hash: Hash
    type: int
    chain_id: int | None
    nonce: int
    max_fee: int
    max_tip: int
    gas: int
    to: Address | None
    value: int
    data: bytes
    access_list: AccessList
    authorizations: tuple[Authorization, ...]
    v: int
    r: int
    s: int
    signing_hash: Hash
    max_blob_fee: int = 0
    blob_hashes: tuple[Hash, ...] = ()

    @property
    def y_parity(self) -> int:
        """0 or 1, whatever the envelope (EIP-155: v = chain_id * 2 + 35 + parity)."""
        if self.type:
            return self.v
        return (self.v - 27) if self.v in (27, 28) else (self.v - 35) % 2


def recover_sender(transaction: Transaction, *, low_s: bool = True) -> Address:
    """The account that signed; before Homestead s may be high (``low_s`` False). Raises BadSignature."""
    return recover_address(transaction.signing_hash, transaction.y_parity, transaction.r, transaction.s, low_s=low_s)


def decode_transaction(raw: bytes) -> Transaction:
    """Decode one canonical envelope. Raises MalformedTransaction, UnsupportedTransactionType, WrongChain (odd v)."""
    if not raw:
        raise MalformedTransaction("typed transaction too short")
    if raw[0] < FIRST_LEGACY_BYTE and raw[0] not in _FIELDS_UNSIGNED:
        raise UnsupportedTransactionType(_REFUSED_BY_NAME.get(raw[0], ""))
    try:
        return _read_legacy(raw) if raw[0] >= FIRST_LEGACY_BYTE else _read_typed(raw)
    except MalformedBatch as error:
        raise MalformedTransaction(error.detail) from error


FIRST_LEGACY_BYTE = 0xC0
"""An RLP list begins here; EIP-2718 types end at 0x7f."""

_FIELDS_UNSIGNED = {1: 8, 2: 9, 3: 11, 4: 10}
"""How many fields come before the signature, per type."""

_REFUSED_BY_NAME = {DEPOSIT_TYPE: "deposits come from ledgers only"}


def _read_legacy(raw: bytes) -> Transaction:
    items = read_items(decode_rlp(raw), 9)
    v = read_uint(items[6], 9)
    chain_id = None if v in (27, 28) else (v - 35) // 2
    if v < 27 or 28 < v < 35:
        raise WrongChain("v is neither 27, 28 nor EIP-155")
    signed = items[:6] if chain_id is None else [*items[:6], uint_bytes(chain_id), b"", b""]
    price = read_uint(items[1], 32)
    return Transaction(
        raw=raw,
        hash=keccak(raw),
        type=0,
        chain_id=chain_id,
        nonce=read_uint(items[0], 8),
        max_fee=price,
        max_tip=price,
        gas=read_uint(items[2], 8),
        to=_read_recipient(items[3]),
        value=read_uint(items[4], 32),
        data=read_bytes(items[5]),
        access_list=(),
        authorizations=(),
        v=v,
        r=read_uint(items[7], 32),
        s=read_uint(items[8], 32),
        signing_hash=keccak(encode_rlp(signed)),
    )


def _read_typed(raw: bytes) -> Transaction:
    kind = raw[0]
    count = _FIELDS_UNSIGNED[kind]
    items = read_items(decode_rlp(raw[1:]), count + 3)
    fees = 1 if kind == 1 else 2
    tip, cap = read_uint(items[2], 32), read_uint(items[1 + fees], 32)
    after = items[2 + fees :]
    return Transaction(
        raw=raw,
        hash=keccak(raw),
        type=kind,
        chain_id=read_uint(items[0], 8),
        nonce=read_uint(items[1], 8),
        max_fee=cap,
        max_tip=tip,
        gas=read_uint(after[0], 8),
        to=_read_recipient(after[1]),
        value=read_uint(after[2], 32),
        data=read_bytes(after[3]),
        access_list=_read_access_list(after[4]),
        authorizations=tuple(_read_authorization(row) for row in read_items(after[5])) if kind == 4 else (),
        v=read_uint(items[count], 1),
        r=read_uint(items[count + 1], 32),
        s=read_uint(items[count + 2], 32),
        signing_hash=keccak(bytes([kind]) + encode_rlp(items[:count])),
        max_blob_fee=read_uint(after[5], 32) if kind == 3 else 0,
        blob_hashes=tuple(Hash(read_bytes(each, 32)) for each in read_items(after[6])) if kind == 3 else (),
    )


def _read_recipient(item: object) -> Address | None:
    to = read_bytes(item)
    if len(to) not in (0, 20):
        raise MalformedTransaction("a recipient is empty or 20 bytes")
    return Address(to) if to else None


def _read_access_list(item: object) -> AccessList:
    rows = (read_items(row, 2) for row in read_items(item))
    return tuple(
        (Address(read_bytes(row[0], 20)), tuple(Hash(read_bytes(key, 32)) for key in read_items(row[1])))
        for row in rows
    )


def _read_authorization(item: object) -> Authorization:
    row = read_items(item, 6)
    return Authorization(
        read_uint(row[0], 32),
        Address(read_bytes(row[1], 20)),
        read_uint(row[2], 8),
        read_uint(row[3], 1),
        read_uint(row[4], 32),
        read_uint(row[5], 32),
    )
