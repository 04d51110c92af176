"""UtxoPostingLedger: a ledger of the Bitcoin family to which pointers are posted, by a wallet of its node.

The node's wallet signs and nothing is sent, so that the caller can keep the bytes durably first. Replacements spend the
same coins (BIP-125). Nonces are those of `chain`.
"""

from dataclasses import dataclass, field

from ledgers.transport import JsonRpcError, RpcCall, RpcTransport
from ledgers.utxo.answers import read_hash, read_header, read_int, read_object, read_units
from ledgers.utxo.chain import Coin, Link, find_parent, next_nonce, pending_nonce
from ledgers.utxo.connector import UtxoLedger, UtxoRules
from ledgers.utxo.fees import Replaced, UtxoFees, choose_price, price_per_vbyte, total_fee
from ledgers.utxo.refusals import NOT_FOUND, is_known, translate_refusal
from ledgers.utxo.wallet import Draft, SignedPosting, UtxoWallet
from rollup.core.batch import Batch, Pointer, encode_pointer
from rollup.core.errors import LedgerBusy, LedgerFundsTooLow, LedgerNonceConflict, LedgerUnavailable
from rollup.core.ids import Hash
from rollup.core.ledger import PostingAccount, PostingForm, PostingState, PostingStatus, PreparedPosting

CHANGE_MIN = 5_460
"""Smallest change in smallest units: above every dust limit that clients of the family have had."""


@dataclass(frozen=True, slots=True)
class UtxoPosting:
    """How the wallet posts. ``wallet`` is its name."""

    wallet: str = ""
    fees: UtxoFees = field(default_factory=UtxoFees)


class UtxoPostingLedger(UtxoLedger):
    """Fits the ports `Ledger` and `CarriesPostings`. The transport's URL names the wallet."""

    def __init__(self, transport: RpcTransport, rules: UtxoRules, posting: UtxoPosting = UtxoPosting()) -> None:
        super().__init__(transport, rules)
        self._fees = posting.fees
        self._wallet = UtxoWallet(transport, rules.rollup_id, posting.wallet)
        self._lost_nonces: set[int] = set()
        """Of bytes whose coins went elsewhere: they count as used, else the poster would send them for ever."""

    @property
    def posting_form(self) -> PostingForm:
        return PostingForm.POINTER

    async def read_account(self) -> PostingAccount:
        address, balance = await self._wallet.read_address(), await self._wallet.read_balance()
        links = await self._wallet.read_links()
        used = next_nonce(links)
        while used in self._lost_nonces:
            used += 1
        return PostingAccount(address, balance, used, max(pending_nonce(links), used))

    async def prepare_posting(self, batch: Batch, nonce: int, replaces: PreparedPosting | None) -> PreparedPosting:
        """Raises LedgerBusy as well, while the posting before is neither in a block nor in the pool."""
        await self.read_head()  # signs for no other chain
        links = await self._wallet.read_links()
        if nonce < next_nonce(links):
            raise LedgerNonceConflict(f"nonce {nonce} is used, {next_nonce(links)} comes next")
        replaced = await self._read_replaced(replaces)
        price = await self._choose_price(replaced)
        coins = await self._wallet.read_spent(replaces.raw) if replaces else await self._find_coins(links, nonce)
        payload = encode_pointer(Pointer(self._rules.rollup_id, batch.header.number, batch.hash))
        signed = await self._build(Draft(coins, payload, nonce, 0), price, replaced)
        bumps = replaces.bumps + 1 if replaces else 0
        tx_id = Hash(bytes.fromhex(signed.tx_id))
        return PreparedPosting(batch.header.number, tx_id, signed.raw, nonce, price, bumps)

    async def broadcast(self, prepared: PreparedPosting) -> None:
        await self.read_head()
        try:
            answer = await self._transport.call("sendrawtransaction", prepared.raw.hex())
        except JsonRpcError as error:
            refusal = translate_refusal(error)
            if is_known(error):
                return
            if isinstance(refusal, LedgerNonceConflict):
                await self._explain_conflict(prepared, refusal)
                return
            raise refusal from error
        if read_hash(answer) != prepared.tx_id:
            raise LedgerUnavailable("the node took the posting under another hash")

    async def read_posting(self, tx_id: Hash) -> PostingStatus:
        """Of any transaction of the wallet; of others while they wait, or where their block was read or is indexed."""
        (answer,) = await self._transport.try_batch(RpcCall("gettransaction", (tx_id.hex(),)))
        if isinstance(answer, JsonRpcError):
            if answer.code != NOT_FOUND:
                raise translate_refusal(answer) from answer
            return await self._read_foreign(tx_id)
        transaction = read_object(answer)
        depth = read_int(transaction.get("confirmations"))
        if depth <= 0:
            return await self._read_waiting(tx_id) if depth == 0 else PostingStatus(PostingState.UNKNOWN)
        fee = -read_units(transaction.get("fee", 0))
        return await self._read_included(read_hash(transaction.get("blockhash")), fee)

    # --- preparing ---

    async def _read_replaced(self, replaces: PreparedPosting | None) -> Replaced | None:
        if replaces is None:
            return None
        (entry,) = await self._transport.try_batch(RpcCall("getmempoolentry", (replaces.tx_id.hex(),)))
        if isinstance(entry, JsonRpcError):  # the pool dropped it: nothing is evicted
            return Replaced(replaces.fee_wei_per_unit, 0)
        fees = read_object(read_object(entry).get("fees"))
        return Replaced(replaces.fee_wei_per_unit, read_units(fees.get("descendant")))

    async def _choose_price(self, replaced: Replaced | None) -> int:
        estimate, pool = map(
            read_object,
            await self._transport.call_batch(
                RpcCall("estimatesmartfee", (self._fees.target_blocks,)), RpcCall("getmempoolinfo")
            ),
        )
        floor = max(read_units(pool.get("mempoolminfee")), read_units(pool.get("minrelaytxfee")))
        offered = read_units(estimate.get("feerate", 0))  # none on a young or quiet ledger
        return choose_price(price_per_vbyte(offered), price_per_vbyte(floor), replaced, self._fees)

    async def _find_coins(self, links: tuple[Link, ...], nonce: int) -> tuple[Coin, ...]:
        """The change of the posting before; none at the beginning, or where somebody spent it otherwise."""
        parent = find_parent(links, nonce)
        missing = set(range(parent.nonce + 1 if parent else 0, nonce)) - self._lost_nonces
        if missing:
            raise LedgerBusy(f"nonce {nonce} waits for nonce {min(missing)}, which the node does not have")
        if parent is None:
            return ()
        coin = parent.change
        unspent = await self._transport.call("gettxout", coin.tx_id, coin.output, False)
        return () if parent.is_included and unspent is None else (coin,)

    async def _build(self, draft: Draft, price: int, replaced: Replaced | None) -> SignedPosting:
        """Adds coins of the wallet until fee and change are covered."""
        coins, spare = await self._choose_coins(draft)
        while True:
            total = sum(coin.units for coin in coins)
            if total >= CHANGE_MIN:
                measured = await self._wallet.sign(Draft(coins, draft.payload, draft.nonce, total))
                # a signature's length varies by a byte
                fee = total_fee(price, measured.vbytes + len(coins), replaced, self._fees)
                if total - fee >= CHANGE_MIN:
                    return await self._wallet.sign(Draft(coins, draft.payload, draft.nonce, total - fee))
            if not spare:
                raise LedgerFundsTooLow(f"the wallet has {total} units in coins that can be spent: too few to post")
            coins += (spare.pop(0),)

    async def _choose_coins(self, draft: Draft) -> tuple[tuple[Coin, ...], list[Coin]]:
        """What must be spent as far as it still can be, and what may be added to it."""
        coins = draft.coins
        spare = [coin for coin in await self._wallet.read_coins() if coin not in coins]
        return (coins, spare) if coins else (tuple(spare[:1]), spare[1:])

    # --- looking ---

    async def _explain_conflict(self, prepared: PreparedPosting, refusal: LedgerNonceConflict) -> None:
        """Returns when the posting is in the pool or in a block already: a later one may have spent its change."""
        status = await self.read_posting(prepared.tx_id)
        if status.state in (PostingState.INCLUDED, PostingState.PENDING):
            return
        if await self._wallet.is_gone(prepared.raw):
            self._lost_nonces.add(prepared.nonce)
        raise refusal

    async def _read_waiting(self, tx_id: Hash) -> PostingStatus:
        (entry,) = await self._transport.try_batch(RpcCall("getmempoolentry", (tx_id.hex(),)))
        if not isinstance(entry, JsonRpcError):
            return PostingStatus(PostingState.PENDING)
        if entry.code != NOT_FOUND:
            raise entry
        return PostingStatus(PostingState.UNKNOWN)

    async def _read_included(self, block_hash: Hash, fee: int) -> PostingStatus:
        (answer,) = await self._ask(RpcCall("getblockheader", (block_hash.hex(),)))
        if read_int(read_object(answer).get("confirmations")) < 1:
            return PostingStatus(PostingState.PENDING)  # its block was replaced while we looked
        return PostingStatus(PostingState.INCLUDED, read_header(answer).height, block_hash, fee)

    async def _read_foreign(self, tx_id: Hash) -> PostingStatus:
        where = self._seen.get(tx_id)
        params = (tx_id.hex(), True) if where is None else (tx_id.hex(), True, where.hex())
        (answer,) = await self._transport.try_batch(RpcCall("getrawtransaction", params))
        if isinstance(answer, JsonRpcError):
            if answer.code != NOT_FOUND:
                raise translate_refusal(answer) from answer
            return await self._read_waiting(tx_id)
        transaction = read_object(answer)
        if "blockhash" not in transaction or transaction.get("in_active_chain") is False:
            return await self._read_waiting(tx_id)
        return await self._read_included(read_hash(transaction.get("blockhash")), 0)
