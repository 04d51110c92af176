"""A sealed block as the database keeps it until the caller holds it: RLP, without what can be computed again."""

from rollup.core.block import Block, BlockHeader, Log, Receipt
from rollup.core.cursor import cursor_fields, message_fields, read_cursor, read_message
from rollup.core.errors import StoreCorrupted
from rollup.core.hashes import keccak
from rollup.core.ids import Address, Hash
from rollup.core.rlp_items import decode_rlp
from rollup.vm.encoding import encode_list, encode_string, encode_uint, read_number, read_string, split_list
from rollup.vm.receipts import build_bloom, encode_logs


def encode_block(block: Block, encoded_header: bytes) -> bytes:
    """RLP list ``[header, transactions, senders, receipts, cursors, messages]``."""
    return encode_list(
        (
            encoded_header,
            encode_list([encode_string(raw) for raw in block.transactions]),
            encode_list([encode_string(sender) for sender in block.senders]),
            encode_list([_encode_outcome(receipt) for receipt in block.receipts]),
            encode_list([_encode_fields(cursor_fields(cursor)) for cursor in block.cursors]),
            encode_list([_encode_fields(message_fields(message)) for message in block.messages]),
        )
    )


def decode_block(record: bytes, header: BlockHeader) -> Block:
    """Inverse of encode_block; the header is read from its own record. Raises StoreCorrupted."""
    items = split_list(record)
    if len(items) != 6:
        raise StoreCorrupted(f"the record of block {header.number} has {len(items)} fields")
    transactions = tuple(read_string(item) for item in split_list(items[1]))
    return Block(
        header=header,
        transactions=transactions,
        senders=tuple(Address(read_string(item)) for item in split_list(items[2])),
        receipts=_decode_receipts(transactions, split_list(items[3])),
        cursors=tuple(read_cursor(decode_rlp(item)) for item in split_list(items[4])),
        messages=tuple(read_message(decode_rlp(item)) for item in split_list(items[5])),
    )


def _encode_fields(fields: list[bytes]) -> bytes:
    return encode_list([encode_string(field) for field in fields])


def _encode_outcome(receipt: Receipt) -> bytes:
    return encode_list(
        (
            encode_uint(receipt.status),
            encode_uint(receipt.gas_used),
            encode_uint(receipt.effective_gas_price),
            encode_string(receipt.contract_address or b""),
            encode_logs(receipt.logs),
        )
    )


def _decode_receipts(transactions: tuple[bytes, ...], items: list[bytes]) -> tuple[Receipt, ...]:
    receipts = []
    cumulative = 0
    for raw, item in zip(transactions, items, strict=True):
        status, gas_used, price, contract, logs_item = split_list(item)
        cumulative += read_number(gas_used)
        logs = tuple(_decode_log(log) for log in split_list(logs_item))
        receipts.append(
            Receipt(
                transaction_hash=keccak(raw),
                type=raw[0] if raw[0] < 0xC0 else 0,
                status=read_number(status),
                gas_used=read_number(gas_used),
                cumulative_gas_used=cumulative,
                effective_gas_price=read_number(price),
                contract_address=Address(read_string(contract)) or None,
                logs=logs,
                logs_bloom=build_bloom(logs),
            )
        )
    return tuple(receipts)


def _decode_log(item: bytes) -> Log:
    address, topics, data = split_list(item)
    return Log(
        Address(read_string(address)),
        tuple(Hash(read_string(topic)) for topic in split_list(topics)),
        read_string(data),
    )
