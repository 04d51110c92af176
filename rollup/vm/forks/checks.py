"""What a header made elsewhere must hold beside what execution says: number, time, gas limit, fees, body roots.

Seals are not looked at: who was allowed to make the block is not the question here.
"""

from collections.abc import Callable

from rollup.core.admission import blob_gas
from rollup.core.block import BlockHeader
from rollup.core.block_codec import withdrawal_fields
from rollup.core.block_rlp import BlockBody
from rollup.core.errors import InvalidBlock
from rollup.core.fees import FeeRule, next_base_fee
from rollup.core.forks import GAS_PER_BLOB, Fork, ForkSchedule, next_excess_blob_gas
from rollup.core.hashes import keccak
from rollup.core.header_codec import header_items
from rollup.core.ids import BlockNumber, Hash
from rollup.core.rlp_items import encode_rlp
from rollup.core.transaction import Transaction
from rollup.vm.forks.difficulty import next_difficulty
from rollup.vm.geth_genesis import BASE_FEE_INITIAL_WEI, header_field_count
from rollup.vm.headers import EMPTY_OMMERS_HASH
from rollup.vm.trie import ordered_root

GAS_LIMIT_MIN, GAS_LIMIT_STEP_DIVISOR = 5_000, 1_024
EXTRA_BYTES_MAX = 32
OMMERS_MAX, OMMER_DEPTH_MAX = 2, 6
NO_NONCE = bytes(8)
ELASTICITY = 2


def require(header: BlockHeader, what: str, found: object, wanted: object) -> None:
    """Raises InvalidBlock when the header's value differs from ours; hashes are shown in hex."""
    if found != wanted:
        raise InvalidBlock(
            f"block {header.number} (0x{header.hash.hex()}): {what} is {_show(found)} there, {_show(wanted)} here"
        )


def _show(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)


def check_header(rule: FeeRule, forks: ForkSchedule, parent: BlockHeader, header: BlockHeader) -> Fork:
    """The header against its parent; the fork that it follows. Raises InvalidBlock."""
    require(header, "number", header.number, parent.number + 1)
    require(header, "parent hash", header.parent_hash, parent.hash)
    merged = forks.is_merged(header.number, header.difficulty)
    fork = forks.fork_at(header.number, header.timestamp, merged=merged)
    _refuse(header, header.timestamp <= parent.timestamp, f"its time {header.timestamp} is not after its parent's")
    _refuse(header, len(header.extra_data) > EXTRA_BYTES_MAX and not _is_clique(header), "extra data over 32 bytes")
    _refuse(header, header.gas_used > header.gas_limit, f"gas used {header.gas_used} above limit {header.gas_limit}")
    require(header, "number of fields", header.field_count, header_field_count(fork))
    _check_gas_limit(parent, header)
    if header.has_base_fee:
        require(header, "base fee", header.base_fee, _base_fee(rule, parent))
    if merged:
        require(header, "difficulty", header.difficulty, 0)
        require(header, "nonce", header.nonce, NO_NONCE)
        require(header, "ommers hash", header.ommers_hash, EMPTY_OMMERS_HASH)
    elif forks.bomb_delays is not None:
        require(header, "difficulty", header.difficulty, next_difficulty(forks, fork, parent, header.timestamp))
    if header.has_blob_gas:
        require(header, "excess blob gas", header.excess_blob_gas, _excess_blob_gas(forks, fork, parent, header))
    return fork


def _refuse(header: BlockHeader, is_wrong: bool, why: str) -> None:
    if is_wrong:
        raise InvalidBlock(f"block {header.number} (0x{header.hash.hex()}): {why}")


def _is_clique(header: BlockHeader) -> bool:
    """Clique keeps its signatures in the extra data and has difficulties of 1 and 2."""
    return header.difficulty in (1, 2)


def _check_gas_limit(parent: BlockHeader, header: BlockHeader) -> None:
    """EIP-1559 doubles the limit once, as London begins."""
    limit = parent.gas_limit * (ELASTICITY if header.has_base_fee and not parent.has_base_fee else 1)
    is_far = abs(header.gas_limit - limit) >= limit // GAS_LIMIT_STEP_DIVISOR
    _refuse(header, is_far or header.gas_limit < GAS_LIMIT_MIN, f"gas limit {header.gas_limit} after {limit}")


def _base_fee(rule: FeeRule, parent: BlockHeader) -> int:
    if not parent.has_base_fee:
        return BASE_FEE_INITIAL_WEI
    return next_base_fee(rule, parent.base_fee, parent.gas_used, parent.gas_limit)


def _excess_blob_gas(forks: ForkSchedule, fork: Fork, parent: BlockHeader, header: BlockHeader) -> int:
    bound = parent.base_fee if fork >= Fork.OSAKA else None
    return next_excess_blob_gas(forks.blobs_at(header.timestamp), parent.excess_blob_gas, parent.blob_gas_used, bound)


AncestorHash = Callable[[BlockNumber], Hash]


def check_ommers(body: BlockBody, ancestor_hash: AncestorHash) -> None:
    """Siblings of one of the last six ancestors, and not these themselves (Yellow Paper, section 11.1). Raises
    InvalidBlock."""
    header = body.header
    _refuse(header, len(body.ommers) > OMMERS_MAX, f"{len(body.ommers)} ommers")
    _refuse(header, len({ommer.hash for ommer in body.ommers}) < len(body.ommers), "an ommer twice")
    for ommer in body.ommers:
        is_near = 0 < header.number - ommer.number <= OMMER_DEPTH_MAX and ommer.number > 0
        _refuse(header, not is_near, f"an ommer of block {ommer.number}")
        is_sibling = ommer.parent_hash == ancestor_hash(BlockNumber(ommer.number - 1))
        _refuse(header, not is_sibling or ommer.hash == ancestor_hash(ommer.number), "an ommer that is none")


def check_body(forks: ForkSchedule, body: BlockBody, transactions: tuple[Transaction, ...]) -> None:
    """The header against the body that came with it. Raises InvalidBlock."""
    header = body.header
    require(header, "transactions root", header.transactions_root, ordered_root(body.transactions))
    ommers = [header_items(ommer) for ommer in body.ommers]
    require(header, "ommers hash", header.ommers_hash, keccak(encode_rlp(ommers)))
    _refuse(header, header.has_withdrawals != (body.withdrawals is not None), "withdrawals that its fork does not have")
    if body.withdrawals is not None:
        rows = [encode_rlp(withdrawal_fields(each)) for each in body.withdrawals]
        require(header, "withdrawals root", header.withdrawals_root, ordered_root(rows))
    blobs = sum(blob_gas(transaction) for transaction in transactions)
    require(header, "blob gas used", header.blob_gas_used, blobs)
    limit = forks.blobs_at(header.timestamp).max * GAS_PER_BLOB
    _refuse(header, blobs > limit, f"blob gas {blobs} above limit {limit}")
