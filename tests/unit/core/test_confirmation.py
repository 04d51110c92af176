"""Soft confirmations bind rollup, number and hash to the sequencer's key."""

from dataclasses import replace

import pytest

from rollup.core.confirmation import check_confirmation, sign_confirmation
from rollup.core.errors import BadSignature
from rollup.core.hashes import address_of, keccak
from rollup.core.ids import BlockNumber

KEY = b"\x07" * 32
SEQUENCER = address_of(KEY)
CONFIRMATION = sign_confirmation(9, BlockNumber(5), keccak(b"block"), KEY)


def test_the_sequencers_word_checks() -> None:
    check_confirmation(CONFIRMATION, 9, SEQUENCER)


@pytest.mark.parametrize(
    ("changed", "rollup_id", "sequencer"),
    [
        (replace(CONFIRMATION, number=BlockNumber(6)), 9, SEQUENCER),
        (replace(CONFIRMATION, block_hash=keccak(b"another")), 9, SEQUENCER),
        (CONFIRMATION, 8, SEQUENCER),
        (CONFIRMATION, 9, address_of(b"\x08" * 32)),
        (replace(CONFIRMATION, signature=CONFIRMATION.signature[:64]), 9, SEQUENCER),
    ],
    ids=["number", "hash", "rollup", "signer", "short"],
)
def test_anything_else_does_not(changed, rollup_id, sequencer) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BadSignature):
        check_confirmation(changed, rollup_id, sequencer)
