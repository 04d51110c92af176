"""The memory ledger's state: canonical blocks, accounts, transactions that wait. Decides; does no input or output."""

from dataclasses import dataclass
from hashlib import sha256

from ledgers.memory.transaction import CarrierTransaction
from rollup.core.errors import (
    LedgerBusy,
    LedgerFeeTooLow,
    LedgerFundsTooLow,
    LedgerNonceConflict,
    PostingRefused,
    UnknownBlock,
)
from rollup.core.ids import ZERO_HASH, Address, Hash, LedgerId
from rollup.core.ledger import LedgerBlock

REPLACEMENT_PERCENT = 110
"""A replacement pays at least so much of what it replaces (the idea of BIP 125, the number of geth's pool)."""


@dataclass(frozen=True, slots=True)
class MemoryRules:
    """What every node of one network agrees on. ``name`` makes its genesis, and so its identity.

    ``finality_depth`` 0 means instant. Fees are in smallest units per byte. ``accounts`` are funded at the start.
    """

    name: str
    block_time_s: float = 2.0
    finality_depth: int = 3
    fee_floor: int = 1
    accounts: tuple[tuple[Address, int], ...] = ()
    payload_bytes_max: int = 131_072
    block_bytes_max: int = 4_000_000
    pool_count_max: int = 10_000


@dataclass(frozen=True, slots=True)
class MemoryBlock:
    """``salt`` tells apart two blocks that are otherwise equal: each reorganisation uses a new one."""

    block: LedgerBlock
    salt: int
    transactions: tuple[CarrierTransaction, ...]


def genesis_hash_of(name: str) -> Hash:
    """Hash of block 0, from which the identity follows."""
    return _double_sha256(b"entresol memory ledger:" + name.encode())


def memory_ledger_id(name: str) -> LedgerId:
    """CAIP-2 id in the ``bip122`` namespace: the first 32 hex digits of the genesis hash."""
    return LedgerId("bip122:" + genesis_hash_of(name).hex()[:32])


def build_block(
    parent: LedgerBlock, time: int, salt: int, transactions: tuple[CarrierTransaction, ...] = ()
) -> MemoryBlock:
    """The child of ``parent``; its time is never below its parent's."""
    height, stamp = parent.height + 1, max(parent.time, time)
    content = b"".join(transaction.tx_id for transaction in transactions)
    numbers = b"".join(number.to_bytes(8, "big") for number in (height, stamp, salt))
    digest = _double_sha256(parent.hash + numbers + content)
    return MemoryBlock(LedgerBlock(height, digest, parent.hash, stamp), salt, transactions)


def _double_sha256(data: bytes) -> Hash:
    """Bitcoin's hash of blocks."""
    return Hash(sha256(sha256(data).digest()).digest())


class MemoryChain:
    """Canonical chain and pool of one network. Every method is immediate; `MemoryNetwork` decides when."""

    def __init__(self, rules: MemoryRules) -> None:
        self.rules = rules
        self.genesis_hash = genesis_hash_of(rules.name)
        self.fee_floor = rules.fee_floor
        self.balances: dict[Address, int] = {}
        self.pool: dict[Hash, CarrierTransaction] = {}
        self.heights: dict[Hash, int] = {}
        self._nonces: dict[Address, int] = {}
        self._blocks = [MemoryBlock(LedgerBlock(0, self.genesis_hash, ZERO_HASH, 0), 0, ())]

    @property
    def head(self) -> LedgerBlock:
        return self._blocks[-1].block

    def block_at(self, height: int) -> MemoryBlock:
        """Raises UnknownBlock above the tip."""
        if not 0 <= height < len(self._blocks):
            raise UnknownBlock(f"height {height}, the tip is {self.head.height}")
        return self._blocks[height]

    def blocks_between(self, first: int, last: int) -> tuple[MemoryBlock, ...]:
        """Blocks first..last that carry something, as far as they exist."""
        return tuple(block for block in self._blocks[max(first, 0) : max(last + 1, 0)] if block.transactions)

    def next_nonce(self, account: Address) -> int:
        """Counts what is in blocks."""
        return self._nonces.get(account, 0)

    def pending_nonce(self, account: Address) -> int:
        """Counts also what waits, as far as it follows without a gap."""
        waiting = {transaction.nonce for transaction in self.pool.values() if transaction.sender == account}
        nonce = self.next_nonce(account)
        while nonce in waiting:
            nonce += 1
        return nonce

    def fund(self, account: Address, amount: int) -> None:
        self.balances[account] = self.balances.get(account, 0) + amount

    def admit(self, transaction: CarrierTransaction) -> None:
        """Take into the pool, in the place of one with the same nonce and a lower fee. Known already: nothing to do.

        Raises PostingRefused, LedgerNonceConflict, LedgerFeeTooLow, LedgerFundsTooLow, LedgerBusy.
        """
        if transaction.tx_id in self.pool or transaction.tx_id in self.heights:
            return
        if transaction.sender is None or len(transaction.payload) > self.rules.payload_bytes_max:
            raise PostingRefused("unsigned" if transaction.sender is None else "the payload is too long")
        if transaction.nonce < self.next_nonce(transaction.sender):
            raise LedgerNonceConflict(f"nonce too low: {transaction.nonce}")
        if transaction.fee_per_byte < self.fee_floor:
            raise LedgerFeeTooLow(f"{transaction.fee_per_byte} per byte, the floor is {self.fee_floor}")
        waiting = [known for known in self.pool.values() if known.sender == transaction.sender]
        replaced = [known for known in waiting if known.nonce == transaction.nonce]
        owed = sum(known.fee for known in waiting) - sum(known.fee for known in replaced)
        if self.balances.get(transaction.sender, 0) < owed + transaction.fee:
            raise LedgerFundsTooLow(f"needs {owed + transaction.fee}")
        if any(transaction.fee_per_byte * 100 < known.fee_per_byte * REPLACEMENT_PERCENT for known in replaced):
            raise LedgerFeeTooLow("replacement transaction underpriced")
        if not replaced and len(self.pool) >= self.rules.pool_count_max:
            raise LedgerBusy("the pool is full")
        for known in replaced:
            del self.pool[known.tx_id]
        self.pool[transaction.tx_id] = transaction

    def choose_transactions(self) -> tuple[CarrierTransaction, ...]:
        """What the next block carries: bytes without account, then gapless nonces paying the floor, as much as fits."""
        chosen: list[CarrierTransaction] = []
        nonces, spent = dict(self._nonces), dict[Address, int]()
        room = self.rules.block_bytes_max
        for transaction in sorted(self.pool.values(), key=lambda known: known.nonce if known.sender else -1):
            sender = transaction.sender
            if len(transaction.raw) > room:
                continue
            if sender is not None:
                due = spent.get(sender, 0) + transaction.fee
                payable = due <= self.balances.get(sender, 0) and transaction.fee_per_byte >= self.fee_floor
                if not payable or transaction.nonce != nonces.get(sender, 0):
                    continue
                nonces[sender], spent[sender] = transaction.nonce + 1, due
            chosen.append(transaction)
            room -= len(transaction.raw)
        return tuple(chosen)

    def append(self, block: MemoryBlock) -> None:
        """Make a child of the tip canonical."""
        self._blocks.append(block)
        for transaction in block.transactions:
            self.pool.pop(transaction.tx_id, None)
            self.heights[transaction.tx_id] = block.block.height
            if transaction.sender is not None:
                self._nonces[transaction.sender] = transaction.nonce + 1
                self.fund(transaction.sender, -transaction.fee)

    def revert(self, depth: int) -> tuple[MemoryBlock, ...]:
        """Take the top ``depth`` blocks off, never the genesis. Their transactions are then nowhere."""
        depth = min(depth, len(self._blocks) - 1)
        removed = tuple(self._blocks[len(self._blocks) - depth :])
        del self._blocks[len(self._blocks) - depth :]
        for transaction in (known for block in reversed(removed) for known in reversed(block.transactions)):
            del self.heights[transaction.tx_id]
            if transaction.sender is not None:
                self._nonces[transaction.sender] = transaction.nonce
                self.fund(transaction.sender, transaction.fee)
        return removed
