"""The point evaluation precompile (EIP-4844) without the trusted setup's 4,161 points.

Checking one opening needs a single one of them, the second power of tau on G2. py-evm reads and checks all of them at
every call: 50,000 gas for two seconds.
"""

import hashlib

from eth.abc import ComputationAPI
from eth.exceptions import VMError
from py_arkworks_bls12381 import GT, G1Point, G2Point, Scalar

GAS_POINT_EVALUATION = 50_000
FIELD_ELEMENTS_PER_BLOB = 4096
SCALAR_MODULUS = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
VERSIONED_HASH_VERSION = b"\x01"
TAU_G2 = G2Point.from_compressed_bytes(
    bytes.fromhex(
        "b5bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f72"
        "185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2"
    )
)
"""[tau]G2 of the KZG ceremony (EIP-4844, trusted setup)."""

_ANSWER = FIELD_ELEMENTS_PER_BLOB.to_bytes(32, "big") + SCALAR_MODULUS.to_bytes(32, "big")


def evaluate_point(computation: ComputationAPI) -> ComputationAPI:
    """0x0a: versioned hash, z, y, commitment, proof."""
    computation.consume_gas(GAS_POINT_EVALUATION, "POINT_EVALUATION")
    data = computation.msg.data_as_bytes
    if len(data) != 192:
        raise VMError("invalid input length")
    if VERSIONED_HASH_VERSION + hashlib.sha256(data[96:144]).digest()[1:] != data[:32]:
        raise VMError("mismatched versioned hash")
    try:
        proven = _is_opening(data)
    except ValueError as error:  # arkworks: not canonical, not on the curve, not in the subgroup
        raise VMError("invalid point evaluation input") from error
    if not proven:
        raise VMError("error verifying kzg proof")
    computation.output = _ANSWER
    return computation


def _is_opening(data: bytes) -> bool:
    """e(C - [y]G1, G2) == e(proof, [tau]G2 - [z]G2), as one pairing check."""
    z, y = Scalar.from_be_bytes(data[32:64]), Scalar.from_be_bytes(data[64:96])
    commitment, proof = _decode_point(data[96:144]), _decode_point(data[144:])
    left = commitment - G1Point() * y
    return GT.pairing_check([-left, proof], [G2Point(), TAU_G2 - G2Point() * z])


def _decode_point(data: bytes) -> G1Point:
    """In the subgroup. Raises ValueError for all but the one encoding of a point (arkworks takes many for infinity)."""
    point = G1Point.from_compressed_bytes(data)
    if point.to_compressed_bytes() != data:
        raise ValueError("not a canonical point")
    return point
