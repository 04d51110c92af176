"""Fee suggestions and fee history.

Suggested tip: the settings' floor while there is room in the last blocks; the 60th percentile of what the full ones
paid otherwise. Suggested gas price: the next block's base fee and a quarter, plus that tip, so that a transaction with
a fixed price outlives the base fee's climb over about a dozen full blocks (2 % each with the default rule).
"""

import asyncio

from rollup.core.block import BlockHeader
from rollup.core.errors import UnknownBlock
from rollup.core.ids import BlockNumber
from rpc.block_refs import check_number, head_number
from rpc.errors import SERVER_ERROR, InvalidArgument, RpcError
from rpc.fee_samples import FeeSamples
from rpc.hexes import quantity
from rpc.method import Method, Param
from rpc.next_fees import base_fee_after, blob_fee_after, blob_fee_of, blob_gas_ratio
from rpc.ports import NodePorts
from rpc.scalars import BlockRef, read_block_number, read_uint64

SUGGESTION_BLOCKS = 10
SUGGESTION_PERCENT = 60
TIP_SUGGESTED_MAX_WEI = 500 * 10**9
HISTORY_BLOCKS_MAX = 1024
HEADERS_PER_TURN = 32
HISTORY_PERCENTILES_MAX = 100


class FeeMethods:
    def __init__(self, ports: NodePorts, tip_floor_wei: int) -> None:
        self._ports = ports
        self._tip_floor = tip_floor_wei
        self._samples = FeeSamples(ports.chain)

    def table(self) -> dict[str, Method]:
        history = (Param(read_block_count), Param(read_block_number), Param(read_percentiles, ()))
        return {
            "eth_gasPrice": Method(self.gas_price),
            "eth_maxPriorityFeePerGas": Method(self.tip),
            "eth_baseFee": Method(self.base_fee),
            "eth_blobBaseFee": Method(self.blob_base_fee),
            "eth_feeHistory": Method(self.history, history),
        }

    async def tip(self) -> str:
        return quantity(await self._suggest_tip())

    async def gas_price(self) -> str:
        base_fee = self._next_base_fee(self._header(head_number(self._ports)))
        return quantity(base_fee + base_fee // 4 + await self._suggest_tip())

    async def base_fee(self) -> str:
        """Of the next block."""
        return quantity(self._next_base_fee(self._header(head_number(self._ports))))

    async def blob_base_fee(self) -> str:
        return quantity(blob_fee_of(self._ports.rule, self._header(head_number(self._ports))))

    async def history(self, count: int, ref: BlockRef, percentiles: tuple[float, ...]) -> dict[str, object]:
        """EIP-1559's eth_feeHistory in geth's shape; ``reward`` only when percentiles were asked for."""
        newest = self._newest(ref)
        count = min(count, HISTORY_BLOCKS_MAX, newest + 1)
        if count < 1:
            return {"oldestBlock": "0x0", "gasUsedRatio": None}
        headers: list[BlockHeader] = []
        rewards: list[list[str]] = []
        for number in range(newest - count + 1, newest + 1):
            header = self._header(BlockNumber(number))
            headers.append(header)
            if percentiles:
                sample = await self._samples.read(header.number, header.hash)
                rewards.append([quantity(sample.percentile(percent)) for percent in percentiles])
            if percentiles or not number % HEADERS_PER_TURN:
                await asyncio.sleep(0)  # a thousand blocks: let others have the loop in between
        base_fees = [*(header.base_fee for header in headers), self._next_base_fee(headers[-1])]
        return {
            "oldestBlock": quantity(headers[0].number),
            **({"reward": rewards} if percentiles else {}),
            "baseFeePerGas": [quantity(fee) for fee in base_fees],
            "gasUsedRatio": [header.gas_used / header.gas_limit for header in headers],
            "baseFeePerBlobGas": [quantity(fee) for fee in self._blob_fees(headers)],
            "blobGasUsedRatio": [blob_gas_ratio(self._ports.rule, header) for header in headers],
        }

    def _newest(self, ref: BlockRef) -> BlockNumber:
        head = head_number(self._ports)
        if ref.number is not None and ref.number > head:
            raise RpcError(SERVER_ERROR, f"request beyond head block: requested {ref.number}, head {head}")
        return check_number(self._ports, ref)

    async def _suggest_tip(self) -> int:
        head = head_number(self._ports)
        tips: list[int] = []
        for number in range(max(head - SUGGESTION_BLOCKS + 1, 0), head + 1):
            header = self._header(BlockNumber(number))
            if header.gas_used > header.gas_limit // self._ports.rule.fee.elasticity:
                sample = await self._samples.read(header.number, header.hash)
                tips.append(sample.percentile(SUGGESTION_PERCENT))
        if not tips:
            return self._tip_floor
        return min(max(sorted(tips)[len(tips) // 2], self._tip_floor), TIP_SUGGESTED_MAX_WEI)

    def _blob_fees(self, headers: list[BlockHeader]) -> list[int]:
        rule = self._ports.rule
        return [*(blob_fee_of(rule, header) for header in headers), blob_fee_after(rule, headers[-1])]

    def _next_base_fee(self, header: BlockHeader) -> int:
        return base_fee_after(self._ports.rule, header)

    def _header(self, number: BlockNumber) -> BlockHeader:
        header = self._ports.chain.header(number)
        if header is None:
            raise UnknownBlock()
        return header


def read_block_count(value: object) -> int:
    """Hex or, as geth allows, a plain number."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        return int(value)
    return read_uint64(value)


def read_percentiles(value: object) -> tuple[float, ...]:
    """Numbers from 0 to 100 in rising order."""
    if not isinstance(value, list) or any(
        isinstance(item, bool) or not isinstance(item, int | float) for item in value
    ):
        raise InvalidArgument("cannot unmarshal into reward percentiles: an array of numbers is wanted")
    if len(value) > HISTORY_PERCENTILES_MAX:
        raise RpcError(SERVER_ERROR, f"over the query limit {HISTORY_PERCENTILES_MAX}")
    for i, percent in enumerate(value):
        if not 0 <= percent <= 100:
            raise RpcError(SERVER_ERROR, f"invalid reward percentile: {float(percent):f}")
        if i and percent <= value[i - 1]:
            words = f"invalid reward percentile: #{i - 1}:{value[i - 1]:f} >= #{i}:{percent:f}"
            raise RpcError(SERVER_ERROR, words)
    return tuple(value)
