"""The language of ``Executor.build_payload``: a block of given transactions that is not kept (testing_buildBlockV1)."""

from dataclasses import dataclass

from rollup.core.block import Block, Withdrawal
from rollup.core.ids import Address, BlockNumber, Hash


@dataclass(frozen=True, slots=True)
class PayloadRequest:
    """A child of ``parent``. ``exact`` makes every transaction count; without it those that cannot run are left out."""

    parent: BlockNumber
    timestamp: int
    prev_randao: Hash
    coinbase: Address
    beacon_root: Hash
    withdrawals: tuple[Withdrawal, ...]
    extra_data: bytes
    transactions: tuple[bytes, ...]
    exact: bool


@dataclass(frozen=True, slots=True)
class BuiltPayload:
    """``value`` is what the coinbase gets in tips, wei; ``requests`` are those of EIP-7685, each with its type."""

    block: Block
    value: int
    requests: tuple[bytes, ...]
