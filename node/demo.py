"""Demo traffic: a steady mix of real signed transactions over HTTP, so that a newcomer sees blocks fill.

It behaves like any client: it asks the node for nonces and fees, signs with the development accounts, sends, and waits
for its deployments' receipts. Refused transactions make it read its nonce again.
"""

import asyncio
import random
from dataclasses import dataclass
from typing import Any

import structlog
from eth_abi.abi import encode as abi_encode
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address

from contracts import encode_constructor, load_artifact
from ledgers.transport import RpcTransport, TransportSettings
from rollup.core.errors import Transient
from rollup.core.hashes import keccak

TOKEN_SUPPLY = 10**30
RECEIPT_INTERVAL_S = 0.2
PAUSE_AFTER_REFUSAL_S = 0.5

log = structlog.get_logger("demo")


@dataclass(frozen=True, slots=True)
class DemoSettings:
    url: str
    chain_id: int
    keys: tuple[bytes, ...]
    rate_per_s: float = 20.0


@dataclass(frozen=True, slots=True)
class Payload:
    """What one demo transaction does; ``to`` None deploys."""

    to: str | None
    data: bytes
    value: int
    gas: int


class DemoAccount:
    """One development account with its next nonce."""

    def __init__(self, key: bytes, chain_id: int, transport: RpcTransport) -> None:
        self._account: LocalAccount = Account.from_key(key)
        self._chain_id = chain_id
        self._transport = transport
        self._nonce: int | None = None

    @property
    def address(self) -> str:
        return str(self._account.address)

    async def send(self, payload: Payload) -> str:
        """Sign and send; the transaction hash. Raises JsonRpcError (refused) or another Transient."""
        if self._nonce is None:
            answer = await self._transport.call("eth_getTransactionCount", self.address, "pending")
            self._nonce = int(str(answer), 16)
        price = int(str(await self._transport.call("eth_gasPrice")), 16)
        fields: dict[str, Any] = {
            "type": 2,
            "chainId": self._chain_id,
            "nonce": self._nonce,
            "maxFeePerGas": 2 * price,
            "maxPriorityFeePerGas": min(price, 1_000_000),
            "gas": payload.gas,
            "value": payload.value,
            "data": payload.data,
        }
        if payload.to is not None:
            fields["to"] = payload.to
        raw = self._account.sign_transaction(fields).raw_transaction
        try:
            sent = await self._transport.call("eth_sendRawTransaction", "0x" + bytes(raw).hex())
        except Transient:
            self._nonce = None
            raise
        self._nonce += 1
        return str(sent)


class Demo:
    """Sends for ever. Random choices come from a seeded generator: two runs send the same mix."""

    def __init__(self, settings: DemoSettings) -> None:
        self._settings = settings
        self._random = random.Random(2511)  # noqa: S311  a mix of traffic, not a secret
        self._transport = RpcTransport(TransportSettings(settings.url))
        self._accounts = [DemoAccount(key, settings.chain_id, self._transport) for key in settings.keys]

    async def run(self) -> None:
        async with self._transport:
            token, counter = await self._deploy_patiently()
            log.info("demo contracts are deployed", token=token, counter=counter)
            interval_s = 1 / self._settings.rate_per_s
            while True:
                await self._send_one(token, counter)
                await asyncio.sleep(interval_s)

    async def _send_one(self, token: str, counter: str) -> None:
        account = self._random.choice(self._accounts)
        try:
            await account.send(self._choose_payload(token, counter))
        except Transient as error:
            log.warning("the node refused a demo transaction", why=str(error))
            await asyncio.sleep(PAUSE_AFTER_REFUSAL_S)

    def _choose_payload(self, token: str, counter: str) -> Payload:
        """Six in ten move tokens, three move coins, one calls a contract."""
        draw = self._random.random()
        recipient = to_checksum_address(keccak(b"demo" + bytes([self._random.randrange(200)]))[12:])
        amount = self._random.randrange(1, 10**6)
        if draw < 0.6:
            data = call_data("transfer(address,uint256)", ["address", "uint256"], [recipient, amount * 10**12])
            return Payload(token, data, 0, 80_000)
        if draw < 0.9:
            return Payload(recipient, b"", amount * 10**9, 21_000)
        return Payload(counter, call_data("increment(uint256)", ["uint256"], [amount]), 0, 120_000)

    async def _deploy_patiently(self) -> tuple[str, str]:
        """A node that has just started refuses transactions until it has read its anchor ledger."""
        while True:
            try:
                return await self._deploy_both()
            except Transient as error:
                log.info("waiting for the node to take transactions", why=str(error))
                await asyncio.sleep(PAUSE_AFTER_REFUSAL_S)

    async def _deploy_both(self) -> tuple[str, str]:
        owner = self._accounts[0]
        token = load_artifact("DemoToken")
        creation = encode_constructor(token, ["Demo Token", "DEMO", owner.address, TOKEN_SUPPLY])
        token_address = await self._deploy(owner, creation)
        counter = await self._deploy(owner, load_artifact("DemoCounter").bytecode)
        for account in self._accounts[1:]:
            share = TOKEN_SUPPLY // len(self._accounts)
            data = call_data("transfer(address,uint256)", ["address", "uint256"], [account.address, share])
            await owner.send(Payload(token_address, data, 0, 80_000))
        return token_address, counter

    async def _deploy(self, owner: DemoAccount, creation: bytes) -> str:
        sent = await owner.send(Payload(None, creation, 0, 3_000_000))
        while True:
            receipt = await self._transport.call("eth_getTransactionReceipt", sent)
            if isinstance(receipt, dict):
                return to_checksum_address(receipt["contractAddress"])
            await asyncio.sleep(RECEIPT_INTERVAL_S)


def call_data(signature: str, types: list[str], arguments: list[object]) -> bytes:
    """ABI call data of a function."""
    return keccak(signature.encode())[:4] + abi_encode(types, arguments)
