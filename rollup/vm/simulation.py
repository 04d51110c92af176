"""Whole blocks of unsigned calls on top of a sealed one, each building on those before, none kept (eth_simulateV1).

Everything is computed as geth does, so that hashes and roots are the same: overrides, then what the block itself does
(block hashes, beacon roots), the calls, withdrawals, requests, and a header over it all.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

from rollup.core.admission import blob_gas
from rollup.core.block import Block, BlockHeader, Log, Receipt, Withdrawal
from rollup.core.block_codec import withdrawal_fields
from rollup.core.errors import BlockGasLimitReached, CallTimedOut
from rollup.core.forks import Fork
from rollup.core.genesis import ChainRule
from rollup.core.ids import BlockNumber, Hash
from rollup.core.rlp_items import encode_rlp
from rollup.core.simulation import CallOutcome, SimulatedBlock, SimulatedCall, SimulatedLog, SimulationRequest
from rollup.core.transaction import Transaction
from rollup.core.unsigned import build_unsigned
from rollup.vm.apply import effective_gas_price
from rollup.vm.calls import CallLimits
from rollup.vm.database import Database
from rollup.vm.fork import BlockEnvironment, build_environment
from rollup.vm.forks.requests import collect_requests, hash_requests, open_block
from rollup.vm.forks.rewards import pay_miners, pay_withdrawals
from rollup.vm.headers import BlockRoots, seal_header
from rollup.vm.history import write_history
from rollup.vm.overrides import apply_overrides, check_time
from rollup.vm.receipts import build_bloom, encode_logs, encode_receipt, join_blooms
from rollup.vm.scratch import ScratchStore
from rollup.vm.sealing import SealedState, seal_changes
from rollup.vm.simulated_calls import CallRules, SimulatedRun, run_simulated
from rollup.vm.simulated_frames import NumberedLog, SimulatedFrame, SimulatedState
from rollup.vm.simulation_plan import PlannedBlock, plan_blocks, start_header
from rollup.vm.trie import ordered_root

SEAL_ROW_S = 50e-6
"""What one changed account or slot costs when roots are computed, on the reference machine."""


@dataclass(frozen=True, slots=True)
class SimulationBase:
    """Where a simulation starts: a sealed block, and the hashes of those before it."""

    database: Database
    rule: ChainRule
    header: BlockHeader
    ancestor_hash: Callable[[BlockNumber], Hash]


class Simulation:
    """Runs one request. All its calls together may use ``limits.gas_max`` gas."""

    def __init__(self, base: SimulationBase, request: SimulationRequest, limits: CallLimits) -> None:
        self._base = base
        self._request = request
        self._store = ScratchStore(base.database)
        self._root = base.header.state_root
        self._gas_left = limits.gas_max
        self._deadline = limits.deadline
        self._hashes = {base.header.number: base.header.hash}
        self._rules = CallRules(request.validates, SimulatedFrame, limits.deadline)
        environment = self._environment(base.header)
        source = SealedState(self._store, self._root)
        self._state = SimulatedState(source, environment, logs_transfers=request.logs_transfers)

    def run(self) -> tuple[SimulatedBlock, ...]:
        """Raises what plan_blocks, apply_overrides and run_simulated raise, BlockGasLimitReached and CallTimedOut."""
        parent = self._base.header
        blocks = []
        for planned in plan_blocks(parent, self._request.steps):
            block = self._run_block(parent, planned)
            parent = block.block.header
            self._hashes[parent.number] = parent.hash
            blocks.append(block)
        return tuple(blocks)

    def _run_block(self, parent: BlockHeader, planned: PlannedBlock) -> SimulatedBlock:
        rule, step = self._base.rule, planned.step
        header = start_header(rule, parent, planned, validates=self._request.validates)
        environment = self._environment(header)
        if step.context.blob_base_fee is not None:
            environment = replace(environment, blob_base_fee=step.context.blob_base_fee)
        self._state.begin_block(environment)
        self._state.log_count = 0
        self._state.precompiles = self._state.listed_precompiles
        self._state.precompiles = apply_overrides(self._state, step.overrides, self._deadline)
        if rule.forks is None:
            write_history(self._state, header)
        else:
            open_block(self._state, header)
        made = _BlockInMaking(header)
        for call in step.calls:
            self._run_call(made, call)
        return self._seal(made, planned, environment.fork)

    def _run_call(self, made: "_BlockInMaking", call: SimulatedCall) -> None:
        check_time(self._deadline)
        left = made.header.gas_limit - made.gas_used
        gas = left if call.gas is None else call.gas
        if gas > left:
            raise BlockGasLimitReached(f"{made.gas_used} >= {made.header.gas_limit}")
        nonce = self._state.get_nonce(call.sender) if call.nonce is None else call.nonce
        transaction = build_unsigned(call, self._base.rule.chain_id, nonce, min(gas, self._gas_left))
        run = run_simulated(self._state, transaction, call.sender, self._rules)
        self._gas_left -= run.gas_used
        made.include(transaction, run)

    def _seal(self, made: "_BlockInMaking", planned: PlannedBlock, fork: Fork) -> SimulatedBlock:
        withdrawals = planned.step.context.withdrawals if fork >= Fork.SHANGHAI else ()
        if fork < Fork.PARIS:
            pay_miners(self._state, made.header, ())
        pay_withdrawals(self._state, withdrawals)
        header = replace(
            made.header,
            withdrawals_root=_withdrawals_root(withdrawals) if withdrawals else made.header.withdrawals_root,
            requests_hash=self._requests_hash(made, fork),
            blob_gas_used=sum(receipt.blob_gas_used for receipt in made.receipts),
        )
        self._seal_state()
        sealed = seal_header(header, made.roots(self._root))
        block = Block(
            header=sealed,
            transactions=tuple(each.raw for each in made.transactions),
            senders=tuple(call.sender for call in planned.step.calls),
            receipts=tuple(made.receipts),
            withdrawals=withdrawals,
        )
        return SimulatedBlock(block, tuple(made.transactions), tuple(made.outcomes))

    def _requests_hash(self, made: "_BlockInMaking", fork: Fork) -> Hash:
        forks = self._base.rule.forks
        if forks is None or fork < Fork.PRAGUE:
            return made.header.requests_hash
        logs = [log for receipt in made.receipts for log in receipt.logs]
        return hash_requests(collect_requests(self._state, forks.deposit_contract, logs))

    def _environment(self, header: BlockHeader) -> BlockEnvironment:
        """On any chain a simulated block's own header says who gets the fees and how much gas there is."""
        rule = replace(self._base.rule, coinbase=header.coinbase, gas_limit=header.gas_limit)
        return build_environment(rule, header, self._ancestor_hash)

    def _ancestor_hash(self, number: BlockNumber) -> Hash:
        return self._hashes[number] if number in self._hashes else self._base.ancestor_hash(number)

    def _seal_state(self) -> None:
        """Roots are computed in one go: not begun when the time that is left will not do."""
        changes = self._state.changes()
        rows = len(changes.accounts) + sum(map(len, changes.slots.values()))
        if self._deadline is not None and time.monotonic() + rows * SEAL_ROW_S > self._deadline:
            raise CallTimedOut()
        self._root, storage_roots = seal_changes(self._store, self._root, changes, keep_empty=True)
        self._state.advance(SealedState(self._store, self._root), storage_roots)


class _BlockInMaking:
    """What the calls of one block leave behind."""

    def __init__(self, header: BlockHeader) -> None:
        self.header = header
        self.gas_used = 0
        self.transactions: list[Transaction] = []
        self.receipts: list[Receipt] = []
        self.outcomes: list[CallOutcome] = []
        self._encoded: list[bytes] = []

    def include(self, transaction: Transaction, run: SimulatedRun) -> None:
        message = run.message
        self.gas_used += run.gas_used
        status = 0 if message.error else 1
        logged = tuple(map(_simulated_log, message.logs))
        logs = tuple(each.log for each in logged if not each.is_transfer)
        bloom = build_bloom(logs)
        self._encoded.append(encode_receipt(transaction.type, status, self.gas_used, bloom, encode_logs(logs)))
        self.transactions.append(transaction)
        self.receipts.append(
            Receipt(
                transaction_hash=transaction.hash,
                type=transaction.type,
                status=status,
                gas_used=run.gas_used,
                cumulative_gas_used=self.gas_used,
                effective_gas_price=effective_gas_price(transaction, self.header.base_fee),
                contract_address=message.contract_address,
                logs=logs,
                logs_bloom=bloom,
                blob_gas_used=blob_gas(transaction),
            )
        )
        self.outcomes.append(
            CallOutcome(message.output, logged, run.gas_used, run.gas_used_max, message.error, message.reverted)
        )

    def roots(self, state_root: Hash) -> BlockRoots:
        return BlockRoots(
            state_root=state_root,
            transactions_root=ordered_root([each.raw for each in self.transactions]),
            receipts_root=ordered_root(self._encoded),
            logs_bloom=join_blooms([receipt.logs_bloom for receipt in self.receipts]),
            gas_used=self.gas_used,
        )


def _withdrawals_root(withdrawals: tuple[Withdrawal, ...]) -> Hash:
    return ordered_root([encode_rlp(withdrawal_fields(each)) for each in withdrawals])


def _simulated_log(log: Log) -> SimulatedLog:
    numbered = cast(NumberedLog, log)
    return SimulatedLog(Log(log.address, log.topics, log.data), numbered.number, numbered.is_transfer)
