"""The contracts and the nodes decode headers alike: what one takes, the other takes.

If a contract took a header that followers refuse, the anchor ledger would hold a batch that is not part of the rollup.
"""

import pytest
import rlp
from batch_vectors import CONSTRUCTOR, GENESIS_HASH, build_header, header_calldata
from chain_driver import Chain, Contract
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts import load_artifact
from rollup.core.batch import HEADER_BYTES_MAX, decode_header, encode_header
from rollup.core.errors import MalformedBatch

HEADER = encode_header(build_header(1, GENESIS_HASH, b""))
FIELDS = rlp.decode(HEADER)
FORM_ERRORS = {"MalformedRlp", "HeaderTooLong", "UnknownVersion"}


@pytest.fixture(scope="module")
def mirror(chain: Chain) -> Contract:
    return chain.deploy(load_artifact("MirrorAnchor"), *CONSTRUCTOR)


def is_decoded_by_node(header: bytes) -> bool:
    try:
        decode_header(header)
    except MalformedBatch:
        return False
    return True


def is_decoded_by_contract(chain: Chain, mirror: Contract, header: bytes) -> bool:
    """Whether a header signed by the sequencer gets past the decoder (not necessarily past the rules of order)."""
    refusal = chain.refusal(mirror, header_calldata(header))
    assert refusal != (), "the decoder must not run into a panic or out of gas"
    return refusal is None or refusal[0] not in FORM_ERRORS


def with_field(position: int, value: object) -> bytes:
    fields = list(FIELDS)
    fields[position] = value
    encoded: bytes = rlp.encode(fields)
    return encoded


def list_of(payload: bytes) -> bytes:
    """RLP list around raw bytes."""
    assert 256 <= len(payload) < 65_536
    return b"\xf9" + len(payload).to_bytes(2, "big") + payload


PAYLOAD = HEADER[3:]
CURSOR = FIELDS[11][1]
REFUSED = {
    "nothing": b"",
    "one byte": b"\x01",
    "an empty list": b"\xc0",
    "a string": rlp.encode(HEADER),
    "cut by one byte": HEADER[:-1],
    "cut in the middle": HEADER[:200],
    "one byte more": HEADER + b"\0",
    "two headers": HEADER + HEADER,
    "a field less": rlp.encode(FIELDS[:-1]),
    "a field more": rlp.encode([*FIELDS, b""]),
    "list length with a leading zero": b"\xfa\x00" + HEADER[1:],
    "list length too large": b"\xf9\xff\xff" + PAYLOAD,
    "list length too small": b"\xf9" + (len(PAYLOAD) - 1).to_bytes(2, "big") + PAYLOAD,
    "version 1 in two bytes": list_of(b"\x81\x01" + PAYLOAD[1:]),
    "version with a leading zero": list_of(b"\x82\x00\x01" + PAYLOAD[1:]),
    "version zero as a byte": list_of(b"\x00" + PAYLOAD[1:]),
    "version in a long form": list_of(b"\xb8\x01\x01" + PAYLOAD[1:]),
    "rollup id of five bytes": with_field(1, b"\x01" * 5),
    "number of nine bytes": with_field(2, b"\x01" * 9),
    "parent hash of 31 bytes": with_field(3, b"\x01" * 31),
    "parent hash of 33 bytes": with_field(3, b"\x01" * 33),
    "parent hash is a list": with_field(3, [b"\x01" * 31]),
    "data length of five bytes": with_field(10, b"\x01" * 5),
    "cursors are a string": with_field(11, b"\x01" * 40),
    "a cursor is a string": with_field(11, [b"\x01" * 40]),
    "a cursor without accumulator": with_field(11, [CURSOR[:-1]]),
    "a cursor with a field more": with_field(11, [[*CURSOR, b""]]),
    "a cursor with a ledger index of three bytes": with_field(11, [[b"\x01" * 3, *CURSOR[1:]]]),
    "start time with a leading zero": with_field(12, b"\0" + FIELDS[12]),
    "end time is a list": with_field(13, []),
    "sequencer epoch of five bytes": with_field(14, b"\x01" * 5),
    "longer than any header": with_field(11, [CURSOR] * 60),
}
TAKEN = {
    "as it is": HEADER,
    "no ledgers": with_field(11, []),
    "a hash like an integer": with_field(8, bytes(32)),
    "largest integers": with_field(12, b"\xff" * 8),
    "smallest integers": with_field(12, b""),
    "one ledger": with_field(11, [CURSOR]),
    "many ledgers": with_field(11, [CURSOR] * 40),
}


@pytest.mark.parametrize("name", TAKEN)
def test_canonical_headers_are_taken(chain: Chain, mirror: Contract, name: str) -> None:
    assert is_decoded_by_node(TAKEN[name])
    assert is_decoded_by_contract(chain, mirror, TAKEN[name])


@pytest.mark.parametrize("name", REFUSED)
def test_other_bytes_are_refused(chain: Chain, mirror: Contract, name: str) -> None:
    assert not is_decoded_by_node(REFUSED[name])
    assert not is_decoded_by_contract(chain, mirror, REFUSED[name])


def test_the_longest_header_is_the_same_for_both(chain: Chain, mirror: Contract) -> None:
    assert chain.refusal(mirror, header_calldata(bytes(HEADER_BYTES_MAX + 1))) == ("HeaderTooLong", 4097)
    assert chain.refusal(mirror, header_calldata(bytes(HEADER_BYTES_MAX))) == ("MalformedRlp", 0)


ITEM = st.binary(max_size=40) | st.sampled_from([b"", b"\0", b"\x7f", b"\x80", bytes(32), b"\x01" * 8])
VALUE = st.recursive(ITEM, lambda inner: st.lists(inner, max_size=6), max_leaves=8)
HEADERS = st.one_of(
    st.builds(with_field, st.integers(0, 14), VALUE),
    st.builds(
        lambda at, byte: HEADER[:at] + byte + HEADER[at + 1 :],
        st.integers(0, len(HEADER) - 1),
        st.binary(min_size=1, max_size=1),
    ),
    st.builds(lambda at, extra: HEADER[:at] + extra + HEADER[at:], st.integers(0, len(HEADER)), st.binary(max_size=3)),
    st.builds(
        lambda at, extra: list_of(PAYLOAD[:at] + extra + PAYLOAD[at + 1 :]),
        st.integers(0, len(PAYLOAD) - 1),
        st.binary(max_size=3),
    ),
    st.builds(lambda at: list_of(PAYLOAD)[:at], st.integers(0, len(HEADER))),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(header=HEADERS)
def test_contract_and_node_agree_on_mutated_headers(chain: Chain, mirror: Contract, header: bytes) -> None:
    assert is_decoded_by_contract(chain, mirror, header) == is_decoded_by_node(header)
