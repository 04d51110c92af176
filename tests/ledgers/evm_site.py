"""Anvil with one of the rollup's contracts on it, as a `LedgerSite`."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager

from anvil_process import Anvil, start_anvil
from ledger_suite import GENESIS_HASH, ROLLUP_ID, SEQUENCER, PostingLedger
from tcp_relay import TcpRelay, relay_to

from contracts import load_artifact
from ledgers.evm.connector import EvmRules
from ledgers.evm.deploy import deploy_contract
from ledgers.evm.posting import EvmPosting, EvmPostingLedger
from ledgers.evm.signer import LocalSigner
from ledgers.transport import RpcTransport, TransportSettings
from rollup.core.errors import LedgerUnavailable
from rollup.core.genesis import FinalityRule
from rollup.core.hashes import keccak
from rollup.core.ids import Address, Hash, LedgerId
from rollup.core.ledger import CarriesPostings, Ledger, PostingForm

# anvil's first two accounts, known to everybody (mnemonic "test test ... junk")
POSTER_KEY = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
STRANGER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"

Starter = Callable[..., AbstractContextManager[Anvil]]


class EvmSite:
    """Blocks come when `mine` is called. ``transport`` goes through the relay, ``control`` straight to the node."""

    finality_depth = 2

    def __init__(self, control: RpcTransport, transport: RpcTransport, relay: TcpRelay, stack: AsyncExitStack) -> None:
        self.control = control
        self.transport = transport
        self.relay = relay
        self._stack = stack

    async def set_up(self, contract: str, form: PostingForm) -> None:
        """Deploy and connect; then stop mining by itself."""
        signer = LocalSigner(POSTER_KEY)
        address = await deploy_contract(
            self.control, signer, load_artifact(contract), (SEQUENCER, ROLLUP_ID, GENESIS_HASH)
        )
        await self.control.call("evm_setAutomine", False)
        self.rules = await self._read_rules(address)
        self.node = EvmPostingLedger(self.transport, self.rules, EvmPosting(signer, form))
        self.reader: Ledger = self.node
        self.poster: PostingLedger = self.node

    async def mine(self, count: int = 1) -> None:
        for _ in range(count):
            await self.control.call("evm_mine")

    async def reorg(self, depth: int) -> None:
        await self.control.call("anvil_reorg", depth, [])

    async def put_garbage(self) -> None:
        for calldata in (b"", b"hello", bytes(300), bytes.fromhex("8dcfcd35")):
            transaction = {
                "from": STRANGER,
                "to": "0x" + self.rules.contract.hex(),
                "data": "0x" + calldata.hex(),
                "gas": hex(200_000),
            }
            await self.control.call("eth_sendTransaction", transaction)

    async def drop(self, tx_id: Hash) -> None:
        await self.control.call("anvil_dropTransaction", "0x" + tx_id.hex())

    async def go_offline(self) -> None:
        self.relay.cut()

    async def go_online(self) -> None:
        self.relay.mend()

    async def switch_chain(self) -> None:
        other = self._stack.enter_context(start_anvil("--chain-id", "8453"))
        self.relay.lead_to(other.url)
        async with asyncio.timeout(5):
            while not await self._answers():  # the session still holds a connection that was cut
                pass

    async def _answers(self) -> bool:
        try:
            await self.transport.call("web3_clientVersion")
        except LedgerUnavailable:
            return False
        return True

    async def open_poor(self) -> CarriesPostings:
        return EvmPostingLedger(self.transport, self.rules, EvmPosting(LocalSigner(bytes(keccak(b"poor")))))

    async def _read_rules(self, contract: Address) -> EvmRules:
        genesis = await self.control.call("eth_getBlockByNumber", "0x0", False)
        assert isinstance(genesis, dict)
        return EvmRules(
            ledger_id=LedgerId("eip155:31337"),
            contract=contract,
            rollup_id=ROLLUP_ID,
            finality=FinalityRule.DEPTH,
            finality_depth=self.finality_depth,
            genesis_hash=Hash(bytes.fromhex(genesis["hash"][2:])),
        )


@asynccontextmanager
async def open_site(url: str, contract: str, form: PostingForm) -> AsyncIterator[EvmSite]:
    """A site on a fresh anvil that mines at each transaction."""
    async with AsyncExitStack() as stack:
        relay = await stack.enter_async_context(relay_to(url))
        control = await stack.enter_async_context(RpcTransport(TransportSettings(url)))
        transport = await stack.enter_async_context(RpcTransport(TransportSettings(relay.url, timeout_s=5.0)))
        site = EvmSite(control, transport, relay, stack)
        await site.set_up(contract, form)
        yield site
