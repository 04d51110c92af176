"""The precompiled contracts of the chain: py-evm's where they are good, ours where they are slow or differ.

0x03 does not depend on what the system's OpenSSL still offers; 0x05 answers for an empty base; 0x06 to 0x08 are
faster, and 0x08 charges work before it runs (ADR 0005); 0x09 reads its input faster; 0x0a and the BLS12-381 ones run
natively.
"""

import struct
from collections.abc import Callable

from blake2b import compress
from Crypto.Hash import RIPEMD160
from eth.abc import ComputationAPI
from eth.exceptions import VMError
from eth.vm.forks.berlin.computation import _compute_modexp_gas_fee_eip_2565 as modexp_gas
from eth.vm.forks.prague.computation import PRAGUE_PRECOMPILES

from rollup.vm import bls12_381
from rollup.vm.bn254 import INFINITY, Affine, add_points, is_on_curve, multiply_point
from rollup.vm.bn254_pairing import Twisted, is_in_subgroup, is_on_twist, is_pairing_product_one
from rollup.vm.kzg import evaluate_point
from rollup.vm.work import metered

Precompile = Callable[[ComputationAPI], ComputationAPI]

PAIRING_WORK = 10_000
PAIRING_PAIR_WORK = 10_000
EXPONENT_BYTE_WORK = 2
"""A short modulus costs little gas per bit of the exponent, and each bit is a step of the interpreter's pow."""
PAIRING_PAIR_BYTES = 192
GAS_RIPEMD160, GAS_RIPEMD160_WORD = 600, 120
GAS_ECADD, GAS_ECMUL, GAS_PAIRING, GAS_PAIRING_PAIR = 150, 6_000, 45_000, 34_000  # EIP-1108
TWIST_INFINITY: Twisted = ((0, 0), (0, 0))
BLAKE2_BYTES = 213


def _address(number: int) -> bytes:
    return number.to_bytes(20, "big")


def _ripemd160(computation: ComputationAPI) -> ComputationAPI:
    data = computation.msg.data_as_bytes
    computation.consume_gas(GAS_RIPEMD160 + (len(data) + 31) // 32 * GAS_RIPEMD160_WORD, "RIPEMD160")
    computation.output = RIPEMD160.new(data).digest().rjust(32, b"\x00")
    return computation


def _modexp(computation: ComputationAPI) -> ComputationAPI:
    computation.consume_gas(modexp_gas(computation.msg.data_as_bytes), "MODEXP")
    return raise_to_power(computation)


def raise_to_power(computation: ComputationAPI) -> ComputationAPI:
    """EIP-198, its gas paid."""
    data = computation.msg.data_as_bytes
    base_size, exponent_size, modulus_size = (_word(data, position) for position in (0, 32, 64))
    if modulus_size:
        metered(computation).charge(exponent_size * EXPONENT_BYTE_WORK)
        base = _padded(data, 96, base_size)
        exponent = _padded(data, 96 + base_size, exponent_size)
        modulus = _padded(data, 96 + base_size + exponent_size, modulus_size)
        result = pow(base, exponent, modulus) if modulus else 0
        computation.output = result.to_bytes(modulus_size, "big")
    return computation


def _ecadd(computation: ComputationAPI) -> ComputationAPI:
    computation.consume_gas(GAS_ECADD, "ECADD")
    data = computation.msg.data_as_bytes
    computation.output = _encode_point(add_points(_decode_point(data, 0), _decode_point(data, 64)))
    return computation


def _ecmul(computation: ComputationAPI) -> ComputationAPI:
    computation.consume_gas(GAS_ECMUL, "ECMUL")
    data = computation.msg.data_as_bytes
    computation.output = _encode_point(multiply_point(_decode_point(data, 0), _word(data, 64)))
    return computation


def _ecpairing(computation: ComputationAPI) -> ComputationAPI:
    data = computation.msg.data_as_bytes
    if len(data) % PAIRING_PAIR_BYTES:
        raise VMError("bad elliptic curve pairing size")
    count = len(data) // PAIRING_PAIR_BYTES
    computation.consume_gas(GAS_PAIRING + count * GAS_PAIRING_PAIR, "ECPAIRING")
    metered(computation).charge(PAIRING_WORK + count * PAIRING_PAIR_WORK)
    pairs = [_decode_pair(data, start) for start in range(0, len(data), PAIRING_PAIR_BYTES)]
    finite = [(point, twisted) for point, twisted in pairs if point != INFINITY and twisted != TWIST_INFINITY]
    computation.output = int(is_pairing_product_one(finite)).to_bytes(32, "big")
    return computation


def _decode_pair(data: bytes, position: int) -> tuple[Affine, Twisted]:
    """EIP-197: a point, and a point of the twist with the imaginary parts first. Raises VMError."""
    point = _decode_point(data, position)
    parts = [_word(data, position + 64 + 32 * index) for index in range(4)]
    twisted = ((parts[1], parts[0]), (parts[3], parts[2]))
    if twisted != TWIST_INFINITY and not (is_on_twist(twisted) and is_in_subgroup(twisted)):
        raise VMError("bn256: malformed point")
    return point, twisted


def _blake2f(computation: ComputationAPI) -> ComputationAPI:
    data = computation.msg.data_as_bytes
    if len(data) != BLAKE2_BYTES or data[212] > 1:
        raise VMError("invalid blake2f input")
    rounds = int.from_bytes(data[:4], "big")
    computation.consume_gas(rounds, "BLAKE2F")
    words = struct.unpack_from("<26Q", data, 4)
    computation.output = compress(rounds, words[:8], words[8:24], words[24:], data[212] == 1)
    return computation


def _word(data: bytes, position: int) -> int:
    return int.from_bytes(data[position : position + 32].ljust(32, b"\x00"), "big")


def _padded(data: bytes, position: int, size: int) -> int:
    return int.from_bytes(data[position : position + size].ljust(size, b"\x00"), "big")


def _decode_point(data: bytes, position: int) -> Affine:
    point = _word(data, position), _word(data, position + 32)
    if not is_on_curve(point):
        raise VMError("bn256: malformed point")
    return point


def _encode_point(point: Affine) -> bytes:
    return point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")


PRECOMPILES: dict[bytes, Precompile] = {
    **PRAGUE_PRECOMPILES,
    _address(0x03): _ripemd160,
    _address(0x05): _modexp,
    _address(0x06): _ecadd,
    _address(0x07): _ecmul,
    _address(0x08): _ecpairing,
    _address(0x09): _blake2f,
    _address(0x0A): evaluate_point,
    _address(0x0B): bls12_381.add_g1,
    _address(0x0C): bls12_381.multiply_g1,
    _address(0x0D): bls12_381.add_g2,
    _address(0x0E): bls12_381.multiply_g2,
    _address(0x0F): bls12_381.check_pairing,
    _address(0x10): bls12_381.map_to_g1,
    _address(0x11): bls12_381.map_to_g2,
}
