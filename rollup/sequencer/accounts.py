"""What is known of senders' accounts, so that admission seldom has to ask the virtual machine node.

Filled by reads and kept fresh by the account states that come with every block. A stale entry costs a dropped
transaction at worst: the virtual machine has the last word.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from rollup.core.errors import Overloaded, Transient
from rollup.core.execution import AccountState
from rollup.core.ids import EMPTY_CODE_HASH, Address, BlockNumber
from rollup.sequencer.ports import Executor

DELEGATION_PREFIX = b"\xef\x01\x00"  # EIP-7702
DELEGATION_BYTES = 23
ADDRESSES_PER_READ = 256
RETRY_S = 0.1


@dataclass(frozen=True, slots=True)
class SenderAccount:
    """``as_of`` is the block after which the state held; ``delegated`` that its code is an EIP-7702 designator."""

    state: AccountState
    delegated: bool
    as_of: BlockNumber


class AccountCache:
    """The ``accounts_max`` accounts last read or touched by a block."""

    def __init__(self, accounts_max: int) -> None:
        self._accounts_max = accounts_max
        self._accounts: dict[Address, SenderAccount] = {}

    def get(self, address: Address) -> SenderAccount | None:
        return self._accounts.get(address)

    def learn(self, account: SenderAccount) -> SenderAccount:
        """Take the account in unless something newer is known. Returns what is known now."""
        known = self._accounts.pop(account.state.address, None)
        newest = account if known is None or known.as_of <= account.as_of else known
        self._accounts[account.state.address] = newest
        if len(self._accounts) > self._accounts_max:
            del self._accounts[next(iter(self._accounts))]
        return newest

    def update(self, state: AccountState, as_of: BlockNumber) -> None:
        """A block left the account like this. If its code is new, it is forgotten: what the code is must be read."""
        known = self._accounts.get(state.address)
        if state.code_hash == EMPTY_CODE_HASH:
            self.learn(SenderAccount(state, delegated=False, as_of=as_of))
        elif known is not None and known.state.code_hash == state.code_hash:
            self.learn(SenderAccount(state, known.delegated, as_of))
        else:
            self._accounts.pop(state.address, None)


class AccountLoader:
    """Answers from the cache, else reads; everybody who waits meanwhile shares the next read."""

    def __init__(self, executor: Executor, cache: AccountCache, head: Callable[[], BlockNumber]) -> None:
        self._executor = executor
        self._cache = cache
        self._head = head
        self._waiting: dict[Address, list[asyncio.Future[SenderAccount]]] = {}
        self._wake = asyncio.Event()

    async def load(self, address: Address) -> SenderAccount:
        """May be cancelled. Raises Overloaded when the virtual machine node cannot answer now."""
        known = self._cache.get(address)
        if known is not None:
            return known
        future: asyncio.Future[SenderAccount] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(address, []).append(future)
        self._wake.set()
        return await future

    async def run(self) -> None:
        """Serve loads forever. Fatal errors of the executor pass through."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._waiting:
                    await self._serve(tuple(islice(self._waiting, ADDRESSES_PER_READ)))
        finally:
            self._fail(tuple(self._waiting), Overloaded("the node is stopping"))

    async def read(self, addresses: tuple[Address, ...]) -> tuple[SenderAccount, ...]:
        """Read and remember, as of the last sealed block."""
        as_of = self._head()
        states = await self._executor.read_accounts(addresses, as_of)
        return tuple([self._cache.learn(await self._complete(state, as_of)) for state in states])

    async def read_patiently(self, addresses: tuple[Address, ...]) -> tuple[SenderAccount, ...]:
        """The same for whoever nobody waits for: an engine that strangers keep busy is asked again."""
        while True:
            try:
                return await self.read(addresses)
            except (Transient, Overloaded):
                await asyncio.sleep(RETRY_S)

    async def _complete(self, state: AccountState, as_of: BlockNumber) -> SenderAccount:
        delegated = False
        if state.code_hash != EMPTY_CODE_HASH:
            code = await self._executor.read_code(state.address, as_of)
            delegated = len(code) == DELEGATION_BYTES and code.startswith(DELEGATION_PREFIX)
        return SenderAccount(state, delegated, as_of)

    async def _serve(self, addresses: tuple[Address, ...]) -> None:
        try:
            accounts = await self.read(addresses)
        except Transient as error:
            self._fail(addresses, Overloaded(str(error)))
            return
        except Overloaded as error:  # strangers' questions fill the queue: theirs to be told, not ours to die of
            self._fail(addresses, error)
            return
        for address, account in zip(addresses, accounts, strict=True):
            for future in self._waiting.pop(address):
                if not future.done():
                    future.set_result(account)

    def _fail(self, addresses: tuple[Address, ...], error: Exception) -> None:
        for address in addresses:
            for future in self._waiting.pop(address):
                if not future.done():
                    future.set_exception(error)
