"""Litecoin Core in regtest as a `LedgerSite`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from ledger_suite import ROLLUP_ID, PostingLedger
from litecoind_process import Litecoind, connect, start_litecoind
from tcp_relay import TcpRelay, relay_to

from ledgers.transport import RpcTransport, TransportSettings
from ledgers.utxo.answers import show_coins
from ledgers.utxo.connector import UtxoRules
from ledgers.utxo.posting import UtxoPosting, UtxoPostingLedger
from rollup.core.errors import LedgerUnavailable
from rollup.core.ids import Hash, LedgerId
from rollup.core.ledger import CarriesPostings, Ledger

LEDGER_ID = LedgerId("bip122:530827f38f93b43ed12af0b3ad25a288")
COIN = 100_000_000
MATURE_BLOCKS = 101


class UtxoSite:
    """Blocks come when `mine` is called; their rewards go to a wallet ``miner`` that pays whatever is asked for. The
    wallet ``poster`` has two coins. ``transport`` goes through the relay."""

    finality_depth = 2

    def __init__(self, node: Litecoind, relay: TcpRelay, stack: AsyncExitStack, home: Path) -> None:
        self.litecoind = node
        self.relay = relay
        self.control = connect(node)
        self.miner = connect(node, "miner")
        self.wallet = connect(node, "poster")
        self.rules = UtxoRules(LEDGER_ID, ROLLUP_ID, self.finality_depth)
        self._home = home
        self._stack = stack

    async def set_up(self) -> None:
        for transport in (self.control, self.miner, self.wallet):
            await self._stack.enter_async_context(transport)
        await self.litecoind.ready(self.control)
        for name in ("miner", "poster"):
            await self.make_wallet(name)
        await self.mine(MATURE_BLOCKS)
        self.node = await self.open_ledger("poster")
        self.reader: Ledger = self.node
        self.poster: PostingLedger = self.node
        await self.fund(self.wallet, 2 * COIN, COIN)

    async def make_wallet(self, name: str) -> None:
        """Loaded again when the node starts again."""
        await self.control.call("createwallet", name, False, False, "", False, False, True)

    async def open_ledger(self, wallet: str) -> UtxoPostingLedger:
        address = urlsplit(self.relay.url)
        url = f"http://tester:secret@{address.hostname}:{address.port}/wallet/{wallet}"
        transport = await self._stack.enter_async_context(RpcTransport(TransportSettings(url, timeout_s=5.0)))
        self.transport = transport
        return UtxoPostingLedger(transport, self.rules, UtxoPosting(wallet))

    async def fund(self, wallet: RpcTransport, *units: int) -> None:
        """One included coin for each amount."""
        for amount in units:
            await self.miner.call("sendtoaddress", await wallet.call("getnewaddress"), show_coins(amount))
        await self.mine()

    async def mine(self, count: int = 1) -> None:
        await self.control.call("generatetoaddress", count, await self.miner.call("getnewaddress"))

    async def reorg(self, depth: int) -> None:
        tip = await self.control.call("getblockcount")
        assert isinstance(tip, int)
        await self.control.call("invalidateblock", await self.control.call("getblockhash", tip - depth + 1))
        for _ in range(depth):
            await self.mine_empty()

    async def mine_empty(self) -> None:
        await self.control.call("generateblock", await self.miner.call("getnewaddress"), [])

    async def put_garbage(self) -> None:
        for data in (b"hello", bytes(49), b"ENTR" + bytes(45), b"ENTR\x01" + bytes(44), bytes(80)):
            await self.put_data(data)
        await self.miner.call("sendtoaddress", await self.node_address(), "0.001")

    async def put_data(self, data: bytes) -> None:
        """An output with data, from the miner's wallet."""
        bare = await self.miner.call("createrawtransaction", [], [{"data": data.hex()}])
        funded = await self.miner.call("fundrawtransaction", bare)
        assert isinstance(funded, dict)
        signed = await self.miner.call("signrawtransactionwithwallet", funded["hex"])
        assert isinstance(signed, dict)
        await self.control.call("sendrawtransaction", signed["hex"])

    async def node_address(self) -> str:
        return (await self.node.read_account()).address

    async def drop(self, tx_id: Hash) -> None:
        """No call makes a node forget: it starts anew with an empty pool, and sends nothing by itself."""
        del tx_id
        await self.restart("-walletbroadcast=0")

    async def restart(self, *arguments: str) -> None:
        await asyncio.to_thread(self.litecoind.stop)
        self.litecoind.start(*arguments)
        await self.litecoind.ready(self.control)
        await self._settle()

    async def go_offline(self) -> None:
        self.relay.cut()

    async def go_online(self) -> None:
        self.relay.mend()

    async def switch_chain(self) -> None:
        other = self._stack.enter_context(start_litecoind(self._home / "other", "testnet"))
        await other.ready(await self._stack.enter_async_context(connect(other)))
        self.relay.lead_to(other.url)
        await self._settle()

    async def _settle(self) -> None:
        """Sessions still hold connections that were cut."""
        async with asyncio.timeout(10):
            for transport in (self.transport, self.miner, self.wallet):
                while not await _answers(transport):
                    pass

    async def open_poor(self) -> CarriesPostings:
        await self.make_wallet("poor")
        return await self.open_ledger("poor")


async def _answers(transport: RpcTransport) -> bool:
    try:
        await transport.call("getblockcount")
    except LedgerUnavailable:
        return False
    return True


@asynccontextmanager
async def open_site(home: Path) -> AsyncIterator[UtxoSite]:
    """A site on a fresh node."""
    async with AsyncExitStack() as stack:
        node = stack.enter_context(start_litecoind(home / "node"))
        relay = await stack.enter_async_context(relay_to(node.url))
        site = UtxoSite(node, relay, stack, home)
        await site.set_up()
        yield site
