"""Our precompiles against py-evm's own: same output, same gas, same failures."""

import hashlib
from dataclasses import dataclass, field
from math import gcd

import pytest
from eth.exceptions import VMError
from eth.vm.forks.prague.computation import PRAGUE_PRECOMPILES
from hypothesis import given, settings
from hypothesis import strategies as st
from py_ecc import optimized_bls12_381 as bls
from py_ecc import optimized_bn128 as bn

from rollup.vm.bn254 import FIELD, ORDER
from rollup.vm.bn254_fields import XI, Fp2, add2, inverse2, mul2, square2
from rollup.vm.bn254_pairing import Twisted, U, is_in_subgroup, is_on_twist
from rollup.vm.kzg import SCALAR_MODULUS
from rollup.vm.precompiles import PAIRING_PAIR_WORK, PAIRING_WORK, PRECOMPILES
from rollup.vm.work import WorkExhausted, WorkMeter


@dataclass
class _Message:
    data: bytes

    @property
    def data_as_bytes(self) -> bytes:
        return self.data


@dataclass
class _Call:
    """The few attributes of a frame that a precompile sees."""

    msg: _Message
    meter: WorkMeter = field(default_factory=lambda: WorkMeter(10**9))
    gas: int = 0
    output: bytes = b""

    def consume_gas(self, amount: int, reason: str) -> None:
        self.gas += amount


def _run(table, number: int, data: bytes) -> tuple[bytes, int, bool]:
    call = _Call(_Message(data))
    try:
        table[number.to_bytes(20, "big")](call)
    except VMError:
        return b"", 0, True
    return call.output, call.gas, False


def same(number: int, data: bytes) -> None:
    assert _run(PRECOMPILES, number, data) == _run(PRAGUE_PRECOMPILES, number, data)


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def bn_point(scalar: int) -> bytes:
    if scalar % ORDER == 0:
        return bytes(64)
    x, y = bn.normalize(bn.multiply(bn.G1, scalar))
    return word(int(x)) + word(int(y))


SCALARS = st.one_of(st.sampled_from([0, 1, 2, 3, ORDER - 1, ORDER, ORDER + 1, 2**256 - 1]), st.integers(0, 2**256 - 1))


@settings(max_examples=25, deadline=None)
@given(left=st.integers(0, 40), right=st.one_of(st.integers(0, 40), st.integers(ORDER - 40, ORDER)))
def test_bn254_additions_are_py_evms(left, right) -> None:
    same(6, bn_point(left) + bn_point(right))


@settings(max_examples=15, deadline=None)
@given(point=st.integers(0, 50), scalar=SCALARS)
def test_bn254_multiplications_are_py_evms(point, scalar) -> None:
    same(7, bn_point(point) + word(scalar))


@pytest.mark.parametrize(
    "data",
    [b"", b"\x01", bn_point(1)[:63], word(1) + word(3), word(FIELD) + word(2), word(0) + word(FIELD), bn_point(2) * 3],
)
def test_bn254_short_and_bad_inputs_are_treated_as_py_evm_does(data) -> None:
    same(6, data)
    same(7, data)


def twisted(scalar: int) -> bytes:
    """A multiple of the generator of the second group, imaginary parts first (EIP-197)."""
    x, y = bn.normalize(bn.multiply(bn.G2, scalar))
    return b"".join(word(int(part)) for coordinate in (x, y) for part in reversed(coordinate.coeffs))


def outside_subgroup() -> Twisted:
    """The first point of the twist with a real x: the group is one in 2 * FIELD - ORDER of them."""
    for number in range(1, 100):
        x = (number, 0)
        root = square_root(add2(mul2(square2(x), x), mul2((3, 0), inverse2(XI))))
        if root is not None:
            return x, root
    raise AssertionError


def square_root(a: Fp2) -> Fp2 | None:
    """By the norm's root (the field's modulus is 3 modulo 4)."""
    norm = pow(a[0] * a[0] + a[1] * a[1], (FIELD + 1) // 4, FIELD)
    for sign in (1, -1):
        half = (a[0] + sign * norm) * pow(2, -1, FIELD) % FIELD
        real = pow(half, (FIELD + 1) // 4, FIELD)
        root = (real, a[1] * pow(2 * real, -1, FIELD) % FIELD) if real else (0, 0)
        if square2(root) == a:
            return root
    return None


PRODUCT_ONE = bn_point(2) + twisted(3) + bn_point(ORDER - 6) + twisted(1)


@pytest.mark.parametrize(
    "data",
    [PRODUCT_ONE, PRODUCT_ONE[192:], bn_point(5) + bytes(128) + bytes(64) + twisted(4), b"", PRODUCT_ONE[:-1]],
    ids=["one", "not one", "infinity", "nothing", "size"],
)
def test_bn254_pairing_is_py_evms(data) -> None:
    same(8, data)


@settings(max_examples=8, deadline=None)
@given(a=st.integers(1, ORDER - 1), b=st.integers(1, ORDER - 1))
def test_bn254_pairing_is_bilinear(a, b) -> None:
    good = bn_point(a) + twisted(b) + bn_point(-a * b % ORDER) + twisted(1)
    bad = bn_point(a) + twisted(b) + bn_point((1 - a * b) % ORDER) + twisted(1)
    assert [_run(PRECOMPILES, 8, data)[0] for data in (good, bad)] == [word(1), word(0)]


@pytest.mark.parametrize(
    "pair",
    [
        word(1) + word(3) + twisted(1),
        bn_point(1) + word(1) * 4,
        bn_point(1) + word(FIELD) + twisted(1)[32:],
        bytes(64) + word(1) * 4,
        bn_point(1) + twisted(1)[32:64] + twisted(1)[:32] + twisted(1)[64:],
    ],
)
def test_bn254_pairing_refuses_points_off_their_curves(pair) -> None:
    assert _run(PRECOMPILES, 8, pair)[2]


def test_bn254_subgroup_check_is_multiplication_by_the_order() -> None:
    """The endomorphism's equation has, over the twist, no solutions but the group: the norm of its polynomial shares
    with the number of points nothing but the order."""
    trace, points = 6 * U * U + 1, ORDER * (2 * FIELD - ORDER)
    assert FIELD + 1 - trace == ORDER

    def times_psi(a: tuple[int, int]) -> tuple[int, int]:
        return -FIELD * a[1], a[0] + trace * a[1]

    second = times_psi((0, 1))
    third = times_psi(second)
    constant, linear = (U + 1 + U * second[0] - 2 * U * third[0]), (U + U * second[1] - 2 * U * third[1])
    assert gcd(constant * constant + constant * linear * trace + linear * linear * FIELD, points) == ORDER


def test_bn254_points_of_the_twist_outside_of_the_group_are_refused() -> None:
    point = outside_subgroup()
    assert is_on_twist(point)
    assert not is_in_subgroup(point)
    encoded = b"".join(word(part) for coordinate in point for part in reversed(coordinate))
    assert _run(PRECOMPILES, 8, bn_point(1) + encoded)[2]


def test_bn254_pairing_is_charged_before_it_runs() -> None:
    call = _Call(_Message(bytes(192 * 3)), meter=WorkMeter(10**6))
    PRECOMPILES[(8).to_bytes(20, "big")](call)
    assert call.output == word(1)
    assert call.meter.work_left == 10**6 - PAIRING_WORK - 3 * PAIRING_PAIR_WORK


def test_long_exponents_are_charged_before_they_run() -> None:
    data = word(1) + word(1_000_000) + word(1) + b"\x03" + b"\xff" * 32
    with pytest.raises(WorkExhausted):
        PRECOMPILES[(5).to_bytes(20, "big")](_Call(_Message(data), meter=WorkMeter(1_999_999)))


@settings(max_examples=60, deadline=None)
@given(
    base=st.binary(min_size=1, max_size=40),
    exponent=st.binary(max_size=40),
    modulus=st.binary(max_size=40),
    cut=st.integers(0, 30),
)
def test_modexp_is_py_evms(base, exponent, modulus, cut) -> None:
    data = word(len(base)) + word(len(exponent)) + word(len(modulus)) + base + exponent + modulus
    same(5, data[: len(data) - cut])


def test_modexp_with_an_empty_base_is_a_power_of_zero() -> None:
    """EIP-198: 0 ** 0 is 1. py-evm answers 0 for every empty base."""
    assert _run(PRECOMPILES, 5, word(0) + word(0) + word(1) + b"\x05") == (b"\x01", 200, False)
    assert _run(PRECOMPILES, 5, word(0) + word(1) + word(1) + b"\x01\x05") == (b"\x00", 200, False)


def test_modexp_of_absurd_lengths_costs_absurd_gas_and_nothing_else() -> None:
    assert _run(PRECOMPILES, 5, word(0) + word(2**255) + word(0))[:2] == (b"", 200)


@pytest.mark.parametrize("data", [b"", b"abc", bytes(1000)])
def test_ripemd160_is_py_evms(data) -> None:
    same(3, data)


@settings(max_examples=30, deadline=None)
@given(rounds=st.integers(0, 20), body=st.binary(min_size=208, max_size=208), last=st.integers(0, 2))
def test_blake2f_is_py_evms(rounds, body, last) -> None:
    same(9, rounds.to_bytes(4, "big") + body + bytes([last]))
    same(9, body)


def versioned(commitment: bytes) -> bytes:
    return b"\x01" + hashlib.sha256(commitment).digest()[1:]


COMMITMENT = bytes.fromhex(
    "9557ada58d1ea7f48806d66720bb05d148ce52dfab866d26b638e3c838db4d390a37ff3ea7fedf29e9c9181b3ea9e589"
)
"""To the blob of the numbers index * index + 7; with the proofs computed by c-kzg 2.1.8 on the ceremony's setup."""

OPENINGS = [
    (
        0x5,
        0x29EED63DD4008320977C6942E0ABF6C884E98AADE9BB0AC7853BA864DB2707CD,
        "83f97bd43be3652166ec8df7d90f9cd0f3d1754ee8ead51455f568b461a01bf15898019b8b4a98db0333f5e8b3d1ddb6",
    ),
    (
        0x400000000000000000000000000000000000000000000000000000000000000,
        0x255FDCBBAB39AC267DB65299A3B712AC4DC7B6F93302C1C4477E1FD045E6EB08,
        "8885e0569f4da4bafe2d660d67a57bd68420b0eb5613db8feaff78001a5203cd6cef6c7624408f5d2b82e7701241f206",
    ),
]


@pytest.mark.parametrize(("z", "y", "proof"), OPENINGS)
def test_point_evaluation_answers_for_openings_of_a_blob(z, y, proof) -> None:
    good = versioned(COMMITMENT) + word(z) + word(y) + COMMITMENT + bytes.fromhex(proof)
    assert _run(PRECOMPILES, 10, good)[1:] == (50_000, False)
    assert _run(PRECOMPILES, 10, versioned(COMMITMENT) + word(z) + word(y + 1) + COMMITMENT + good[144:])[2]
    assert _run(PRECOMPILES, 10, versioned(COMMITMENT) + word(z + 1) + word(y) + COMMITMENT + good[144:])[2]


def test_point_evaluation_of_the_zero_polynomial_holds() -> None:
    assert _run(PRECOMPILES, 10, GOOD_POINT) == (word(4096) + word(SCALAR_MODULUS), 50_000, False)


INFINITY = b"\xc0" + bytes(47)
GOOD_POINT = versioned(INFINITY) + word(0) + word(0) + INFINITY + INFINITY


@pytest.mark.parametrize(
    "data",
    [
        b"",
        GOOD_POINT[:-1],
        GOOD_POINT[:32] + word(2**256 - 1) + GOOD_POINT[64:],
        GOOD_POINT[:64] + word(SCALAR_MODULUS) + GOOD_POINT[96:],
        bytes(32) + GOOD_POINT[32:],
        GOOD_POINT[:144] + bytes(48),
        GOOD_POINT[:144] + b"\xff" * 48,
        GOOD_POINT[:144] + b"\xe0" + bytes(47),
        GOOD_POINT[:144] + b"\xc0" + bytes(46) + b"\x01",
        GOOD_POINT[:144] + b"\x40" + bytes(47),
    ],
)
def test_point_evaluation_refuses_bad_input(data) -> None:
    assert _run(PRECOMPILES, 10, data)[2]


def fp(value: int) -> bytes:
    return value.to_bytes(64, "big")


def g1(scalar: int) -> bytes:
    if scalar == 0:
        return bytes(128)
    x, y = bls.normalize(bls.multiply(bls.G1, scalar))
    return fp(int(x)) + fp(int(y))


def g2(scalar: int) -> bytes:
    if scalar == 0:
        return bytes(256)
    x, y = bls.normalize(bls.multiply(bls.G2, scalar))
    return b"".join(fp(int(part)) for coordinate in (x, y) for part in coordinate.coeffs)


def flagged(data: bytes, bit: int) -> bytes:
    """The first field element with one of its unused high bits set."""
    return (int.from_bytes(data[:64], "big") | 1 << bit).to_bytes(64, "big") + data[64:]


P = bls.field_modulus
OFF_SUBGROUP_G1 = fp(0) + fp(2)  # on the curve y^2 = x^3 + 4, of order 3


@pytest.mark.parametrize(
    ("number", "data"),
    [
        (11, g1(1) + g1(2)),
        (11, g1(5) + g1(5)),
        (11, g1(5) + g1(0)),
        (11, g1(0) + g1(0)),
        (11, g1(3) + g1(bls.curve_order - 3)),
        (11, OFF_SUBGROUP_G1 + g1(1)),
        (11, fp(1) + fp(1) + g1(1)),
        (11, fp(P) + fp(2) + g1(1)),
        (11, b"\x01" + g1(1)[1:] + g1(1)),
        *((11, flagged(g1(1), bit) + g1(1)) for bit in (381, 382, 383)),
        *((11, flagged(g1(0), bit) + g1(1)) for bit in (381, 382, 383)),
        *((11, g1(1)[:64] + flagged(g1(1)[64:], bit) + g1(0)) for bit in (381, 382, 383)),
        *((13, flagged(g2(1), bit) + g2(0)) for bit in (381, 382, 383)),
        *((16, flagged(fp(5), bit)) for bit in (381, 382, 383)),
        (11, g1(1)),
        (12, g1(2) + word(7)),
        (12, g1(2) + word(0) + g1(0) + word(3) + g1(9) + word(2**256 - 1)),
        (12, OFF_SUBGROUP_G1 + word(1)),
        (12, b""),
        (12, bytes(161)),
        (13, g2(1) + g2(2)),
        (13, g2(4) + g2(0)),
        (13, g2(4) + g2(bls.curve_order - 4)),
        (13, fp(1) * 4 + g2(1)),
        (14, g2(2) + word(5)),
        (14, g2(2) + word(5) + g2(0) + word(1)),
        (15, g1(2) + g2(3) + g1(bls.curve_order - 6) + g2(1)),
        (15, g1(2) + g2(3) + g1(5) + g2(1)),
        (15, g1(0) + g2(0)),
        (15, OFF_SUBGROUP_G1 + g2(1)),
        (15, b""),
        (16, fp(0)),
        (16, fp(12345)),
        (16, fp(P - 1)),
        (16, fp(P)),
        (17, fp(5) + fp(6)),
        (17, fp(P) + fp(0)),
        (17, fp(1)),
    ],
)
def test_bls12_381_is_py_evms(number, data) -> None:
    same(number, data)
