"""UtxoWallet: a wallet that the ledger's node holds. It keeps the keys, finds coins and signs; nothing is sent here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ledgers.transport import JsonRpcError, RpcCall, RpcTransport
from ledgers.utxo.answers import read_int, read_list, read_object, read_text, read_units, show_coins
from ledgers.utxo.chain import Coin, Link, lock_time_of, nonce_of
from ledgers.utxo.connector import output_scripts
from ledgers.utxo.pointers import SCRIPT_PREFIX, find_pointer
from ledgers.utxo.refusals import NO_LABEL, NO_WALLET, NOT_FOUND, translate_refusal
from rollup.core.errors import LedgerBusy, PostingRefused

ENTRIES_PER_PAGE = 32
REPLACEABLE = 0xFFFFFFFD
"""Sequence number that allows replacement (BIP-125) and lets the lock time count."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a posting is made of. ``change`` in smallest units."""

    coins: tuple[Coin, ...]
    payload: bytes
    nonce: int
    change: int


@dataclass(frozen=True, slots=True)
class SignedPosting:
    raw: bytes
    tx_id: str
    vbytes: int


class UtxoWallet:
    """The account is one address of the wallet, under a label of the rollup: change goes there, funds may come from
    anywhere in the wallet. A wallet whose ``name`` is known is loaded where the node has it on disk only."""

    def __init__(self, transport: RpcTransport, rollup_id: int, name: str = "") -> None:
        self._transport = transport
        self._name = name
        self._rollup_id = rollup_id
        self._label = f"entresol-{rollup_id}"
        self._address = ""
        self._ours: dict[str, tuple[int, Coin] | None] = {}
        """What the transactions at our address are; None: payments of others. The bytes of an id never change."""

    async def read_address(self) -> str:
        """Made at the first call ever."""
        if not self._address:
            try:
                known = read_object(await self._call("getaddressesbylabel", self._label))
            except JsonRpcError as error:
                if error.code != NO_LABEL:
                    raise
                known = {}
            self._address = min(known) if known else read_text(await self._call("getnewaddress", self._label, "bech32"))
        return self._address

    async def read_balance(self) -> int:
        """Smallest units that can be spent now, our own change included."""
        balances = read_object(read_object(await self._call("getbalances")).get("mine"))
        return read_units(balances.get("trusted"))

    async def read_links(self) -> tuple[Link, ...]:
        """Our postings from the last included one on: in the chain or in the pool. Forgotten ones are left out."""
        await self.read_address()
        links: list[Link] = []
        skip = 0
        while True:
            entries = read_list(await self._call("listtransactions", self._label, ENTRIES_PER_PAGE, skip))
            links += await self._read_page([read_object(entry) for entry in entries])
            if len(entries) < ENTRIES_PER_PAGE or any(link.is_included for link in links):
                return tuple(links)
            skip += ENTRIES_PER_PAGE

    async def read_coins(self) -> list[Coin]:
        """Included coins, the largest first: two posters with one wallet meet on the same one."""
        answer = read_list(await self._call("listunspent", 1, 9_999_999, [], False))
        found = [read_object(value) for value in answer]
        coins = [_read_coin(value) for value in found if value.get("spendable") and value.get("safe", True)]
        return sorted(coins, key=lambda coin: (-coin.units, coin.tx_id, coin.output))

    async def read_spent(self, raw: bytes) -> tuple[Coin, ...]:
        """The coins that a transaction of this wallet spends."""
        inputs = await self.read_inputs(raw)
        parents = await self._transport.call_batch(*(_transaction_call(tx_id) for tx_id, _ in inputs))
        return tuple(
            Coin(tx_id, output, _units_of(read_object(parent), output))
            for (tx_id, output), parent in zip(inputs, parents, strict=True)
        )

    async def read_inputs(self, raw: bytes) -> list[tuple[str, int]]:
        decoded = read_object(await self._call("decoderawtransaction", raw.hex()))
        inputs = [read_object(value) for value in read_list(decoded.get("vin"))]
        return [(read_text(value.get("txid")), read_int(value.get("vout"))) for value in inputs]

    async def is_gone(self, raw: bytes) -> bool:
        """A coin that it spends was spent otherwise, in a block: it can never be included, short of a reorg."""
        for tx_id, output in await self.read_inputs(raw):
            parent, unspent = await self._transport.try_batch(
                RpcCall("gettransaction", (tx_id,)), RpcCall("gettxout", (tx_id, output, False))
            )
            if isinstance(parent, JsonRpcError):
                if parent.code != NOT_FOUND:
                    raise parent
                return True
            confirmations = read_int(read_object(parent).get("confirmations"))
            if confirmations < 0 or (confirmations > 0 and unspent is None):
                return True
        return False

    async def sign(self, draft: Draft) -> SignedPosting:
        """Raises PostingRefused where the wallet has not all the keys."""
        inputs = [{"txid": coin.tx_id, "vout": coin.output, "sequence": REPLACEABLE} for coin in draft.coins]
        outputs = [{"data": draft.payload.hex()}, {await self.read_address(): show_coins(draft.change)}]
        bare = await self._call("createrawtransaction", inputs, outputs, lock_time_of(draft.nonce))
        signed = read_object(await self._call("signrawtransactionwithwallet", bare))
        if signed.get("complete") is not True:
            raise PostingRefused("the wallet cannot sign for its coins")
        raw = bytes.fromhex(read_text(signed.get("hex")))
        decoded = read_object(await self._call("decoderawtransaction", raw.hex()))
        return SignedPosting(raw, read_text(decoded.get("txid")), read_int(decoded.get("vsize")))

    async def _read_page(self, entries: Sequence[Mapping[str, object]]) -> list[Link]:
        depths = {read_text(entry["txid"]): read_int(entry["confirmations"]) for entry in entries}
        await self._learn([tx_id for tx_id in depths if tx_id not in self._ours])
        waiting = [tx_id for tx_id, depth in depths.items() if depth == 0 and self._ours[tx_id]]
        pool = await self._read_pool(waiting)
        found = ((self._ours[tx_id], depth > 0) for tx_id, depth in depths.items() if depth > 0 or tx_id in pool)
        return [Link(*posting, is_included) for posting, is_included in found if posting is not None]

    async def _learn(self, tx_ids: Sequence[str]) -> None:
        if tx_ids:
            answers = await self._transport.call_batch(*(_transaction_call(tx_id) for tx_id in tx_ids))
            self._ours |= {
                tx_id: self._read_posting(tx_id, read_object(answer))
                for tx_id, answer in zip(tx_ids, answers, strict=True)
            }

    async def _read_pool(self, tx_ids: Sequence[str]) -> set[str]:
        if not tx_ids:
            return set()
        answers = await self._transport.try_batch(*(RpcCall("getmempoolentry", (tx_id,)) for tx_id in tx_ids))
        return {tx_id for tx_id, answer in zip(tx_ids, answers, strict=True) if not isinstance(answer, JsonRpcError)}

    def _read_posting(self, tx_id: str, transaction: Mapping[str, object]) -> tuple[int, Coin] | None:
        """Only what spends coins of this wallet says so (``fee``): others may write what they like to our address."""
        decoded = read_object(transaction.get("decoded"))
        nonce = nonce_of(read_int(decoded.get("locktime")))
        if "fee" not in transaction or nonce is None or find_pointer(output_scripts(decoded), self._rollup_id) is None:
            return None
        for value in read_list(decoded.get("vout")):
            output = read_object(value)
            script = read_object(output.get("scriptPubKey", {}))
            if not read_text(script.get("hex", "")).startswith(SCRIPT_PREFIX[:1].hex()):
                return nonce, Coin(tx_id, read_int(output.get("n")), read_units(output.get("value")))
        return None

    async def _call(self, method: str, *params: object) -> object:
        try:
            return await self._transport.call(method, *params)
        except JsonRpcError as error:
            if error.code == NO_WALLET and self._name:
                await self._transport.call("loadwallet", self._name)
                raise LedgerBusy(f"the wallet {self._name} was not loaded") from error
            refusal = translate_refusal(error)
            if isinstance(refusal, LedgerBusy | PostingRefused):
                raise refusal from error
            raise


def _transaction_call(tx_id: str) -> RpcCall:
    return RpcCall("gettransaction", (tx_id, False, True))


def _read_coin(value: Mapping[str, object]) -> Coin:
    return Coin(read_text(value.get("txid")), read_int(value.get("vout")), read_units(value.get("amount")))


def _units_of(transaction: Mapping[str, object], output: int) -> int:
    outputs = read_list(read_object(transaction.get("decoded")).get("vout"))
    found = (read_object(value) for value in outputs)
    return next(read_units(value.get("value")) for value in found if value.get("n") == output)
