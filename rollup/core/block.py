"""Blocks as the whole node sees them: plain values, no engine classes, no tries."""

from dataclasses import dataclass

from rollup.core.cursor import Cursor, LedgerMessage
from rollup.core.ids import Address, BlockNumber, Hash


@dataclass(frozen=True, slots=True)
class BlockHeader:
    """An Ethereum header of the Prague fork, with its hash. Field order is that of the RLP (EIP-7685).

    ``field_count`` says how many fields the header of an older fork has: 15 up to Berlin, 16 with London's base fee, 17
    with Shanghai's withdrawals, 20 with Cancun's blobs, 21 from Prague on. Those beyond it are zero and not there.
    Before the merge ``prev_randao`` is the mix hash.
    """

    hash: Hash
    parent_hash: Hash
    ommers_hash: Hash
    coinbase: Address
    state_root: Hash
    transactions_root: Hash
    receipts_root: Hash
    logs_bloom: bytes
    difficulty: int
    number: BlockNumber
    gas_limit: int
    gas_used: int
    timestamp: int
    extra_data: bytes
    prev_randao: Hash
    nonce: bytes
    base_fee: int
    withdrawals_root: Hash
    blob_gas_used: int
    excess_blob_gas: int
    parent_beacon_root: Hash
    requests_hash: Hash
    field_count: int = 21

    @property
    def has_base_fee(self) -> bool:
        """From London on."""
        return self.field_count >= 16

    @property
    def has_withdrawals(self) -> bool:
        """From Shanghai on."""
        return self.field_count >= 17

    @property
    def has_blob_gas(self) -> bool:
        """From Cancun on; then it names a beacon root, too."""
        return self.field_count >= 20

    @property
    def has_requests(self) -> bool:
        """From Prague on."""
        return self.field_count >= 21


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Money that a beacon chain pays out (EIP-4895). ``amount`` is in gwei."""

    index: int
    validator_index: int
    address: Address
    amount: int


@dataclass(frozen=True, slots=True)
class Log:
    address: Address
    topics: tuple[Hash, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """Outcome of one transaction. ``gas_used`` is its own; ``cumulative_gas_used`` is the block's up to and with it.

    ``state_root`` is set on receipts from before Byzantium, which carry it instead of the status (EIP-658). The blob
    fields are zero unless the transaction had blobs (EIP-4844); the price is wei per blob gas.
    """

    transaction_hash: Hash
    type: int
    status: int
    gas_used: int
    cumulative_gas_used: int
    effective_gas_price: int
    contract_address: Address | None
    logs: tuple[Log, ...]
    logs_bloom: bytes
    state_root: Hash | None = None
    blob_gas_used: int = 0
    blob_gas_price: int = 0


@dataclass(frozen=True, slots=True)
class Block:
    """A sealed block: raw transactions (deposits first), their senders and receipts in the same order.

    ``cursors`` (only the ledgers that moved) and ``messages`` are the ledger input from which the deposits were built.
    ``ommers`` and ``withdrawals`` are there on chains that were imported.
    """

    header: BlockHeader
    transactions: tuple[bytes, ...]
    senders: tuple[Address, ...]
    receipts: tuple[Receipt, ...]
    cursors: tuple[Cursor, ...] = ()
    messages: tuple[LedgerMessage, ...] = ()
    ommers: tuple[BlockHeader, ...] = ()
    withdrawals: tuple[Withdrawal, ...] = ()


@dataclass(frozen=True, slots=True)
class BlockInput:
    """Everything of a block that is not a consequence of its parent: what a batch body carries, per block.

    ``transactions`` are the users' raw transactions, without the deposits.
    """

    number: BlockNumber
    timestamp: int
    cursors: tuple[Cursor, ...]
    messages: tuple[LedgerMessage, ...]
    transactions: tuple[bytes, ...]


DEPOSIT_TYPE = 0x7E


def build_block_input(block: Block) -> BlockInput:
    """What of a sealed block goes into a batch."""
    users = tuple(raw for raw in block.transactions if raw[0] != DEPOSIT_TYPE)
    return BlockInput(block.header.number, block.header.timestamp, block.cursors, block.messages, users)
