"""Fees of blocks and of the block to come, on chains of ours and on imported ones (EIPs 1559, 4844, 7918)."""

from rollup.core.block import BlockHeader
from rollup.core.fees import next_base_fee
from rollup.core.forks import BLOB_BASE_FEE_MIN_WEI, GAS_PER_BLOB, Fork, blob_base_fee, next_excess_blob_gas
from rollup.core.genesis import ChainRule

BASE_FEE_INITIAL_WEI = 10**9


def base_fee_after(rule: ChainRule, header: BlockHeader) -> int:
    """Wei per gas in the child of ``header``; 0 where there is no base fee yet."""
    if header.has_base_fee:
        return next_base_fee(rule.fee, header.base_fee, header.gas_used, header.gas_limit)
    if rule.forks is None:
        return 0
    fork = rule.forks.fork_at(header.number + 1, header.timestamp, merged=False)
    return BASE_FEE_INITIAL_WEI if fork >= Fork.LONDON else 0


def blob_fee_of(rule: ChainRule, header: BlockHeader) -> int:
    """Wei per blob gas in a block; 0 where there are no blobs yet."""
    if not header.has_blob_gas:
        return 0
    if rule.forks is None:
        return BLOB_BASE_FEE_MIN_WEI
    return blob_base_fee(rule.forks.blobs_at(header.timestamp), header.excess_blob_gas)


def blob_fee_after(rule: ChainRule, header: BlockHeader) -> int:
    """Wei per blob gas in the child of ``header``, if no other fork begins with it."""
    if rule.forks is None or not header.has_blob_gas:
        return blob_fee_of(rule, header)
    blobs = rule.forks.blobs_at(header.timestamp)
    fork = rule.forks.fork_at(header.number, header.timestamp, merged=True)
    bound = header.base_fee if fork >= Fork.OSAKA else None
    return blob_base_fee(blobs, next_excess_blob_gas(blobs, header.excess_blob_gas, header.blob_gas_used, bound))


def blob_gas_ratio(rule: ChainRule, header: BlockHeader) -> float:
    """Part of the blob gas that a block might use and did."""
    if rule.forks is None or not header.has_blob_gas:
        return 0
    return header.blob_gas_used / (rule.forks.blobs_at(header.timestamp).max * GAS_PER_BLOB)
