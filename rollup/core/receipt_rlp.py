"""Ethereum's RLP of a receipt: what a block's receipts root is over (EIPs 658 and 2718; deposits as the OP Stack's)."""

from rollup.core.block import DEPOSIT_TYPE, Receipt
from rollup.core.rlp_items import encode_rlp, uint_bytes

DEPOSIT_RECEIPT_VERSION = 1


def encode_receipt_rlp(receipt: Receipt, deposit_nonce: int = 0) -> bytes:
    """The envelope; before Byzantium with the state root instead of the status. ``deposit_nonce`` is the nonce that a
    deposit's sender had before it, which the receipt itself does not hold."""
    items: list[object] = [
        uint_bytes(receipt.status) if receipt.state_root is None else receipt.state_root,
        uint_bytes(receipt.cumulative_gas_used),
        receipt.logs_bloom,
        [[log.address, list(log.topics), log.data] for log in receipt.logs],
    ]
    if receipt.type == DEPOSIT_TYPE:
        items += [uint_bytes(deposit_nonce), uint_bytes(DEPOSIT_RECEIPT_VERSION)]
    encoded = encode_rlp(items)
    return bytes((receipt.type,)) + encoded if receipt.type else encoded
