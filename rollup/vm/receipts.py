"""Consensus form of receipts: bloom filter, envelope, root.

Deposits follow the OP Stack: their receipt also carries the sender's nonce before the transaction and the version of
that rule, so the envelope is ``0x7E || rlp([status, cumulative_gas, bloom, logs, nonce, 1])`` (OP Stack specification,
deposits, section "Deposit Receipt").
"""

from functools import lru_cache

from rollup.core.block import DEPOSIT_TYPE, Log, Receipt
from rollup.core.hashes import keccak
from rollup.vm.encoding import encode_list, encode_string, encode_uint
from rollup.vm.headers import EMPTY_BLOOM

DEPOSIT_RECEIPT_VERSION = 1


@lru_cache(maxsize=16_384)
def _bloom_bits(item: bytes) -> int:
    """The three bits of one address or topic (Yellow Paper, section 4.3.1)."""
    digest = keccak(item)
    bits = 0
    for at in (0, 2, 4):
        bits |= 1 << (int.from_bytes(digest[at : at + 2], "big") & 2047)
    return bits


def build_bloom(logs: tuple[Log, ...]) -> bytes:
    """256 bytes over the logs' addresses and topics."""
    if not logs:
        return EMPTY_BLOOM
    bits = 0
    for log in logs:
        bits |= _bloom_bits(log.address)
        for topic in log.topics:
            bits |= _bloom_bits(topic)
    return bits.to_bytes(256, "big")


def join_blooms(blooms: list[bytes]) -> bytes:
    """A block's bloom: everything that any of its receipts has."""
    bits = 0
    for bloom in blooms:
        if bloom is not EMPTY_BLOOM:
            bits |= int.from_bytes(bloom, "big")
    return bits.to_bytes(256, "big") if bits else EMPTY_BLOOM


def encode_logs(logs: tuple[Log, ...]) -> bytes:
    """RLP list of ``[address, topics, data]``."""
    return encode_list(
        encode_list(
            (
                encode_string(log.address),
                encode_list([encode_string(topic) for topic in log.topics]),
                encode_string(log.data),
            )
        )
        for log in logs
    )


def encode_receipt(kind: int, status: int, cumulative_gas: int, bloom: bytes, logs: bytes) -> bytes:
    """Envelope of a user transaction's receipt (EIP-2718); ``logs`` are encoded."""
    body = encode_list((encode_uint(status), encode_uint(cumulative_gas), encode_string(bloom), logs))
    return bytes((kind,)) + body if kind else body


def encode_foreign_receipt(receipt: Receipt) -> bytes:
    """Envelope of a receipt of any fork: before Byzantium with the state root in the status' place (EIP-658)."""
    first = encode_uint(receipt.status) if receipt.state_root is None else encode_string(receipt.state_root)
    cumulative = encode_uint(receipt.cumulative_gas_used)
    body = encode_list((first, cumulative, encode_string(receipt.logs_bloom), encode_logs(receipt.logs)))
    return bytes((receipt.type,)) + body if receipt.type else body


def encode_deposit_receipt(status: int, cumulative_gas: int, bloom: bytes, logs: bytes, nonce: int) -> bytes:
    """Envelope of a deposit's receipt; ``nonce`` is the sender's before the deposit."""
    items = (encode_uint(status), encode_uint(cumulative_gas), encode_string(bloom), logs, encode_uint(nonce))
    return bytes((DEPOSIT_TYPE,)) + encode_list((*items, encode_uint(DEPOSIT_RECEIPT_VERSION)))
