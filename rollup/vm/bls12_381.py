"""The BLS12-381 precompiles (EIP-2537) on arkworks: py-evm's own, in pure Python, take 350 s for 30 million gas."""

from collections.abc import Callable
from typing import TypeVar

from eth.abc import ComputationAPI
from eth.exceptions import VMError
from eth.precompiles.bls12_381.constants import (
    BLS12_G1_ADD_GAS,
    BLS12_G1_MSM_GAS,
    BLS12_G2_ADD_GAS,
    BLS12_G2_MSM_GAS,
    BLS12_MAP_FP2_G2_GAS,
    BLS12_MAP_FP_G1_GAS,
    G1_MSM_DISCOUNTS,
    G1_MSM_MAX_DISCOUNT,
    G2_MSM_DISCOUNTS,
    G2_MSM_MAX_DISCOUNT,
    MSM_MULTIPLIER,
)
from py_arkworks_bls12381 import GT, G1Point, G2Point, Scalar

FIELD_BYTES = 64  # of which the first 16 must be zero
G1_BYTES = 2 * FIELD_BYTES
G2_BYTES = 4 * FIELD_BYTES
SCALAR_BYTES = 32
GAS_PAIRING_BASE = 37_700
GAS_PAIRING_PAIR = 32_600
FIELD_MODULUS = int(
    "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab", 16
)
_PADDING = bytes(16)

Value = TypeVar("Value")
Point = TypeVar("Point", G1Point, G2Point)


def add_g1(computation: ComputationAPI) -> ComputationAPI:
    """0x0b: no subgroup check (EIP-2537)."""
    data = _take_input(computation, 2 * G1_BYTES, BLS12_G1_ADD_GAS)
    computation.output = _encode(_guarded(lambda: _g1(data[:G1_BYTES]) + _g1(data[G1_BYTES:])).to_xy_bytes_be())
    return computation


def add_g2(computation: ComputationAPI) -> ComputationAPI:
    """0x0d: no subgroup check."""
    data = _take_input(computation, 2 * G2_BYTES, BLS12_G2_ADD_GAS)
    computation.output = _encode(_guarded(lambda: _g2(data[:G2_BYTES]) + _g2(data[G2_BYTES:])).to_xy_bytes_be())
    return computation


def multiply_g1(computation: ComputationAPI) -> ComputationAPI:
    """0x0c: multi-scalar multiplication."""
    pairs = _take_pairs(computation, G1_BYTES + SCALAR_BYTES)
    discount = G1_MSM_DISCOUNTS[len(pairs) - 1] if len(pairs) <= len(G1_MSM_DISCOUNTS) else G1_MSM_MAX_DISCOUNT
    computation.consume_gas(len(pairs) * BLS12_G1_MSM_GAS * discount // MSM_MULTIPLIER, "G1MSM")
    points = _guarded(lambda: [_in_subgroup(_g1(pair[:G1_BYTES])) for pair in pairs])
    scalars = [Scalar.from_be_bytes_mod_order(pair[G1_BYTES:]) for pair in pairs]
    computation.output = _encode(G1Point.multiexp_unchecked(points, scalars).to_xy_bytes_be())
    return computation


def multiply_g2(computation: ComputationAPI) -> ComputationAPI:
    """0x0e: multi-scalar multiplication."""
    pairs = _take_pairs(computation, G2_BYTES + SCALAR_BYTES)
    discount = G2_MSM_DISCOUNTS[len(pairs) - 1] if len(pairs) <= len(G2_MSM_DISCOUNTS) else G2_MSM_MAX_DISCOUNT
    computation.consume_gas(len(pairs) * BLS12_G2_MSM_GAS * discount // MSM_MULTIPLIER, "G2MSM")
    points = _guarded(lambda: [_in_subgroup(_g2(pair[:G2_BYTES])) for pair in pairs])
    scalars = [Scalar.from_be_bytes_mod_order(pair[G2_BYTES:]) for pair in pairs]
    computation.output = _encode(G2Point.multiexp_unchecked(points, scalars).to_xy_bytes_be())
    return computation


def check_pairing(computation: ComputationAPI) -> ComputationAPI:
    """0x0f: is the product of the pairings one?"""
    pairs = _take_pairs(computation, G1_BYTES + G2_BYTES)
    computation.consume_gas(len(pairs) * GAS_PAIRING_PAIR + GAS_PAIRING_BASE, "PAIRING")
    lefts = _guarded(lambda: [_in_subgroup(_g1(pair[:G1_BYTES])) for pair in pairs])
    rights = _guarded(lambda: [_in_subgroup(_g2(pair[G1_BYTES:])) for pair in pairs])
    computation.output = int(GT.pairing_check(lefts, rights)).to_bytes(32, "big")
    return computation


def map_to_g1(computation: ComputationAPI) -> ComputationAPI:
    """0x10: a field element to the curve."""
    data = _take_input(computation, FIELD_BYTES, BLS12_MAP_FP_G1_GAS)
    computation.output = _encode(_guarded(lambda: G1Point.map_from_fp_be(_decode(data))).to_xy_bytes_be())
    return computation


def map_to_g2(computation: ComputationAPI) -> ComputationAPI:
    """0x11: an element of the extension field to the twist."""
    data = _take_input(computation, 2 * FIELD_BYTES, BLS12_MAP_FP2_G2_GAS)
    computation.output = _encode(_guarded(lambda: G2Point.map_from_fp2_be(_decode(data))).to_xy_bytes_be())
    return computation


def _take_input(computation: ComputationAPI, length: int, gas: int) -> bytes:
    data = computation.msg.data_as_bytes
    if len(data) != length:
        raise VMError("invalid input length")
    computation.consume_gas(gas, "BLS12-381")
    return data


def _take_pairs(computation: ComputationAPI, length: int) -> list[bytes]:
    data = computation.msg.data_as_bytes
    if not data or len(data) % length:
        raise VMError("invalid input length")
    return [data[start : start + length] for start in range(0, len(data), length)]


def _guarded(decode: Callable[[], Value]) -> Value:
    try:
        return decode()
    except ValueError as error:  # arkworks: not canonical, not on the curve
        raise VMError(str(error)) from error


def _in_subgroup(point: Point) -> Point:
    if not point.is_in_subgroup():
        raise VMError("point is not in the subgroup")
    return point


def _g1(data: bytes) -> G1Point:
    """On the curve; "unchecked" leaves out the subgroup alone. Zeros are the point at infinity."""
    return G1Point.from_xy_bytes_unchecked_be(_decode(data))


def _g2(data: bytes) -> G2Point:
    return G2Point.from_xy_bytes_unchecked_be(_decode(data))


def _decode(data: bytes) -> bytes:
    """Field elements without their padding. Raises ValueError unless each is below the modulus: arkworks takes some
    high bits for flags."""
    elements = [data[start : start + FIELD_BYTES] for start in range(0, len(data), FIELD_BYTES)]
    if any(int.from_bytes(element, "big") >= FIELD_MODULUS for element in elements):
        raise ValueError("invalid field element")
    return b"".join(element[16:] for element in elements)


def _encode(point: bytes) -> bytes:
    return b"".join(_PADDING + point[start : start + 48] for start in range(0, len(point), 48))
