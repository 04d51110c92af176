"""What an operator may turn on the sequencer. Wiring fills these from the configuration.

A stand-alone chain with a fixed block time is ``block_interval_s == idle_block_interval_s`` and no signing key.
"""

from dataclasses import dataclass, field

from rollup.core.errors import BadConfig
from rollup.core.genesis import ChainRule


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """Bounds of the mempool. Counts of transactions, bytes of raw transactions, seconds, wei."""

    count_max: int = 50_000
    bytes_max: int = 128 * 1024 * 1024
    queued_count_max: int = 10_000
    sender_count_max: int = 4_096
    expiry_s: float = 3 * 3600.0
    """A sender from whom nothing new came for so long loses all its transactions."""
    replacement_percent_min: int = 10
    stall_s: float = 1.0
    """A transaction that could not run although it looked as if it could is tried again after this time."""
    strike_s: float = 300.0
    """How long a sender waits after a transaction that ran past the time that a block has."""
    fee_cap_min_wei: int = 1
    unprotected_allowed: bool = False
    """Take legacy transactions without EIP-155, which are valid on every chain."""


@dataclass(frozen=True, slots=True)
class BlockSettings:
    """When blocks are sealed and how large they get."""

    block_interval_s: float = 0.2
    idle_block_interval_s: float = 5.0
    block_bytes_max: int = 100_000
    block_count_max: int = 512
    time_budget_s: float = 0.5


@dataclass(frozen=True, slots=True)
class SequencerSettings:
    """``accounts_max`` bounds the account cache, ``reasons_max`` the memory of why transactions were dropped."""

    pool: PoolSettings = field(default_factory=PoolSettings)
    block: BlockSettings = field(default_factory=BlockSettings)
    accounts_max: int = 100_000
    reasons_max: int = 10_000
    waiting_max: int = 8_192


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """When a batch closes. ``body_bytes_max`` is the compressed body: with header and call data it stays within 120 kB.

    ``raw_bytes_max`` bounds what one batch may unpack to, however well it compresses.
    """

    blocks_max: int = 1_000
    body_bytes_max: int = 115_000
    raw_bytes_max: int = 2 * 1024 * 1024
    gas_max: int = 600_000_000
    age_s_max: float = 30.0


def check_transaction_fits_block(rule: ChainRule, block: BlockSettings) -> None:
    """Every valid transaction has a block that takes it: one that never fits would hold up the line for good. Raises
    BadConfig."""
    if rule.transaction_bytes_max > block.block_bytes_max:
        raise BadConfig(
            f"block_bytes_max {block.block_bytes_max} must be at least {rule.transaction_bytes_max}, "
            "the largest transaction that this chain allows"
        )


BLOCK_OVERHEAD_BYTES = 4_096
"""What the encoding of one block may take beside raw transactions and messages, should nothing in it compress."""


def check_block_fits_batch(block: BlockSettings, batch: BatchSettings) -> None:
    """Every block that the first allows makes a batch that the second allows. Raises BadConfig."""
    if block.block_bytes_max + BLOCK_OVERHEAD_BYTES > batch.body_bytes_max:
        raise BadConfig(
            f"block_bytes_max {block.block_bytes_max} must stay {BLOCK_OVERHEAD_BYTES} bytes below "
            f"batch_bytes_max {batch.body_bytes_max}: one block must always fit one batch"
        )
