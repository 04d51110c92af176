"""EvmPostingLedger: an EVM ledger to which batches are posted from one account.

A posting is an EIP-1559 transaction to the rollup's contract (a legacy one on ledgers without a base fee). It is
signed before it is sent, so that the caller can keep it durably in between and send the same bytes again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from contracts import encode_post_batch
from ledgers.evm.answers import read_data, read_hash, read_object, read_uint
from ledgers.evm.connector import EvmLedger, EvmRules
from ledgers.evm.fees import FeeCaps, Offer, bound_gas, choose_offer
from ledgers.evm.refusals import is_known, translate_refusal
from ledgers.evm.signer import Signer
from ledgers.transport import JsonRpcError, RpcCall, RpcTransport
from rollup.core.batch import Batch
from rollup.core.errors import LedgerFundsTooLow, LedgerNonceConflict, LedgerUnavailable, PostingRefused
from rollup.core.hashes import keccak
from rollup.core.ids import Hash
from rollup.core.ledger import PostingAccount, PostingForm, PostingState, PostingStatus, PreparedPosting
from rollup.core.transaction import decode_transaction

ESTIMATE_MARGIN_PERCENT = 15


@dataclass(frozen=True, slots=True)
class EvmPosting:
    """How this account posts: FULL (header, signature and body) or HEADER (without body)."""

    signer: Signer
    posting_form: PostingForm = PostingForm.FULL
    caps: FeeCaps = field(default_factory=FeeCaps)


@dataclass(frozen=True, slots=True)
class _Market:
    """State of the ledger and of the account when a posting is prepared. ``base_fee`` None before EIP-1559."""

    base_fee: int | None
    gas_limit: int
    tip: int
    balance: int
    next_nonce: int


class EvmPostingLedger(EvmLedger):
    """Fits the ports `Ledger` and `CarriesPostings`."""

    def __init__(self, transport: RpcTransport, rules: EvmRules, posting: EvmPosting) -> None:
        super().__init__(transport, rules)
        self._posting = posting
        self._account = "0x" + posting.signer.address.hex()

    @property
    def posting_form(self) -> PostingForm:
        return self._posting.posting_form

    async def read_account(self) -> PostingAccount:
        balance, included, pending = await self._transport.call_batch(
            RpcCall("eth_getBalance", (self._account, "latest")),
            RpcCall("eth_getTransactionCount", (self._account, "latest")),
            RpcCall("eth_getTransactionCount", (self._account, "pending")),
        )
        return PostingAccount(self._account, read_uint(balance), read_uint(included), read_uint(pending))

    async def prepare_posting(self, batch: Batch, nonce: int, replaces: PreparedPosting | None) -> PreparedPosting:
        """Raises LedgerNonceConflict as well, when ``nonce`` is in a block already."""
        body = batch.body if self.posting_form is PostingForm.FULL else b""
        calldata = encode_post_batch(batch.header_bytes, batch.signature, body)
        market = await self._read_market()
        if nonce < market.next_nonce:
            raise LedgerNonceConflict(f"nonce {nonce} is used, {market.next_nonce} comes next")
        offer = choose_offer(market.base_fee, market.tip, _replaced_offer(replaces), self._posting.caps)
        # only the account's next transaction can be estimated: the contract wants the batches before this one first
        gas = await self._estimate_gas(calldata) if nonce == market.next_nonce else bound_gas(calldata)
        if gas > market.gas_limit:
            raise PostingRefused(f"{gas} gas, a block of {self.ledger_id} has {market.gas_limit}")
        if market.balance < gas * offer.max_fee:
            raise LedgerFundsTooLow(f"{self._account} has {market.balance} wei and needs {gas * offer.max_fee}")
        raw = await self._posting.signer.sign_transaction(self._fields(calldata, nonce, gas, (market, offer)))
        bumps = replaces.bumps + 1 if replaces else 0
        return PreparedPosting(batch.header.number, keccak(raw), raw, nonce, offer.max_fee, bumps)

    async def broadcast(self, prepared: PreparedPosting) -> None:
        try:
            answer = await self._transport.call("eth_sendRawTransaction", "0x" + prepared.raw.hex())
        except JsonRpcError as error:
            refusal = translate_refusal(error)
            if is_known(error) or (isinstance(refusal, LedgerNonceConflict) and await self._is_known(prepared.tx_id)):
                return
            raise refusal from error
        if read_hash(answer) != prepared.tx_id:
            raise LedgerUnavailable("the node took the posting under another hash")

    async def read_posting(self, tx_id: Hash) -> PostingStatus:
        receipt, transaction = await self._transport.call_batch(
            RpcCall("eth_getTransactionReceipt", ("0x" + tx_id.hex(),)),
            RpcCall("eth_getTransactionByHash", ("0x" + tx_id.hex(),)),
        )
        if receipt is None:
            return PostingStatus(PostingState.UNKNOWN if transaction is None else PostingState.PENDING)
        fields = read_object(receipt)
        height, block_hash = read_uint(fields.get("blockNumber")), read_hash(fields.get("blockHash"))
        block = await self._transport.call("eth_getBlockByNumber", hex(height), False)
        if block is None or read_hash(read_object(block).get("hash")) != block_hash:
            return PostingStatus(PostingState.PENDING)  # its block was replaced while we looked
        fee = read_uint(fields.get("gasUsed")) * read_uint(fields.get("effectiveGasPrice"))
        state = PostingState.INCLUDED if read_uint(fields.get("status")) == 1 else PostingState.FAILED
        return PostingStatus(state, height, block_hash, fee)

    async def _read_market(self) -> _Market:
        identity, latest, tip, price, balance, count, code = await self._transport.try_batch(
            RpcCall("eth_chainId"),
            RpcCall("eth_getBlockByNumber", ("latest", False)),
            RpcCall("eth_maxPriorityFeePerGas"),
            RpcCall("eth_gasPrice"),
            RpcCall("eth_getBalance", (self._account, "latest")),
            RpcCall("eth_getTransactionCount", (self._account, "latest")),
            RpcCall("eth_getCode", ("0x" + self._rules.contract.hex(), "latest")),
        )
        self._check_chain_id(identity)
        for answer in (latest, price, balance, count, code):
            if isinstance(answer, JsonRpcError):
                raise answer
        if not read_data(code):  # a call to an empty account succeeds, and nobody would ever find the batch
            raise PostingRefused(f"no contract at 0x{self._rules.contract.hex()} on {self.ledger_id}")
        block = read_object(latest)
        base_fee = read_uint(block["baseFeePerGas"]) if "baseFeePerGas" in block else None
        if base_fee is None:
            offered = read_uint(price)
        elif isinstance(tip, JsonRpcError):  # nodes that know no eth_maxPriorityFeePerGas
            offered = max(read_uint(price) - base_fee, 0)
        else:
            offered = read_uint(tip)
        return _Market(base_fee, read_uint(block.get("gasLimit")), offered, read_uint(balance), read_uint(count))

    async def _estimate_gas(self, calldata: bytes) -> int:
        call = {"from": self._account, "to": "0x" + self._rules.contract.hex(), "data": "0x" + calldata.hex()}
        try:
            gas = read_uint(await self._transport.call("eth_estimateGas", call, "latest"))
        except JsonRpcError as error:
            raise translate_refusal(error) from error
        return gas * (100 + ESTIMATE_MARGIN_PERCENT) // 100

    def _fields(self, calldata: bytes, nonce: int, gas: int, terms: tuple[_Market, Offer]) -> Mapping[str, int | bytes]:
        market, offer = terms
        fields: dict[str, int | bytes] = {
            "chainId": self._rules.chain_id,
            "nonce": nonce,
            "to": self._rules.contract,
            "value": 0,
            "data": calldata,
            "gas": gas,
        }
        if market.base_fee is None:
            return fields | {"gasPrice": offer.max_fee}
        return fields | {"type": 2, "maxFeePerGas": offer.max_fee, "maxPriorityFeePerGas": offer.max_tip}

    async def _is_known(self, tx_id: Hash) -> bool:
        return await self._transport.call("eth_getTransactionByHash", "0x" + tx_id.hex()) is not None


def _replaced_offer(replaces: PreparedPosting | None) -> Offer | None:
    if replaces is None:
        return None
    transaction = decode_transaction(replaces.raw)
    return Offer(transaction.max_fee, transaction.max_tip)
