"""What this node and its chain can do: eth_config (EIP-7910), eth_capabilities, eth_coinbase."""

from rollup.core.block import BlockHeader
from rollup.core.errors import UnknownBlock
from rollup.core.forks import ForkSchedule
from rollup.core.ids import BlockNumber
from rpc.block_refs import head_number
from rpc.hexes import data, quantity
from rpc.method import Method
from rpc.ports import NodePorts
from rpc.shapes.fork_config import fork_json, own_fork_json

RESOURCES = ("state", "tx", "logs", "receipts", "blocks", "stateproofs")


class CapabilityMethods:
    def __init__(self, ports: NodePorts) -> None:
        self._ports = ports

    def table(self) -> dict[str, Method]:
        return {
            "eth_config": Method(self.config),
            "eth_capabilities": Method(self.capabilities),
            "eth_coinbase": Method(self.coinbase),
        }

    async def config(self) -> dict[str, object]:
        """The rules of the newest block, the next ones, and the last that are scheduled."""
        rule, genesis_hash = self._ports.rule, self._header(BlockNumber(0)).hash
        if rule.forks is None:
            return {"current": own_fork_json(rule.chain_id, genesis_hash), "next": None, "last": None}
        current, *later = times_from(rule.forks, self._header(head_number(self._ports)).timestamp)
        shown = [
            fork_json(rule.forks, time, rule.chain_id, genesis_hash) for time in (current, *later[:1], *later[-1:])
        ]
        return {"current": shown[0], "next": shown[1] if later else None, "last": shown[-1] if later else None}

    async def capabilities(self) -> dict[str, object]:
        """Nothing is ever deleted: everything is there from the first block on."""
        head = self._header(head_number(self._ports))
        everything = {"disabled": False, "oldestBlock": "0x0"}
        return {
            "head": {"number": quantity(head.number), "hash": data(head.hash)},
            **dict.fromkeys(RESOURCES, everything),
        }

    async def coinbase(self) -> str:
        """Who gets the tips of the next block."""
        return data(self._ports.rule.coinbase)

    def _header(self, number: BlockNumber) -> BlockHeader:
        header = self._ports.chain.header(number)
        if header is None:
            raise UnknownBlock()
        return header


def times_from(forks: ForkSchedule, now: int) -> list[int]:
    """When the rules of a moment began, and when they change after it."""
    times = sorted({time for time, _ in forks.by_time} | {time for time, _ in forks.blobs})
    return [max((time for time in times if time <= now), default=0), *(time for time in times if time > now)]
