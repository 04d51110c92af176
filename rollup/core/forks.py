"""Ethereum's forks, and the schedule by which a foreign chain moves from one to the next.

A rollup of ours has no schedule: its blocks follow Prague, without blobs, withdrawals and beacon roots. Chains that
were made elsewhere name a block number per fork before the merge and a time per fork after it (geth's ``config``).
Forks that only moved the difficulty bomb are in ``bomb_delays``.
"""

from dataclasses import dataclass
from enum import IntEnum

from rollup.core.ids import Address, BlockNumber


class Fork(IntEnum):
    """Rules of execution, oldest first."""

    FRONTIER = 0
    HOMESTEAD = 1
    TANGERINE_WHISTLE = 2
    SPURIOUS_DRAGON = 3
    BYZANTIUM = 4
    CONSTANTINOPLE = 5
    PETERSBURG = 6
    ISTANBUL = 7
    BERLIN = 8
    LONDON = 9
    PARIS = 10
    SHANGHAI = 11
    CANCUN = 12
    PRAGUE = 13
    OSAKA = 14


GAS_PER_BLOB = 131_072
BLOB_BASE_FEE_MIN_WEI = 1
BLOB_BASE_COST_GAS = 8_192  # EIP-7918

DEPOSIT_CONTRACT = Address(bytes.fromhex("00000000219ab540356cbb839cbe05303d7705fa"))
"""Mainnet's contract of beacon chain deposits (EIP-6110)."""


@dataclass(frozen=True, slots=True)
class BlobRule:
    """Blobs per block aimed at and allowed, and how slowly their base fee moves (EIPs 4844, 7691, 7892)."""

    target: int
    max: int
    update_fraction: int


CANCUN_BLOBS = BlobRule(3, 6, 3_338_477)
PRAGUE_BLOBS = BlobRule(6, 9, 5_007_716)


@dataclass(frozen=True, slots=True)
class ForkSchedule:
    """When each fork begins. ``by_number`` (before the merge), ``by_time`` (after it) and ``blobs`` are ascending.

    ``fork_blocks`` and ``fork_times`` are all starts that count for the chain's identity (EIP-2124), ascending, those
    that only moved the difficulty bomb included; by how many blocks each of them puts it off say ``bomb_delays``, which
    are None where proof of work does not decide. A block is past the merge from ``merge_block`` on where that is known,
    else when its difficulty is 0.
    """

    by_number: tuple[tuple[BlockNumber, Fork], ...]
    by_time: tuple[tuple[int, Fork], ...] = ()
    blobs: tuple[tuple[int, BlobRule], ...] = ()
    merge_block: BlockNumber | None = None
    terminal_total_difficulty: int | None = None
    deposit_contract: Address = DEPOSIT_CONTRACT
    fork_blocks: tuple[int, ...] = ()
    fork_times: tuple[int, ...] = ()
    bomb_delays: tuple[tuple[BlockNumber, int], ...] | None = None

    def fork_at(self, number: int, timestamp: int, *, merged: bool) -> Fork:
        """The rules of a block."""
        fork = max((fork for start, fork in self.by_number if start <= number), default=Fork.FRONTIER)
        if not merged:
            return fork
        return max((fork for start, fork in self.by_time if start <= timestamp), default=Fork.PARIS)

    def is_merged(self, number: int, difficulty: int) -> bool:
        """Whether the block was made by a beacon chain."""
        if self.merge_block is not None and number >= self.merge_block:
            return True
        return difficulty == 0 and (number > 0 or self.terminal_total_difficulty == 0)

    def blobs_at(self, timestamp: int) -> BlobRule:
        """Raises no error before Cancun: nothing asks then."""
        return max(
            ((start, rule) for start, rule in self.blobs if start <= timestamp),
            default=(0, CANCUN_BLOBS),
            key=lambda row: row[0],
        )[1]


def blob_base_fee(rule: BlobRule, excess_blob_gas: int) -> int:
    """Wei per blob gas: ``fake_exponential`` of EIP-4844."""
    numerator, denominator = excess_blob_gas, rule.update_fraction
    term, total, step = BLOB_BASE_FEE_MIN_WEI * denominator, 0, 1
    while term > 0:
        total += term
        term = term * numerator // (denominator * step)
        step += 1
    return total // denominator


def next_excess_blob_gas(rule: BlobRule, excess: int, used: int, base_fee: int | None = None) -> int:
    """Of the child of a block with this excess and use, under the child's rule (EIP-4844).

    ``base_fee`` is the parent's where blobs are bound to the price of execution (EIP-7918, from Osaka), else None.
    """
    target = rule.target * GAS_PER_BLOB
    if excess + used < target:
        return 0
    if base_fee is not None and BLOB_BASE_COST_GAS * base_fee > GAS_PER_BLOB * blob_base_fee(rule, excess):
        return excess + used * (rule.max - rule.target) // rule.max
    return excess + used - target
