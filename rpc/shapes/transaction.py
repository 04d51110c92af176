"""Transactions, mined and waiting; deposits as op-geth shows them."""

from dataclasses import dataclass

from rollup.core.block import DEPOSIT_TYPE, Block, BlockHeader
from rollup.core.deposit import Deposit, decode_deposit
from rollup.core.hashes import keccak
from rollup.core.ids import Address
from rollup.core.transaction import AccessList, Authorization, Transaction, decode_transaction
from rpc.hexes import data, quantity


@dataclass(frozen=True, slots=True)
class Position:
    """Where a mined transaction is."""

    header: BlockHeader
    index: int


def mined_json(block: Block, index: int) -> dict[str, object]:
    """Transaction ``index`` of a block."""
    raw, sender, position = block.transactions[index], block.senders[index], Position(block.header, index)
    if raw[0] == DEPOSIT_TYPE:
        return deposit_json(raw, position)
    return transaction_json(decode_transaction(raw), sender, position)


def transaction_json(transaction: Transaction, sender: Address, position: Position | None) -> dict[str, object]:
    """``position`` None: it waits in the pool."""
    shape = {
        **_place(position),
        "from": data(sender),
        "gas": quantity(transaction.gas),
        "gasPrice": quantity(_gas_price(transaction, position)),
        **_fee_caps(transaction),
        "hash": data(transaction.hash),
        "input": data(transaction.data),
        "nonce": quantity(transaction.nonce),
        "to": None if transaction.to is None else data(transaction.to),
        "transactionIndex": None if position is None else quantity(position.index),
        "value": quantity(transaction.value),
        "type": quantity(transaction.type),
    }
    if transaction.type:
        shape["accessList"] = _access_list(transaction.access_list)
    if transaction.chain_id is not None:
        shape["chainId"] = quantity(transaction.chain_id)
    if transaction.blob_hashes:
        shape["maxFeePerBlobGas"] = quantity(transaction.max_blob_fee)
        shape["blobVersionedHashes"] = [data(each) for each in transaction.blob_hashes]
    if transaction.authorizations:
        shape["authorizationList"] = [_authorization(item) for item in transaction.authorizations]
    shape |= {"v": quantity(transaction.v), "r": quantity(transaction.r), "s": quantity(transaction.s)}
    if transaction.type:
        shape["yParity"] = quantity(transaction.y_parity)
    return shape


def deposit_json(raw: bytes, position: Position) -> dict[str, object]:
    """Unsigned: v, r and s are zero, and it pays no price."""
    deposit: Deposit = decode_deposit(raw)
    return {
        **_place(position),
        "from": data(deposit.sender),
        "gas": quantity(deposit.gas),
        "gasPrice": "0x0",
        "hash": data(keccak(raw)),
        "input": data(deposit.data),
        "nonce": "0x0",
        "to": None if deposit.to is None else data(deposit.to),
        "transactionIndex": quantity(position.index),
        "value": quantity(deposit.value),
        "type": quantity(DEPOSIT_TYPE),
        "v": "0x0",
        "r": "0x0",
        "s": "0x0",
        "sourceHash": data(deposit.source_hash),
        "mint": quantity(deposit.mint),
        "isSystemTx": deposit.is_system,
    }


def _place(position: Position | None) -> dict[str, object]:
    if position is None:
        return {"blockHash": None, "blockNumber": None, "blockTimestamp": None}
    header = position.header
    return {
        "blockHash": data(header.hash),
        "blockNumber": quantity(header.number),
        "blockTimestamp": quantity(header.timestamp),
    }


def _gas_price(transaction: Transaction, position: Position | None) -> int:
    """What was paid once mined; before that the most that may be paid."""
    if position is None:
        return transaction.max_fee
    return min(transaction.max_fee, position.header.base_fee + transaction.max_tip)


def _fee_caps(transaction: Transaction) -> dict[str, object]:
    if transaction.type < 2:
        return {}
    return {
        "maxFeePerGas": quantity(transaction.max_fee),
        "maxPriorityFeePerGas": quantity(transaction.max_tip),
    }


def _access_list(access_list: AccessList) -> list[dict[str, object]]:
    return [{"address": data(address), "storageKeys": [data(key) for key in keys]} for address, keys in access_list]


def _authorization(item: Authorization) -> dict[str, object]:
    return {
        "chainId": quantity(item.chain_id),
        "address": data(item.address),
        "nonce": quantity(item.nonce),
        "yParity": quantity(item.y_parity),
        "r": quantity(item.r),
        "s": quantity(item.s),
    }
