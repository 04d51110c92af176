"""Transferable proof that a sequencer signed two batches with one number (protocol section 5)."""

from dataclasses import dataclass

from rollup.core.batch import decode_header
from rollup.core.errors import MalformedBatch
from rollup.core.hashes import keccak, recover_signer
from rollup.core.ids import Address, BatchNumber
from rollup.core.rlp_items import decode_rlp, encode_rlp, read_bytes, read_items


@dataclass(frozen=True, slots=True)
class Equivocation:
    """Two encoded headers with their 65-byte signatures. Whoever knows the sequencer's address can check it."""

    number: BatchNumber
    first_header: bytes
    first_signature: bytes
    second_header: bytes
    second_signature: bytes


def encode_equivocation(proof: Equivocation) -> bytes:
    """RLP of both headers and signatures; the number stands in the headers."""
    return encode_rlp([proof.first_header, proof.first_signature, proof.second_header, proof.second_signature])


def decode_equivocation(data: bytes) -> Equivocation:
    """Inverse of encode_equivocation. Raises MalformedBatch unless both headers have one number and differ."""
    first, first_signature, second, second_signature = (read_bytes(item) for item in read_items(decode_rlp(data), 4))
    number = decode_header(first).number
    if decode_header(second).number != number or first == second:
        raise MalformedBatch("not two headers of one number")
    return Equivocation(number, first, first_signature, second, second_signature)


def check_equivocation(proof: Equivocation, sequencer: Address) -> None:
    """Both halves were signed by the sequencer, for one rollup. Raises MalformedBatch or BadSignature."""
    first, second = decode_header(proof.first_header), decode_header(proof.second_header)
    if (first.number, first.rollup_id) != (second.number, second.rollup_id) or first == second:
        raise MalformedBatch("not two headers of one number")
    for header, signature in (
        (proof.first_header, proof.first_signature),
        (proof.second_header, proof.second_signature),
    ):
        if recover_signer(keccak(header), signature) != sequencer:
            raise MalformedBatch("not signed by the sequencer")
