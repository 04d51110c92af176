"""Which blocks a simulation makes: numbers and times in order, gaps filled with empty blocks, headers as they start.

The rules are geth's (``eth_simulateV1``): 12 seconds to the next block unless it says otherwise, at most 256 blocks,
gas limit and coinbase inherited from the block before, no base fee unless fees are validated or it is given.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from rollup.core.block import BlockHeader
from rollup.core.errors import BlockNumbersUnordered, BlockTimesUnordered, TooManyBlocks
from rollup.core.fees import next_base_fee
from rollup.core.forks import Fork, ForkSchedule, next_excess_blob_gas
from rollup.core.genesis import ChainRule
from rollup.core.ids import ZERO_HASH, BlockNumber
from rollup.core.simulation import SimulatedStep
from rollup.vm.geth_genesis import BASE_FEE_INITIAL_WEI, header_field_count
from rollup.vm.headers import EMPTY_BLOOM, EMPTY_OMMERS_HASH, NO_REQUESTS_HASH
from rollup.vm.trie import EMPTY_ROOT

BLOCKS_MAX = 256
TIME_STEP_S = 12
EMPTY_STEP = SimulatedStep()


@dataclass(frozen=True, slots=True)
class PlannedBlock:
    number: int
    timestamp: int
    step: SimulatedStep


def plan_blocks(base: BlockHeader, steps: tuple[SimulatedStep, ...]) -> tuple[PlannedBlock, ...]:
    """Every block that the steps ask for, those between them included.

    Raises BlockNumbersUnordered, BlockTimesUnordered, TooManyBlocks.
    """
    planned: list[PlannedBlock] = []
    number, timestamp = int(base.number), base.timestamp
    for step in steps:
        for block in _plan_step(number, timestamp, base.number, step):
            planned.append(block)
            number, timestamp = block.number, block.timestamp
    return tuple(planned)


def _plan_step(number: int, timestamp: int, base_number: int, step: SimulatedStep) -> Iterator[PlannedBlock]:
    wanted = number + 1 if step.context.number is None else step.context.number
    if wanted <= number:
        raise BlockNumbersUnordered(f"{wanted} <= {number}")
    if wanted - base_number > BLOCKS_MAX:
        raise TooManyBlocks()
    for filler in range(number + 1, wanted):
        timestamp += TIME_STEP_S
        yield PlannedBlock(filler, timestamp, EMPTY_STEP)
    at = timestamp + TIME_STEP_S if step.context.timestamp is None else step.context.timestamp
    if at <= timestamp:
        raise BlockTimesUnordered(f"{at} <= {timestamp}")
    yield PlannedBlock(wanted, at, step)


def start_header(rule: ChainRule, parent: BlockHeader, block: PlannedBlock, *, validates: bool) -> BlockHeader:
    """The header of a simulated block before its calls: no roots and no hash."""
    context, fork = block.step.context, fork_of(rule.forks, parent, block)
    base_fee = context.base_fee
    if base_fee is None:
        base_fee = _next_base_fee(rule, parent) if validates else 0
    is_merged = fork >= Fork.PARIS
    return BlockHeader(
        hash=ZERO_HASH,
        parent_hash=parent.hash,
        ommers_hash=EMPTY_OMMERS_HASH,
        coinbase=parent.coinbase if context.coinbase is None else context.coinbase,
        state_root=EMPTY_ROOT,
        transactions_root=EMPTY_ROOT,
        receipts_root=EMPTY_ROOT,
        logs_bloom=EMPTY_BLOOM,
        difficulty=0 if is_merged else parent.difficulty,
        number=BlockNumber(block.number),
        gas_limit=parent.gas_limit if context.gas_limit is None else context.gas_limit,
        gas_used=0,
        timestamp=block.timestamp,
        extra_data=b"",
        prev_randao=context.prev_randao or ZERO_HASH,
        nonce=bytes(8),
        base_fee=base_fee if fork >= Fork.LONDON else 0,
        withdrawals_root=EMPTY_ROOT if fork >= Fork.SHANGHAI else ZERO_HASH,
        blob_gas_used=0,
        excess_blob_gas=_excess_blob_gas(rule.forks, parent, block, fork),
        parent_beacon_root=(fork >= Fork.CANCUN and context.beacon_root) or ZERO_HASH,
        requests_hash=NO_REQUESTS_HASH if fork >= Fork.PRAGUE else ZERO_HASH,
        field_count=header_field_count(fork),
    )


def fork_of(forks: ForkSchedule | None, parent: BlockHeader, block: PlannedBlock) -> Fork:
    """The rules of a simulated block; a chain of ours knows one fork."""
    if forks is None:
        return Fork.PRAGUE
    merged = forks.is_merged(block.number, parent.difficulty)
    return forks.fork_at(block.number, block.timestamp, merged=merged)


def _next_base_fee(rule: ChainRule, parent: BlockHeader) -> int:
    if not parent.has_base_fee:
        return BASE_FEE_INITIAL_WEI
    return next_base_fee(rule.fee, parent.base_fee, parent.gas_used, parent.gas_limit)


def _excess_blob_gas(forks: ForkSchedule | None, parent: BlockHeader, block: PlannedBlock, fork: Fork) -> int:
    if forks is None or fork < Fork.CANCUN or not parent.has_blob_gas:
        return 0
    bound = parent.base_fee if fork >= Fork.OSAKA else None
    return next_excess_blob_gas(forks.blobs_at(block.timestamp), parent.excess_blob_gas, parent.blob_gas_used, bound)
