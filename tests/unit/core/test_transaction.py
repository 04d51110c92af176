"""The decoder gives back what eth-account signed, and has one reading for every byte string."""

import pytest
from eth_account import Account
from hypothesis import given, settings
from hypothesis import strategies as st

from rollup.core.errors import (
    BadSignature,
    MalformedTransaction,
    TransactionRejected,
    UnsupportedTransactionType,
    WrongChain,
)
from rollup.core.hashes import SECP256K1_N, address_of, keccak
from rollup.core.rlp_items import decode_rlp, encode_rlp, uint_bytes
from rollup.core.transaction import Transaction, decode_transaction, recover_sender

KEY = b"\x2a" * 32


def as_hex(data: bytes) -> str:
    return "0x" + data.hex()


addresses = st.binary(min_size=20, max_size=20)
hashes = st.binary(min_size=32, max_size=32)
access_lists = st.lists(
    st.fixed_dictionaries({"address": addresses.map(as_hex), "storageKeys": st.lists(hashes.map(as_hex), max_size=3)}),
    max_size=3,
)
common = {
    "nonce": st.integers(0, 2**64 - 2),
    "gas": st.integers(21_000, 2**63),
    "to": st.one_of(addresses, st.just(b"")),
    "value": st.integers(0, 2**256 - 1),
    "data": st.binary(max_size=300),
}
chain = {"chainId": st.integers(1, 2**53)}
price = {"gasPrice": st.integers(0, 2**64)}
fees = {"maxFeePerGas": st.integers(0, 2**64), "maxPriorityFeePerGas": st.integers(0, 2**64)}
lists = {"accessList": access_lists}

before_155 = st.fixed_dictionaries(common | price)
legacy = st.fixed_dictionaries(common | price | chain)
type_1 = st.fixed_dictionaries(common | price | chain | lists | {"type": st.just(1)})
type_2 = st.fixed_dictionaries(common | fees | chain | lists | {"type": st.just(2)})


@st.composite
def type_4(draw: st.DrawFn) -> dict[str, object]:
    fields: dict[str, object] = draw(st.fixed_dictionaries(common | fees | chain | lists))
    draft = {"chainId": draw(st.integers(0, 2**53)), "address": draw(addresses), "nonce": draw(st.integers(0, 2**63))}
    count = draw(st.integers(1, 3))
    to = draw(addresses)
    return fields | {"to": to, "authorizationList": [Account.sign_authorization(draft, KEY)] * count}


def sign(fields: dict[str, object]) -> bytes:
    return bytes(Account.sign_transaction(fields, KEY).raw_transaction)


def read_back(transaction: Transaction) -> dict[str, object]:
    """The fields as eth-account takes them."""
    fields: dict[str, object] = {
        "nonce": transaction.nonce,
        "gas": transaction.gas,
        "to": transaction.to or b"",
        "value": transaction.value,
        "data": transaction.data,
    }
    if transaction.chain_id is not None:
        fields["chainId"] = transaction.chain_id
    if transaction.type in (0, 1):
        assert transaction.max_fee == transaction.max_tip
        fields["gasPrice"] = transaction.max_fee
    else:
        fields |= {"maxFeePerGas": transaction.max_fee, "maxPriorityFeePerGas": transaction.max_tip}
    if transaction.type:
        fields["accessList"] = [
            {"address": as_hex(address), "storageKeys": [as_hex(key) for key in keys]}
            for address, keys in transaction.access_list
        ]
    return fields


@pytest.mark.parametrize(
    ("kind", "drafts"), [(0, before_155), (0, legacy), (1, type_1), (2, type_2), (4, type_4())], ids=str
)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_what_was_signed_is_read_back_with_its_sender(
    kind: int, drafts: st.SearchStrategy[dict[str, object]], data: st.DataObject
) -> None:
    fields = data.draw(drafts)
    raw = sign(fields)
    transaction = decode_transaction(raw)
    assert (transaction.type, transaction.hash, transaction.raw) == (kind, keccak(raw), raw)
    expected = {name: value for name, value in fields.items() if name not in ("type", "authorizationList")}
    assert read_back(transaction) == expected
    assert transaction.y_parity in (0, 1)
    assert recover_sender(transaction) == address_of(KEY)


@given(type_4())
@settings(max_examples=30, deadline=None)
def test_authorizations_are_read_back(fields: dict[str, object]) -> None:
    signed = fields["authorizationList"]
    read = decode_transaction(sign(fields)).authorizations
    assert isinstance(signed, list)
    assert [(each.chain_id, each.address, each.nonce, each.y_parity, each.r, each.s) for each in read] == [
        (each.chain_id, each.address, each.nonce, each.y_parity, each.r, each.s) for each in signed
    ]


# --- one reading per byte string --------------------------------------------------------------------------------------

PLAIN = {"nonce": 1, "gas": 21_000, "to": b"\x11" * 20, "value": 5, "data": b"\x00\x01", "chainId": 7}
SAMPLES = [
    sign(PLAIN | {"gasPrice": 10}),
    sign({name: value for name, value in PLAIN.items() if name != "chainId"} | {"gasPrice": 10}),
    sign(
        PLAIN
        | {"gasPrice": 10, "type": 1, "accessList": [{"address": "0x" + "22" * 20, "storageKeys": ["0x" + "33" * 32]}]}
    ),
    sign(PLAIN | {"maxFeePerGas": 10, "maxPriorityFeePerGas": 1}),
]


def write_again(transaction: Transaction) -> bytes:
    """The raw form, put together from the decoded fields alone."""
    to, value, data = transaction.to or b"", uint_bytes(transaction.value), transaction.data
    call = [uint_bytes(transaction.gas), to, value, data]
    signature = [uint_bytes(transaction.v), uint_bytes(transaction.r), uint_bytes(transaction.s)]
    cap, tip = uint_bytes(transaction.max_fee), uint_bytes(transaction.max_tip)
    if transaction.type == 0:
        return encode_rlp([uint_bytes(transaction.nonce), cap, *call, *signature])
    assert transaction.chain_id is not None
    access = [[address, list(keys)] for address, keys in transaction.access_list]
    head = [uint_bytes(transaction.chain_id), uint_bytes(transaction.nonce)]
    price_fields = [cap] if transaction.type == 1 else [tip, cap]
    return bytes([transaction.type]) + encode_rlp([*head, *price_fields, *call, access, *signature])


@given(st.sampled_from(SAMPLES), st.data())
@settings(max_examples=400)
def test_damaged_bytes_are_refused_or_mean_exactly_what_they_say(sample: bytes, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(sample) - 1))
    damage = data.draw(st.sampled_from(["replace", "insert", "delete"]))
    byte = bytes([data.draw(st.integers(0, 255))]) if damage != "delete" else b""
    raw = sample[:position] + byte + sample[position + (damage != "insert") :]
    try:
        transaction = decode_transaction(raw)
    except TransactionRejected:
        return
    assert write_again(transaction) == raw


@given(st.binary(max_size=200))
def test_noise_is_refused_by_the_same_errors(raw: bytes) -> None:
    with pytest.raises(TransactionRejected):
        decode_transaction(raw)


@pytest.mark.parametrize("prefix", [b"", b"\x01", b"\x02", b"\x04"])
@pytest.mark.parametrize("depth", [50, 300, 480, 700, 5_000])
def test_deep_nesting_is_refused(prefix: bytes, depth: int) -> None:
    item = b"\xc0"
    for _ in range(depth):
        size = uint_bytes(len(item))
        item = (bytes([0xC0 + len(item)]) if len(item) < 56 else bytes([0xF7 + len(size)]) + size) + item
    with pytest.raises(MalformedTransaction):
        decode_transaction(prefix + item)


# --- refusals by name -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [0x00, 0x05, 0x7F, 0x80, 0xBF])
def test_unknown_types_are_named(first: int) -> None:
    with pytest.raises(UnsupportedTransactionType, match=r"^transaction type not supported$"):
        decode_transaction(bytes([first]) + SAMPLES[0])


@pytest.mark.parametrize(("first", "words"), [(0x7E, "deposits come from")])
def test_types_that_exist_elsewhere_are_refused_by_name(first: int, words: str) -> None:
    with pytest.raises(UnsupportedTransactionType, match=f"transaction type not supported: {words}"):
        decode_transaction(bytes([first]) + b"\xc0")


def test_nothing_is_no_transaction() -> None:
    with pytest.raises(MalformedTransaction, match="typed transaction too short"):
        decode_transaction(b"")


def replaced(sample: bytes, **fields: bytes) -> bytes:
    """A legacy transaction with items replaced: ``v``, ``r``, ``s``, ``to``, ``nonce``."""
    items = decode_rlp(sample)
    assert isinstance(items, list)
    places = {"nonce": 0, "to": 3, "v": 6, "r": 7, "s": 8}
    for name, value in fields.items():
        items[places[name]] = value
    return encode_rlp(items)


@pytest.mark.parametrize("v", [0, 1, 26, 29, 34])
def test_v_that_no_signer_writes(v: int) -> None:
    with pytest.raises(WrongChain):
        decode_transaction(replaced(SAMPLES[0], v=uint_bytes(v)))


@pytest.mark.parametrize(
    "fields",
    [
        {"nonce": b"\x00"},
        {"nonce": b"\x00\x01"},
        {"nonce": b"\x01" * 9},
        {"to": b"\x11" * 19},
        {"to": b"\x11" * 21},
        {"to": b"\x00" * 32},
        {"r": b"\x00" + b"\x01" * 31},
        {"s": b"\x01" * 33},
        {"v": b"\x01" * 10},
    ],
    ids=str,
)
def test_fields_of_the_wrong_form(fields: dict[str, bytes]) -> None:
    with pytest.raises(MalformedTransaction):
        decode_transaction(replaced(SAMPLES[0], **fields))


@pytest.mark.parametrize(
    "fields",
    [{"r": b""}, {"s": b""}, {"r": uint_bytes(SECP256K1_N)}, {"s": uint_bytes(SECP256K1_N // 2 + 1)}],
    ids=["r 0", "s 0", "r = n", "s above half (EIP-2)"],
)
def test_signatures_that_nobody_can_make(fields: dict[str, bytes]) -> None:
    with pytest.raises(BadSignature):
        recover_sender(decode_transaction(replaced(SAMPLES[0], **fields)))


def test_the_mirrored_signature_is_refused() -> None:
    """n - s with the other parity recovers the same key: EIP-2 forbids it, or hashes would be malleable."""
    transaction = decode_transaction(SAMPLES[0])
    flipped = transaction.v + (1 if transaction.y_parity == 0 else -1)
    raw = replaced(SAMPLES[0], v=uint_bytes(flipped), s=uint_bytes(SECP256K1_N - transaction.s))
    with pytest.raises(BadSignature):
        recover_sender(decode_transaction(raw))


def test_parity_of_typed_transactions_is_a_bit() -> None:
    items = decode_rlp(SAMPLES[3][1:])
    assert isinstance(items, list)
    items[9] = b"\x1b"
    with pytest.raises(BadSignature):
        recover_sender(decode_transaction(b"\x02" + encode_rlp(items)))
