"""A block that was made elsewhere, executed again: its transactions, what the block does itself, every root compared.

Knows nothing of disk: the caller gives the state and a way to ask for its root, and keeps what comes out.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from rollup.core.admission import blob_gas
from rollup.core.block import Block, Receipt
from rollup.core.block_rlp import BlockBody
from rollup.core.errors import InvalidBlock, TransactionRejected
from rollup.core.forks import Fork, ForkSchedule
from rollup.core.ids import Address, Hash
from rollup.core.transaction import Transaction, decode_transaction, recover_sender
from rollup.vm.apply import TransactionLimits, apply_transaction
from rollup.vm.fork import ChainState
from rollup.vm.forks.checks import check_body, check_ommers, require
from rollup.vm.forks.requests import collect_requests, hash_requests, open_block
from rollup.vm.forks.rewards import pay_miners, pay_withdrawals
from rollup.vm.receipts import build_bloom, encode_foreign_receipt, join_blooms
from rollup.vm.trie import ordered_root


@dataclass(frozen=True, slots=True)
class ReplayRules:
    """``root`` gives the state root as the state now is."""

    forks: ForkSchedule
    root: Callable[[], Hash]


def replay_block(state: ChainState, body: BlockBody, rules: ReplayRules) -> Block:
    """Run a block whose header was checked against its parent, in an environment that was begun. Raises InvalidBlock
    that names the first difference; the state is then void."""
    header = body.header
    signed = tuple(_decode(body, index, state.fork) for index in range(len(body.transactions)))
    check_body(rules.forks, body, tuple(transaction for transaction, _ in signed))
    check_ommers(body, state.environment.ancestor_hash)
    open_block(state, header)
    receipts: list[Receipt] = []
    for index, (transaction, sender) in enumerate(signed):
        gas_used = receipts[-1].cumulative_gas_used if receipts else 0
        try:
            receipts.append(run_transaction(state, transaction, sender, (gas_used, header.gas_limit), rules.root))
        except TransactionRejected as error:
            raise _at(body, index, error) from error
    _close(state, body, rules, receipts)
    block = Block(
        header=header,
        transactions=body.transactions,
        senders=tuple(sender for _, sender in signed),
        receipts=tuple(receipts),
        ommers=body.ommers,
        withdrawals=body.withdrawals or (),
    )
    _compare(block, rules.root())
    return block


def _decode(body: BlockBody, index: int, fork: Fork) -> tuple[Transaction, Address]:
    try:
        transaction = decode_transaction(body.transactions[index])
        return transaction, recover_sender(transaction, low_s=fork >= Fork.HOMESTEAD)
    except TransactionRejected as error:
        raise _at(body, index, error) from error


def _at(body: BlockBody, index: int, error: TransactionRejected) -> InvalidBlock:
    return InvalidBlock(f"block {body.header.number} (0x{body.header.hash.hex()}), transaction {index}: {error}")


def run_transaction(
    state: ChainState, transaction: Transaction, sender: Address, gas: tuple[int, int], root: Callable[[], Hash]
) -> Receipt:
    """``gas`` is what the block used before, and its limit. Raises a TransactionRejected leaf."""
    used_before, limit = gas
    outcome = apply_transaction(state, transaction, sender, limits=TransactionLimits(limit - used_before))
    blobs = blob_gas(transaction)
    receipt = Receipt(
        transaction_hash=transaction.hash,
        type=transaction.type,
        status=outcome.status,
        gas_used=outcome.gas_used,
        cumulative_gas_used=used_before + outcome.gas_used,
        effective_gas_price=outcome.effective_gas_price,
        contract_address=outcome.contract_address,
        logs=outcome.logs,
        logs_bloom=build_bloom(outcome.logs),
        blob_gas_used=blobs,
        blob_gas_price=state.environment.blob_base_fee if blobs else 0,
    )
    return receipt if state.fork >= Fork.BYZANTIUM else replace(receipt, state_root=root())


def _close(state: ChainState, body: BlockBody, rules: ReplayRules, receipts: list[Receipt]) -> None:
    """What comes after the last transaction."""
    header = body.header
    pay_withdrawals(state, body.withdrawals or ())
    if state.fork >= Fork.PRAGUE:
        logs = (log for receipt in receipts for log in receipt.logs)
        requests = collect_requests(state, rules.forks.deposit_contract, logs)
        require(header, "requests hash", header.requests_hash, hash_requests(requests))
    if state.fork < Fork.PARIS:
        pay_miners(state, header, body.ommers)


def _compare(block: Block, state_root: Hash) -> None:
    header, receipts = block.header, block.receipts
    require(header, "gas used", header.gas_used, receipts[-1].cumulative_gas_used if receipts else 0)
    require(header, "logs bloom", header.logs_bloom, join_blooms([receipt.logs_bloom for receipt in receipts]))
    encoded = [encode_foreign_receipt(receipt) for receipt in receipts]
    require(header, "receipts root", header.receipts_root, ordered_root(encoded))
    require(header, "state root", header.state_root, state_root)
