"""A block of signed transactions on top of a sealed one, with every root, that is not kept."""

import time
from dataclasses import replace

from rollup.core.block import Block, BlockHeader, Receipt
from rollup.core.block_codec import withdrawal_fields
from rollup.core.errors import CallTimedOut, InvalidBlock, TransactionRejected
from rollup.core.execution import BlockOverride
from rollup.core.forks import Fork
from rollup.core.ids import Address, Hash
from rollup.core.payload import BuiltPayload, PayloadRequest
from rollup.core.rlp_items import encode_rlp
from rollup.core.simulation import SimulatedStep
from rollup.core.transaction import decode_transaction, recover_sender
from rollup.vm.calls import CallLimits
from rollup.vm.fork import ChainState, build_environment, make_state
from rollup.vm.forks.replay import run_transaction
from rollup.vm.forks.requests import collect_requests, hash_requests, open_block
from rollup.vm.forks.rewards import pay_miners, pay_withdrawals
from rollup.vm.headers import BlockRoots, seal_header
from rollup.vm.history import write_history
from rollup.vm.receipts import encode_foreign_receipt, join_blooms
from rollup.vm.scratch import ScratchStore
from rollup.vm.sealing import SealedState, seal_changes
from rollup.vm.simulation import SimulationBase
from rollup.vm.simulation_plan import PlannedBlock, start_header
from rollup.vm.trie import ordered_root


def build_payload(base: SimulationBase, request: PayloadRequest, limits: CallLimits) -> BuiltPayload:
    """Raises InvalidBlock, CallTimedOut and, for exact requests, leaves of TransactionRejected."""
    return _PayloadBuilder(base, request, limits).build()


class _PayloadBuilder:
    def __init__(self, base: SimulationBase, request: PayloadRequest, limits: CallLimits) -> None:
        self._base = base
        self._request = request
        self._deadline = limits.deadline
        self._store = ScratchStore(base.database)
        self._header = self._start()
        rule = replace(base.rule, coinbase=self._header.coinbase, gas_limit=self._header.gas_limit)
        environment = build_environment(rule, self._header, base.ancestor_hash)
        self._state: ChainState = make_state(SealedState(self._store, base.header.state_root), environment)
        self._raws: list[bytes] = []
        self._senders: list[Address] = []
        self._receipts: list[Receipt] = []

    def build(self) -> BuiltPayload:
        state, forks = self._state, self._base.rule.forks
        if forks is None:
            write_history(state, self._header)
        else:
            open_block(state, self._header)
        for raw in self._request.transactions:
            self._try_transaction(raw)
        requests: tuple[bytes, ...] = ()
        if forks is not None and state.fork >= Fork.PRAGUE:
            logs = (log for receipt in self._receipts for log in receipt.logs)
            requests = collect_requests(state, forks.deposit_contract, logs)
        if state.fork < Fork.PARIS:
            pay_miners(state, self._header, ())
        pay_withdrawals(state, self._request.withdrawals)
        return BuiltPayload(self._seal(requests), self._value(), requests)

    def _start(self) -> BlockHeader:
        request, parent = self._request, self._base.header
        if request.timestamp <= parent.timestamp:
            raise InvalidBlock(f"time {request.timestamp} is not after its parent's {parent.timestamp}")
        context = BlockOverride(
            coinbase=request.coinbase, prev_randao=request.prev_randao, beacon_root=request.beacon_root
        )
        planned = PlannedBlock(parent.number + 1, request.timestamp, SimulatedStep(context))
        return replace(start_header(self._base.rule, parent, planned, validates=True), extra_data=request.extra_data)

    def _try_transaction(self, raw: bytes) -> None:
        if self._deadline is not None and time.monotonic() > self._deadline:
            raise CallTimedOut()
        used = self._receipts[-1].cumulative_gas_used if self._receipts else 0
        try:
            transaction = decode_transaction(raw)
            sender = recover_sender(transaction)
            receipt = run_transaction(
                self._state, transaction, sender, (used, self._header.gas_limit), self._state_root
            )
        except TransactionRejected:
            if self._request.exact:
                raise
            return
        self._raws.append(raw)
        self._senders.append(sender)
        self._receipts.append(receipt)

    def _state_root(self) -> Hash:
        keep_empty = self._state.fork < Fork.SPURIOUS_DRAGON
        return seal_changes(self._store, self._base.header.state_root, self._state.changes(), keep_empty=keep_empty)[0]

    def _seal(self, requests: tuple[bytes, ...]) -> Block:
        header, withdrawals, receipts = self._header, self._request.withdrawals, self._receipts
        if header.has_withdrawals:
            rows = [encode_rlp(withdrawal_fields(each)) for each in withdrawals]
            header = replace(header, withdrawals_root=ordered_root(rows))
        if header.has_requests:
            header = replace(header, requests_hash=hash_requests(requests))
        header = replace(header, blob_gas_used=sum(receipt.blob_gas_used for receipt in receipts))
        roots = BlockRoots(
            state_root=self._state_root(),
            transactions_root=ordered_root(self._raws),
            receipts_root=ordered_root([encode_foreign_receipt(receipt) for receipt in receipts]),
            logs_bloom=join_blooms([receipt.logs_bloom for receipt in receipts]),
            gas_used=receipts[-1].cumulative_gas_used if receipts else 0,
        )
        sealed = seal_header(header, roots)
        return Block(sealed, tuple(self._raws), tuple(self._senders), tuple(receipts), withdrawals=withdrawals)

    def _value(self) -> int:
        base_fee = self._header.base_fee
        return sum(receipt.gas_used * (receipt.effective_gas_price - base_fee) for receipt in self._receipts)
