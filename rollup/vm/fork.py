"""Our chain's fork of py-evm: Prague, with the corrections and bounds of this package; other forks for imported chains.

One state class serves blocks, calls and estimates. It knows its chain's rule and the block that runs; it computes no
roots and writes nothing: whoever builds blocks takes ``changes`` and answers with ``advance``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from eth.vm.execution_context import ExecutionContext
from eth.vm.forks.prague.state import PragueState
from eth_typing import Address as EthAddress
from eth_typing import BlockNumber as EthBlockNumber
from eth_typing import Hash32

from rollup.core.block import BlockHeader
from rollup.core.forks import BLOB_BASE_FEE_MIN_WEI, Fork, blob_base_fee
from rollup.core.genesis import ChainRule
from rollup.core.ids import BlockNumber, Hash
from rollup.vm.accounts import JournaledAccounts, StateSource
from rollup.vm.forks.contracts import PRECOMPILES_OF
from rollup.vm.precompiles import PRECOMPILES, Precompile

ANCESTORS_MAX = 256
TRANSACTION_GAS_MAX_OSAKA = 2**24  # EIP-7825


@dataclass(frozen=True, slots=True)
class BlockEnvironment:
    """What instructions can see of the block that runs. Wei, seconds, gas.

    ``ancestor_hash`` answers for the 256 blocks before ``number``; it is asked for none else. Before the merge
    ``prev_randao`` is the difficulty as 32 bytes. ``blob_base_fee`` is wei per blob gas.
    """

    rule: ChainRule
    number: BlockNumber
    timestamp: int
    base_fee: int
    prev_randao: Hash
    ancestor_hash: Callable[[BlockNumber], Hash]
    fork: Fork = Fork.PRAGUE
    blob_base_fee: int = BLOB_BASE_FEE_MIN_WEI


class ChainState(JournaledAccounts, PragueState):
    """State of our chain while a block runs.

    ``precompiles`` are those that run; an override may have moved some. ``listed_precompiles`` are the fork's own: they
    are warm, whatever runs there.
    """

    def __init__(self, source: StateSource, environment: BlockEnvironment) -> None:
        JournaledAccounts.__init__(self, source)
        self.fork = Fork.PRAGUE
        self.precompiles: Mapping[bytes, Precompile] = PRECOMPILES
        self.listed_precompiles: Mapping[bytes, Precompile] = PRECOMPILES
        self.begin_block(environment)

    def begin_block(self, environment: BlockEnvironment) -> None:
        """The transactions from here on belong to this block."""
        rule = environment.rule
        self.environment = environment
        if environment.fork != self.fork:
            self.fork = environment.fork
            self.precompiles = self.listed_precompiles = PRECOMPILES_OF[environment.fork]
        self._ancestors: dict[int, Hash] = {}
        self.execution_context = ExecutionContext(
            coinbase=EthAddress(rule.coinbase),
            timestamp=environment.timestamp,
            block_number=EthBlockNumber(environment.number),
            difficulty=0,
            mix_hash=Hash32(environment.prev_randao),
            gas_limit=rule.gas_limit,
            prev_hashes=(),
            chain_id=rule.chain_id,
            base_fee_per_gas=environment.base_fee,
            excess_blob_gas=0,
        )

    def end_transaction(self) -> None:
        """Before EIP-161 empty accounts stay."""
        if self.fork >= Fork.SPURIOUS_DRAGON:
            super().end_transaction()
        else:
            self.end_without_clearing()

    def is_address_warm(self, address: bytes) -> bool:
        """Precompiles are always warm (EIP-2929)."""
        return address in self._warm or address in self.listed_precompiles

    def get_ancestor_hash(self, block_number: int) -> Hash32:
        """BLOCKHASH: zero outside of the last 256 blocks."""
        depth = self.environment.number - block_number
        if not 0 < depth <= ANCESTORS_MAX or block_number < 0:
            return Hash32(b"")
        known = self._ancestors.get(block_number)
        if known is None:
            known = self._ancestors[block_number] = self.environment.ancestor_hash(BlockNumber(block_number))
        return Hash32(known)


def make_state(source: StateSource, environment: BlockEnvironment) -> ChainState:
    """A state on top of ``source`` for transactions of the block that ``environment`` describes."""
    return ChainState(source, environment)


def build_environment(
    rule: ChainRule, header: BlockHeader, ancestor_hash: Callable[[BlockNumber], Hash]
) -> BlockEnvironment:
    """What the transactions of a block see: on a chain of ours what the rule says, on an imported one its header."""
    environment = BlockEnvironment(
        rule=rule,
        number=header.number,
        timestamp=header.timestamp,
        base_fee=header.base_fee,
        prev_randao=header.prev_randao,
        ancestor_hash=ancestor_hash,
    )
    forks = rule.forks
    if forks is None:
        return environment
    merged = forks.is_merged(header.number, header.difficulty)
    fork = forks.fork_at(header.number, header.timestamp, merged=merged)
    gas_max = (
        min(rule.transaction_gas_max, TRANSACTION_GAS_MAX_OSAKA) if fork >= Fork.OSAKA else rule.transaction_gas_max
    )
    blobs = blob_base_fee(forks.blobs_at(header.timestamp), header.excess_blob_gas) if header.has_blob_gas else 1
    return replace(
        environment,
        rule=replace(rule, coinbase=header.coinbase, gas_limit=header.gas_limit, transaction_gas_max=gas_max),
        prev_randao=header.prev_randao if merged else Hash(header.difficulty.to_bytes(32, "big")),
        fork=fork,
        blob_base_fee=blobs,
    )
