"""Identity of chain and node: eth_chainId, net_*, web3_*, eth_syncing and the like."""

from rollup.core.hashes import keccak
from rollup.core.ids import BlockNumber
from rpc.block_refs import head_number
from rpc.hexes import data, quantity
from rpc.method import Method, Param
from rpc.news import syncing_json
from rpc.ports import NodePorts
from rpc.scalars import read_data


class ChainMethods:
    def __init__(self, ports: NodePorts, client_version: str) -> None:
        self._ports = ports
        self._chain_id = quantity(ports.rule.chain_id)
        self._network = str(ports.rule.chain_id)
        self._client_version = client_version
        self._first = BlockNumber(0) if ports.heads is None else ports.heads.heads().unsafe

    def table(self) -> dict[str, Method]:
        return {
            "eth_chainId": Method(self.chain_id),
            "eth_blockNumber": Method(self.block_number),
            "eth_syncing": Method(self.syncing),
            "net_version": Method(self.network),
            "net_listening": Method(self.listening),
            "net_peerCount": Method(self.peer_count),
            "web3_clientVersion": Method(self.client_version),
            "web3_sha3": Method(self.sha3, (Param(read_data),)),
        }

    async def chain_id(self) -> str:
        return self._chain_id

    async def block_number(self) -> str:
        return quantity(head_number(self._ports))

    async def syncing(self) -> object:
        """False only when every block that is known to exist was executed here."""
        return False if self._ports.heads is None else syncing_json(self._ports.heads.heads(), self._first)

    async def network(self) -> str:
        return self._network

    async def listening(self) -> bool:
        return True

    async def peer_count(self) -> str:
        return "0x0"

    async def client_version(self) -> str:
        return self._client_version

    async def sha3(self, message: bytes) -> str:
        return data(keccak(message))
