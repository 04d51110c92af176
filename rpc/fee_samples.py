"""What blocks paid: tips by gas, for fee suggestions and eth_feeHistory. Blocks never change, so samples are kept."""

from collections import OrderedDict
from dataclasses import dataclass

from rollup.core.block import DEPOSIT_TYPE, Block
from rollup.core.ids import BlockNumber, Hash
from rpc.block_loader import load_block
from rpc.ports import ChainReader

SAMPLES_MAX = 2048


@dataclass(frozen=True, slots=True)
class FeeSample:
    """``tips`` are (effective tip in wei, gas used) of the users' transactions, cheapest first."""

    tips: tuple[tuple[int, int], ...]

    def percentile(self, percent: float) -> int:
        """Tip at which ``percent`` of the users' gas was paid that or less; 0 for a block without users."""
        if not self.tips:
            return 0
        threshold = percent / 100 * sum(gas for _, gas in self.tips)
        spent = 0
        for tip, gas in self.tips:
            spent += gas
            if spent >= threshold:
                return tip
        return self.tips[-1][0]


def build_sample(block: Block) -> FeeSample:
    """Deposits pay no price and do not count."""
    base_fee = block.header.base_fee
    return FeeSample(
        tuple(
            sorted(
                (max(receipt.effective_gas_price - base_fee, 0), receipt.gas_used)
                for receipt in block.receipts
                if receipt.type != DEPOSIT_TYPE
            )
        )
    )


class FeeSamples:
    """Samples of the last blocks that were asked for."""

    def __init__(self, chain: ChainReader) -> None:
        self._chain = chain
        self._kept: OrderedDict[Hash, FeeSample] = OrderedDict()

    async def read(self, number: BlockNumber, block_hash: Hash) -> FeeSample:
        kept = self._kept.get(block_hash)
        if kept is not None:
            self._kept.move_to_end(block_hash)
            return kept
        block = await load_block(self._chain, number)
        sample = FeeSample(()) if block is None else build_sample(block)
        self._kept[block_hash] = sample
        if len(self._kept) > SAMPLES_MAX:
            self._kept.popitem(last=False)
        return sample
