"""Rules of the memory ledger: who gets in, in which order, what a reorganisation takes back."""

import pytest

from ledgers.memory import MemoryChain, MemoryRules, memory_ledger_id
from ledgers.memory.chain import build_block
from ledgers.memory.transaction import CarrierTransaction, build_transaction, build_unsigned, decode_transaction
from rollup.core.errors import LedgerBusy, LedgerFeeTooLow, LedgerFundsTooLow, LedgerNonceConflict, PostingRefused
from rollup.core.hashes import address_of, keccak

KEY = bytes(keccak(b"alice"))
ALICE = address_of(KEY)


@pytest.fixture
def chain() -> MemoryChain:
    chain = MemoryChain(MemoryRules(name="unit", fee_floor=2, payload_bytes_max=100, pool_count_max=3))
    chain.fund(ALICE, 100_000)
    return chain


def sign(chain: MemoryChain, nonce: int, fee: int = 2, payload: bytes = b"payload") -> CarrierTransaction:
    return build_transaction(chain.genesis_hash, KEY, nonce, fee, payload)


def mine(chain: MemoryChain) -> tuple[CarrierTransaction, ...]:
    block = build_block(chain.head, chain.head.time, 0, chain.choose_transactions())
    chain.append(block)
    return block.transactions


def test_identity_follows_from_the_name() -> None:
    ledger_id = memory_ledger_id("unit")
    assert ledger_id == memory_ledger_id("unit") != memory_ledger_id("other")
    assert ledger_id.startswith("bip122:")
    assert len(ledger_id.removeprefix("bip122:")) == 32


def test_a_transaction_comes_back_from_its_bytes(chain: MemoryChain) -> None:
    transaction = sign(chain, 7, 3, b"\x00\xff")
    assert decode_transaction(chain.genesis_hash, transaction.raw) == transaction
    assert transaction.sender == ALICE


def test_a_transaction_of_another_ledger_has_another_sender(chain: MemoryChain) -> None:
    foreign = decode_transaction(keccak(b"another genesis"), sign(chain, 0).raw)
    assert foreign.sender != ALICE


@pytest.mark.parametrize("raw", [b"", b"\x01", b"\xc0", b"\xc4\x80\x80\x80", b"\xf8\x01"])
def test_bytes_that_are_no_transaction_are_refused(chain: MemoryChain, raw: bytes) -> None:
    with pytest.raises(PostingRefused):
        decode_transaction(chain.genesis_hash, raw)


def test_nonces_go_in_without_gaps_whatever_the_order_of_arrival(chain: MemoryChain) -> None:
    for nonce in (2, 0):
        chain.admit(sign(chain, nonce))
    assert chain.pending_nonce(ALICE) == 1
    assert [transaction.nonce for transaction in mine(chain)] == [0]
    chain.admit(sign(chain, 1))
    assert chain.pending_nonce(ALICE) == 3
    assert [transaction.nonce for transaction in mine(chain)] == [1, 2]
    assert (chain.next_nonce(ALICE), chain.pool) == (3, {})


def test_fees_are_paid_once_and_given_back_by_a_reorganisation(chain: MemoryChain) -> None:
    transaction = sign(chain, 0)
    chain.admit(transaction)
    mine(chain)
    assert chain.balances[ALICE] == 100_000 - 2 * len(transaction.raw)
    assert [block.transactions for block in chain.revert(1)] == [(transaction,)]
    assert (chain.balances[ALICE], chain.next_nonce(ALICE), chain.heights) == (100_000, 0, {})


def test_the_genesis_stays(chain: MemoryChain) -> None:
    mine(chain)
    assert len(chain.revert(5)) == 1
    assert chain.head.height == 0


def test_a_replacement_needs_a_tenth_more(chain: MemoryChain) -> None:
    chain.admit(sign(chain, 0, 20))
    with pytest.raises(LedgerFeeTooLow, match="underpriced"):
        chain.admit(sign(chain, 0, 21))
    dearer = sign(chain, 0, 22)
    chain.admit(dearer)
    assert list(chain.pool) == [dearer.tx_id]


def test_what_is_known_is_not_taken_twice(chain: MemoryChain) -> None:
    transaction = sign(chain, 0)
    chain.admit(transaction)
    chain.admit(transaction)
    assert len(mine(chain)) == 1
    chain.admit(transaction)
    assert mine(chain) == ()


def test_refusals_say_what_to_do(chain: MemoryChain) -> None:
    chain.admit(sign(chain, 0))
    mine(chain)
    with pytest.raises(LedgerNonceConflict):
        chain.admit(sign(chain, 0, 9))
    with pytest.raises(LedgerFeeTooLow):
        chain.admit(sign(chain, 1, 1))
    with pytest.raises(LedgerFundsTooLow):
        chain.admit(sign(chain, 1, 100_000))
    with pytest.raises(PostingRefused):
        chain.admit(sign(chain, 1, payload=bytes(101)))
    with pytest.raises(PostingRefused):
        chain.admit(build_unsigned(0, b"free"))


def test_funds_cover_everything_that_waits(chain: MemoryChain) -> None:
    size = len(sign(chain, 0).raw)
    chain.admit(sign(chain, 0, 60_000 // size))
    with pytest.raises(LedgerFundsTooLow):
        chain.admit(sign(chain, 1, 60_000 // size))


def test_the_pool_is_bounded_but_takes_replacements(chain: MemoryChain) -> None:
    for nonce in range(3):
        chain.admit(sign(chain, nonce))
    with pytest.raises(LedgerBusy):
        chain.admit(sign(chain, 3))
    chain.admit(sign(chain, 2, 3))


def test_what_fell_below_the_floor_waits(chain: MemoryChain) -> None:
    chain.admit(sign(chain, 0))
    chain.fee_floor = 5
    assert mine(chain) == ()
    chain.admit(sign(chain, 0, 5))
    assert len(mine(chain)) == 1


def test_a_block_holds_what_fits(chain: MemoryChain) -> None:
    small = MemoryChain(MemoryRules(name="small", block_bytes_max=2 * len(sign(chain, 1).raw)))
    small.fund(ALICE, 100_000)
    for nonce in range(3):
        small.admit(sign(small, nonce))
    assert [len(mine(small)), len(mine(small))] == [2, 1]


def test_time_never_goes_back(chain: MemoryChain) -> None:
    chain.append(build_block(chain.head, 1_000, 0))
    chain.append(build_block(chain.head, 10, 0))
    assert chain.head.time == 1_000
