"""Genesis storage of the ledger oracle, against vectors worked out from Solidity's layout rules by hand."""

from contracts import oracle_storage
from rollup.core.cursor import Cursor
from rollup.core.hashes import keccak
from rollup.core.ids import LedgerIndex


def slot(digest: bytes) -> int:
    return int.from_bytes(digest, "big")


def test_no_ledgers_no_storage() -> None:
    assert oracle_storage([]) == ()


def test_two_ledgers() -> None:
    block, accumulator = keccak(b"block"), keccak(b"accumulator")
    cursors = [Cursor(LedgerIndex(0), 5, block), Cursor(LedgerIndex(2), 9, block, 3, accumulator)]
    position_0 = slot(keccak(bytes(32) + (1).to_bytes(32, "big")))
    position_2 = slot(keccak((2).to_bytes(32, "big") + (1).to_bytes(32, "big")))
    assert dict(oracle_storage(cursors)) == {
        0: 2,
        slot(keccak(bytes(32))): 2 << 16,
        position_0: 1 | 5 << 8,
        position_0 + 1: slot(block),
        position_2: 1 | 9 << 8 | 3 << 72,
        position_2 + 1: slot(block),
        position_2 + 2: slot(accumulator),
    }
