"""Keccak-256 and secp256k1: the two primitives under every identity in the rollup."""

from coincurve import PrivateKey, PublicKey
from sha3 import keccak_256

from rollup.core.errors import BadSignature
from rollup.core.ids import Address, Hash

SECP256K1_N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
SECP256K1_HALF_N = SECP256K1_N // 2


def keccak(data: bytes) -> Hash:
    """Keccak-256 as Ethereum uses it (not NIST SHA3-256). A native one: it is the most frequent call of the node."""
    return Hash(keccak_256(data).digest())


def address_of(private_key: bytes) -> Address:
    """The account that a 32-byte private key controls."""
    return _address_of_public(PrivateKey(private_key).public_key)


def sign_hash(private_key: bytes, digest: Hash) -> bytes:
    """65 bytes ``r || s || v`` with v in {27, 28}, low s: the form that Solidity's ECDSA libraries take."""
    signature = PrivateKey(private_key).sign_recoverable(digest, hasher=None)
    return signature[:64] + bytes([27 + signature[64]])


def recover_signer(digest: Hash, signature: bytes) -> Address:
    """Who signed ``digest``. Raises BadSignature unless it is 65 bytes, v in {27, 28}, with low s (EIP-2)."""
    if len(signature) != 65 or signature[64] not in (27, 28):
        raise BadSignature("a signature is 65 bytes ending in 27 or 28")
    return recover_address(
        digest, signature[64] - 27, int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
    )


def recover_address(digest: Hash, y_parity: int, r: int, s: int, *, low_s: bool = True) -> Address:
    """Account recovered from signature values; low s is required (EIP-2) unless ``low_s`` is False. Raises
    BadSignature."""
    s_max = SECP256K1_HALF_N if low_s else SECP256K1_N - 1
    if not (0 < r < SECP256K1_N and 0 < s <= s_max and y_parity in (0, 1)):
        raise BadSignature("invalid transaction v, r, s values")
    compact = r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([y_parity])
    try:
        return _address_of_public(PublicKey.from_signature_and_message(compact, digest, hasher=None))
    except Exception as error:  # coincurve raises bare Exception for a point off the curve
        raise BadSignature("invalid signature: no key recovers from it") from error


def _address_of_public(public_key: PublicKey) -> Address:
    return Address(keccak(public_key.format(compressed=False)[1:])[12:])
