"""One transaction as a row of fields, split so that equal kinds of transactions line up in columns.

The *shape* says which fields a row has: envelope, chain, whether it creates a contract, and how its call data is cut.
Call data that looks like an ABI call (a selector and at most 32 words) is cut into words; those that look like
addresses share the batch's address table, the others are numbers. Any other call data stays whole (*loose*).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rollup.core.errors import BadSignature, MalformedBatch, Rejected
from rollup.core.hashes import SECP256K1_HALF_N
from rollup.core.ids import Address
from rollup.core.rlp_items import encode_rlp, read_bytes, read_items, read_uint, uint_bytes
from rollup.core.transaction import Transaction, decode_transaction, recover_sender

WORDS_MAX = 32
ADDRESS_PADDING = bytes(12)

UNPROTECTED = 0
"""Envelope of a legacy transaction without a chain id; 1, 2 and 4 are the transaction types of the same number."""
PROTECTED = 5
"""Envelope of a legacy transaction with a chain id (EIP-155)."""


@dataclass(frozen=True, slots=True)
class Shape:
    """``selector`` is empty for loose data; bit i of ``address_words`` says that word i is an address."""

    envelope: int
    chain_id: int
    has_recipient: bool
    selector: bytes
    words: int
    address_words: int

    @property
    def slots(self) -> int:
        """Addresses of a row: the recipient, then the address words."""
        return self.has_recipient + self.address_words.bit_count()

    @property
    def numbers(self) -> int:
        """Words of a row that are numbers."""
        return self.words - self.address_words.bit_count()


@dataclass(frozen=True, slots=True)
class Row:
    """A transaction without its signature. ``extras`` are access list and authorizations as RLP items."""

    shape: Shape
    nonce: int
    max_fee: int
    max_tip: int
    gas: int
    value: int
    numbers: Sequence[int]
    loose: bytes
    extras: tuple[object, object]


def shape_fields(shape: Shape) -> list[bytes]:
    """RLP items of a shape."""
    return [
        uint_bytes(shape.envelope),
        uint_bytes(shape.chain_id),
        uint_bytes(shape.has_recipient),
        shape.selector,
        uint_bytes(shape.words),
        uint_bytes(shape.address_words),
    ]


def read_shape(fields: object) -> Shape:
    """Inverse of shape_fields. Raises MalformedBatch."""
    items = read_items(fields, 6)
    shape = Shape(
        envelope=read_uint(items[0], 1),
        chain_id=read_uint(items[1], 8),
        has_recipient=read_uint(items[2], 1) == 1,
        selector=read_bytes(items[3]),
        words=read_uint(items[4], 1),
        address_words=read_uint(items[5], 4),
    )
    if shape.envelope not in (UNPROTECTED, 1, 2, 4, PROTECTED) or len(shape.selector) not in (0, 4):
        raise MalformedBatch("unknown transaction shape")
    if shape.words > (WORDS_MAX if shape.selector else 0) or shape.address_words >> shape.words:
        raise MalformedBatch("a shape with more words than it may have")
    return shape


def read_row(raw: bytes) -> tuple[Transaction, Row, tuple[Address, ...]]:
    """A raw transaction, its row and the addresses in it. Raises MalformedBatch for what no block may contain."""
    try:
        transaction = decode_transaction(raw)
    except Rejected as error:
        raise MalformedBatch(str(error)) from error
    if transaction.type == 3 or transaction.s > SECP256K1_HALF_N or transaction.y_parity not in (0, 1):
        raise MalformedBatch("a transaction that no block may contain")
    if transaction.max_tip > transaction.max_fee:
        raise MalformedBatch("a tip above the fee cap")
    selector, words, loose = _cut_data(transaction)
    marked = [index for index, word in enumerate(words) if _is_address(word)]
    shape = Shape(
        envelope=transaction.type or (UNPROTECTED if transaction.chain_id is None else PROTECTED),
        chain_id=transaction.chain_id or 0,
        has_recipient=transaction.to is not None,
        selector=selector,
        words=len(words),
        address_words=sum(1 << index for index in marked),
    )
    slots = [] if transaction.to is None else [transaction.to]
    slots += [Address(words[index][12:]) for index in marked]
    row = Row(
        shape=shape,
        nonce=transaction.nonce,
        max_fee=transaction.max_fee,
        max_tip=transaction.max_tip,
        gas=transaction.gas,
        value=transaction.value,
        numbers=[int.from_bytes(word, "big") for word in words if not _is_address(word)],
        loose=loose,
        extras=_extras(transaction),
    )
    return transaction, row, tuple(slots)


def _cut_data(transaction: Transaction) -> tuple[bytes, list[bytes], bytes]:
    data = transaction.data
    words, rest = divmod(len(data) - 4, 32)
    if transaction.to is None or rest or not 0 <= words <= WORDS_MAX:
        return b"", [], data
    return data[:4], [data[at : at + 32] for at in range(4, len(data), 32)], b""


def _is_address(word: bytes) -> bool:
    """Too large for most amounts, too small for a hash."""
    return word[:12] == ADDRESS_PADDING and word[12:16] != bytes(4)


def _extras(transaction: Transaction) -> tuple[object, object]:
    access = [[address, list(keys)] for address, keys in transaction.access_list]
    authorizations = [
        [
            uint_bytes(each.chain_id),
            each.address,
            uint_bytes(each.nonce),
            uint_bytes(each.y_parity),
            uint_bytes(each.r),
            uint_bytes(each.s),
        ]
        for each in transaction.authorizations
    ]
    return access, authorizations


def pack_signature(transaction: Transaction) -> bytes:
    """64 bytes: r, then s with the parity in its top bit, which is free as s is low (EIP-2; EIP-2098)."""
    packed = transaction.s | transaction.y_parity << 255
    return transaction.r.to_bytes(32, "big") + packed.to_bytes(32, "big")


def build_raw(row: Row, slots: Sequence[Address], signature: bytes) -> bytes:
    """The raw transaction of a row. That it is a valid envelope is for decode_transaction to say."""
    shape = row.shape
    packed = int.from_bytes(signature[32:], "big")
    parity, s = packed >> 255, packed & ((1 << 255) - 1)
    to = slots[0] if shape.has_recipient else b""
    call = [uint_bytes(row.gas), to, uint_bytes(row.value), _join_data(row, slots[shape.has_recipient :])]
    tail = [uint_bytes(int.from_bytes(signature[:32], "big")), uint_bytes(s)]
    head = [uint_bytes(row.nonce), uint_bytes(row.max_fee)]
    if shape.envelope in (UNPROTECTED, PROTECTED):
        v = parity + (27 if shape.envelope == UNPROTECTED else 35 + 2 * shape.chain_id)
        return encode_rlp([*head, *call, uint_bytes(v), *tail])
    if shape.envelope != 1:
        head.insert(1, uint_bytes(row.max_tip))
    access, authorizations = row.extras
    lists = [access, authorizations] if shape.envelope == 4 else [access]
    return bytes([shape.envelope]) + encode_rlp(
        [uint_bytes(shape.chain_id), *head, *call, *lists, uint_bytes(parity), *tail]
    )


def _join_data(row: Row, addresses: Sequence[Address]) -> bytes:
    shape = row.shape
    if not shape.selector:
        return row.loose
    left, numbers = iter(addresses), iter(row.numbers)
    words = [
        ADDRESS_PADDING + next(left) if shape.address_words >> index & 1 else next(numbers).to_bytes(32, "big")
        for index in range(shape.words)
    ]
    return shape.selector + b"".join(words)


def find_sender(transaction: Transaction) -> Address | None:
    """Who signed; None where no key recovers (no block holds such a transaction, but a batch may)."""
    try:
        return recover_sender(transaction)
    except BadSignature:
        return None
