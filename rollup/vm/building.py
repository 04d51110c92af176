"""One block in the making: deposits, then candidates, until a limit closes it.

Knows nothing of disk. A sequencer's block drops what is invalid and closes on gas, bytes or wall time; a derived block
(``exact``) takes everything or raises InvalidBlock.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from rollup.core.block import DEPOSIT_TYPE, BlockHeader, Receipt
from rollup.core.deposit import build_deposits, decode_deposit
from rollup.core.errors import (
    EngineDefect,
    ExecutionTooLong,
    FeeTooLow,
    InsufficientFunds,
    InvalidBlock,
    NonceTooHigh,
    TransactionRejected,
)
from rollup.core.execution import BlockWork, Candidate, Dropped
from rollup.core.hashes import keccak
from rollup.core.ids import Address, Hash
from rollup.core.transaction import Transaction, decode_transaction, recover_sender
from rollup.vm.apply import TransactionLimits, TransactionOutcome, apply_deposit, apply_transaction
from rollup.vm.defects import containing_defects
from rollup.vm.fork import ChainState
from rollup.vm.headers import BlockRoots
from rollup.vm.history import write_history
from rollup.vm.receipts import build_bloom, encode_deposit_receipt, encode_logs, encode_receipt, join_blooms
from rollup.vm.trie import ordered_root

MAY_BECOME_VALID = (NonceTooHigh, InsufficientFunds, FeeTooLow)
"""Rejections that say nothing about the same transaction in a later block."""


@dataclass(frozen=True, slots=True)
class _Included:
    """What both kinds of transaction leave behind."""

    raw: bytes
    hash: Hash
    type: int
    sender: Address
    outcome: TransactionOutcome
    deposit_nonce: int


class BlockBuilder:
    """Runs one BlockWork on a state.

    ``between`` is called after every transaction; the time it takes is not charged to the block's budget, nor is that
    of the deposits. A transaction that runs past the deadline closes the block and stays untried, to come first in the
    next one; the first, which had a whole budget to itself, is dropped for good.
    """

    def __init__(self, state: ChainState, header: BlockHeader, work: BlockWork, between: Callable[[], None]) -> None:
        self.state = state
        self._header = header
        self._work = work
        self._between = between
        self._deadline = 0.0
        self._bytes = 0
        self._closed = False
        self._encoded_receipts: list[bytes] = []
        self.transactions: list[bytes] = []
        self.senders: list[Address] = []
        self.receipts: list[Receipt] = []
        self.dropped: list[Dropped] = []
        self.tried = 0
        self.gas_used = 0

    def run(self) -> None:
        """Execute everything that the block takes. Raises InvalidBlock on exact work that does not hold."""
        work = self._work
        write_history(self.state, self._header)
        for raw in build_deposits(work.number, work.cursors, work.messages):
            self._run_deposit(raw)
            self.pause()
        self._deadline = time.monotonic() + work.time_budget_s
        for candidate in work.candidates:
            if self._closed or not self._try_candidate(candidate):
                break
            self.tried += 1
            self.pause()

    def roots(self, state_root: Hash) -> BlockRoots:
        """Roots, bloom and gas of what was included, for the header."""
        transactions_root = ordered_root(self.transactions)
        self.pause()
        return BlockRoots(
            state_root=state_root,
            transactions_root=transactions_root,
            receipts_root=ordered_root(self._encoded_receipts),
            logs_bloom=join_blooms([receipt.logs_bloom for receipt in self.receipts]),
            gas_used=self.gas_used,
        )

    def pause(self) -> None:
        """Let the caller answer questions; the time it takes is not the block's."""
        started = time.monotonic()
        self._between()
        self._deadline += time.monotonic() - started

    def _run_deposit(self, raw: bytes) -> None:
        deposit = decode_deposit(raw)
        nonce = self.state.get_nonce(deposit.sender)
        outcome = apply_deposit(self.state, deposit)
        self._include(_Included(raw, keccak(raw), DEPOSIT_TYPE, deposit.sender, outcome, nonce))

    def _try_candidate(self, candidate: Candidate) -> bool:
        """False when the block closes before this candidate."""
        try:
            transaction = decode_transaction(candidate.raw)
            if not self._work.exact and self._is_closed(transaction):
                return False
            sender = candidate.sender or recover_sender(transaction)
            self._run_transaction(transaction, sender)
        except TransactionRejected as error:
            if self._work.exact:
                raise InvalidBlock(f"block {self._work.number}, transaction {self.tried}: {error}") from error
            self._closed = isinstance(error, ExecutionTooLong)
            if self._closed and self.tried:
                return False  # it may need no more than a whole block's time: first in the next one
            self._drop(candidate.raw, error)
        return True

    def _is_closed(self, transaction: Transaction) -> bool:
        rule = self.state.environment.rule
        if time.monotonic() >= self._deadline and self.tried:
            return True
        if self._bytes + len(transaction.raw) > self._work.bytes_max and self._bytes:
            return True
        return self._header.gas_limit - self.gas_used < transaction.gas <= rule.gas_limit and bool(self.senders)

    def _run_transaction(self, transaction: Transaction, sender: Address) -> None:
        limits = TransactionLimits(
            gas_left=max(self._header.gas_limit - self.gas_used, 0),
            deadline=None if self._work.exact else self._deadline,
        )
        if self._work.exact:
            outcome = apply_transaction(self.state, transaction, sender, limits=limits)
        else:
            outcome = self._apply_contained(transaction, sender, limits)
        self._bytes += len(transaction.raw)
        self._include(_Included(transaction.raw, transaction.hash, transaction.type, sender, outcome, 0))

    def _apply_contained(
        self, transaction: Transaction, sender: Address, limits: TransactionLimits
    ) -> TransactionOutcome:
        """A sequencer drops a transaction on which the engine fails, rather than meet it again in every block."""
        start = self.state.snapshot()
        try:
            with containing_defects(f"transaction {transaction.hash.hex()}"):
                return apply_transaction(self.state, transaction, sender, limits=limits)
        except EngineDefect:
            self.state.revert(start)
            self.state.end_transaction()
            raise

    def _drop(self, raw: bytes, error: TransactionRejected) -> None:
        final = not isinstance(error, MAY_BECOME_VALID)
        self.dropped.append(Dropped(keccak(raw), type(error).__name__, str(error), final))

    def _include(self, included: _Included) -> None:
        outcome = included.outcome
        self.gas_used += outcome.gas_used
        bloom = build_bloom(outcome.logs)
        logs = encode_logs(outcome.logs)
        if included.type == DEPOSIT_TYPE:
            encoded = encode_deposit_receipt(outcome.status, self.gas_used, bloom, logs, included.deposit_nonce)
        else:
            encoded = encode_receipt(included.type, outcome.status, self.gas_used, bloom, logs)
        self._encoded_receipts.append(encoded)
        self.transactions.append(included.raw)
        self.senders.append(included.sender)
        self.receipts.append(
            Receipt(
                transaction_hash=included.hash,
                type=included.type,
                status=outcome.status,
                gas_used=outcome.gas_used,
                cumulative_gas_used=self.gas_used,
                effective_gas_price=outcome.effective_gas_price,
                contract_address=outcome.contract_address,
                logs=outcome.logs,
                logs_bloom=bloom,
            )
        )
