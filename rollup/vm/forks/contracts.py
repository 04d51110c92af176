"""Precompiled contracts of the forks: those of Prague, dearer or missing before; what Osaka changes after it."""

from eth.abc import ComputationAPI
from eth.exceptions import VMError
from eth.precompiles.modexp import _compute_modexp_gas_fee_eip_198 as modexp_gas_before_berlin

from rollup.core.forks import Fork
from rollup.vm.forks.p256 import is_p256_signature
from rollup.vm.precompiles import PRECOMPILES, Precompile, raise_to_power

GAS_ECADD_MORE, GAS_ECMUL_MORE = 500 - 150, 40_000 - 6_000  # EIP-1108, backwards
GAS_PAIRING_MORE, GAS_PAIRING_PAIR_MORE = 100_000 - 45_000, 80_000 - 34_000
PAIRING_PAIR_BYTES = 192
MODEXP_BYTES_MAX = 1_024  # EIP-7823
MODEXP_GAS_MIN = 500  # EIP-7883
GAS_P256VERIFY = 6_900  # EIP-7951
P256_BYTES = 160


def _address(number: int) -> bytes:
    return number.to_bytes(20, "big")


MODEXP, ECADD, ECMUL, ECPAIRING = (_address(number) for number in range(5, 9))
P256VERIFY = _address(0x100)

_FIRST_FORKS = {
    **{_address(number): Fork.FRONTIER for number in range(1, 5)},
    **{_address(number): Fork.BYZANTIUM for number in range(5, 9)},
    _address(9): Fork.ISTANBUL,
    _address(10): Fork.CANCUN,
}
"""Those that are missing here came with Prague."""


def _modexp_before_berlin(computation: ComputationAPI) -> ComputationAPI:
    computation.consume_gas(modexp_gas_before_berlin(computation.msg.data_as_bytes), "MODEXP")
    return raise_to_power(computation)


def _modexp_osaka(computation: ComputationAPI) -> ComputationAPI:
    data = computation.msg.data_as_bytes
    base, exponent, modulus = (int.from_bytes(data[at : at + 32].ljust(32, b"\x00"), "big") for at in (0, 32, 64))
    if max(base, exponent, modulus) > MODEXP_BYTES_MAX:
        raise VMError("one or more of base/exponent/modulus length exceeded 1024 bytes")
    computation.consume_gas(_modexp_gas_osaka(data, base, exponent, modulus), "MODEXP")
    return raise_to_power(computation)


def _modexp_gas_osaka(data: bytes, base: int, exponent: int, modulus: int) -> int:
    """EIP-7883."""
    longest = max(base, modulus)
    complexity = 2 * ((longest + 7) // 8) ** 2 if longest > 32 else 16
    size = min(exponent, 32)
    head = int.from_bytes(data[96 + base : 96 + base + size].ljust(size, b"\x00"), "big")
    steps = max(head.bit_length() - 1, 0) + 16 * max(exponent - 32, 0)
    return max(MODEXP_GAS_MIN, complexity * max(steps, 1))


def _dearer(address: bytes, gas: int, pair_gas: int = 0) -> Precompile:
    """Ours, with what it cost more before Istanbul paid first."""

    def run(computation: ComputationAPI) -> ComputationAPI:
        pairs = len(computation.msg.data_as_bytes) // PAIRING_PAIR_BYTES if pair_gas else 0
        computation.consume_gas(gas + pairs * pair_gas, "before EIP-1108")
        return PRECOMPILES[address](computation)

    return run


def _p256verify(computation: ComputationAPI) -> ComputationAPI:
    computation.consume_gas(GAS_P256VERIFY, "P256VERIFY")
    data = computation.msg.data_as_bytes
    if len(data) == P256_BYTES and is_p256_signature(data):
        computation.output = (1).to_bytes(32, "big")
    return computation


_BEFORE_ISTANBUL: dict[bytes, Precompile] = {
    ECADD: _dearer(ECADD, GAS_ECADD_MORE),
    ECMUL: _dearer(ECMUL, GAS_ECMUL_MORE),
    ECPAIRING: _dearer(ECPAIRING, GAS_PAIRING_MORE, GAS_PAIRING_PAIR_MORE),
}


def _build(fork: Fork) -> dict[bytes, Precompile]:
    here = {address: run for address, run in PRECOMPILES.items() if fork >= _FIRST_FORKS.get(address, Fork.PRAGUE)}
    if Fork.BYZANTIUM <= fork < Fork.ISTANBUL:
        here |= _BEFORE_ISTANBUL
    if Fork.BYZANTIUM <= fork < Fork.BERLIN:
        here[MODEXP] = _modexp_before_berlin
    if fork >= Fork.OSAKA:
        here |= {MODEXP: _modexp_osaka, P256VERIFY: _p256verify}
    return here


PRECOMPILES_OF: dict[Fork, dict[bytes, Precompile]] = {
    **{fork: _build(fork) for fork in Fork},
    Fork.PRAGUE: PRECOMPILES,
}
