"""Our chain's fork of py-evm: Prague, with the corrections and bounds of this package.

One state class serves blocks, calls and estimates. It knows its chain's rule and the block that runs; it computes no
roots and writes nothing: whoever builds blocks takes ``changes`` and answers with ``advance``.
"""

from collections.abc import Callable
from dataclasses import dataclass

from eth.vm.execution_context import ExecutionContext
from eth.vm.forks.prague.state import PragueState
from eth_typing import Address as EthAddress
from eth_typing import BlockNumber as EthBlockNumber
from eth_typing import Hash32

from rollup.core.genesis import ChainRule
from rollup.core.ids import BlockNumber, Hash
from rollup.vm.accounts import JournaledAccounts, StateSource
from rollup.vm.precompiles import PRECOMPILES

ANCESTORS_MAX = 256


@dataclass(frozen=True, slots=True)
class BlockEnvironment:
    """What instructions can see of the block that runs. Wei, seconds, gas.

    ``ancestor_hash`` answers for the 256 blocks before ``number``; it is asked for none else.
    """

    rule: ChainRule
    number: BlockNumber
    timestamp: int
    base_fee: int
    prev_randao: Hash
    ancestor_hash: Callable[[BlockNumber], Hash]


class ChainState(JournaledAccounts, PragueState):
    """State of our chain while a block runs."""

    def __init__(self, source: StateSource, environment: BlockEnvironment) -> None:
        JournaledAccounts.__init__(self, source)
        self.begin_block(environment)

    def begin_block(self, environment: BlockEnvironment) -> None:
        """The transactions from here on belong to this block."""
        rule = environment.rule
        self.environment = environment
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

    def is_address_warm(self, address: bytes) -> bool:
        """Precompiles are always warm (EIP-2929)."""
        return address in self._warm or address in PRECOMPILES

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
