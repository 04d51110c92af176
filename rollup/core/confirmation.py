"""Soft confirmation: the sequencer's signed word on a block before any ledger carries it (protocol section 5)."""

from dataclasses import dataclass

from rollup.core.errors import BadSignature
from rollup.core.hashes import keccak, recover_signer, sign_hash
from rollup.core.ids import Address, BlockNumber, Hash

DOMAIN = b"entresol:confirm"


@dataclass(frozen=True, slots=True)
class SoftConfirmation:
    """``signature`` is 65 bytes over ``confirmation_digest``. Two of them for one number are proof of equivocation."""

    number: BlockNumber
    block_hash: Hash
    signature: bytes


def confirmation_digest(rollup_id: int, number: BlockNumber, block_hash: Hash) -> Hash:
    """keccak("entresol:confirm" || rollup id (4) || block number (8) || block hash): no other message has this form."""
    return keccak(DOMAIN + rollup_id.to_bytes(4, "big") + number.to_bytes(8, "big") + block_hash)


def sign_confirmation(rollup_id: int, number: BlockNumber, block_hash: Hash, private_key: bytes) -> SoftConfirmation:
    """The caller has the block durable before this leaves the process."""
    return SoftConfirmation(
        number, block_hash, sign_hash(private_key, confirmation_digest(rollup_id, number, block_hash))
    )


def check_confirmation(confirmation: SoftConfirmation, rollup_id: int, sequencer: Address) -> None:
    """Raises BadSignature unless the sequencer signed it."""
    digest = confirmation_digest(rollup_id, confirmation.number, confirmation.block_hash)
    if recover_signer(digest, confirmation.signature) != sequencer:
        raise BadSignature("not signed by the sequencer")
