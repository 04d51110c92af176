"""A node of the memory network with a posting account: carries pointers, headers or whole batches."""

from dataclasses import dataclass, field

from ledgers.memory.network import MemoryNetwork
from ledgers.memory.reader import MemoryReader
from ledgers.memory.transaction import build_transaction, decode_transaction
from rollup.core.batch import Batch, Pointer, encode_pointer, encode_posting
from rollup.core.errors import LedgerFeeTooLow, LedgerFundsTooLow, LedgerNonceConflict, PostingRefused
from rollup.core.hashes import address_of
from rollup.core.ids import Hash
from rollup.core.ledger import PostingAccount, PostingForm, PostingState, PostingStatus, PreparedPosting


@dataclass(frozen=True, slots=True)
class MemoryPosting:
    """How this account posts. Fees in smallest units per byte; above ``fee_max`` it waits for an operator."""

    private_key: bytes = field(repr=False)
    posting_form: PostingForm = PostingForm.POINTER
    fee_per_byte: int = 1
    fee_max: int = 1_000


class MemoryLedger(MemoryReader):
    """Fits the ports `Ledger` and `CarriesPostings`."""

    def __init__(self, network: MemoryNetwork, rollup_id: int, posting: MemoryPosting) -> None:
        super().__init__(network, rollup_id, posting.posting_form)
        self._posting = posting
        self.account = address_of(posting.private_key)

    @property
    def posting_form(self) -> PostingForm:
        return self._posting_form

    async def read_account(self) -> PostingAccount:
        await self._answer()
        chain, account = self.network.chain, self.account
        balance = chain.balances.get(account, 0)
        return PostingAccount("0x" + account.hex(), balance, chain.next_nonce(account), chain.pending_nonce(account))

    async def prepare_posting(self, batch: Batch, nonce: int, replaces: PreparedPosting | None) -> PreparedPosting:
        await self._answer()
        chain = self.network.chain
        if nonce < chain.next_nonce(self.account):
            raise LedgerNonceConflict(f"nonce {nonce} is used, {chain.next_nonce(self.account)} comes next")
        fee = self._choose_fee(replaces)
        payload = self._build_payload(batch)
        if len(payload) > chain.rules.payload_bytes_max:
            raise PostingRefused(f"{len(payload)} bytes, a payload has at most {chain.rules.payload_bytes_max}")
        signed = build_transaction(chain.genesis_hash, self._posting.private_key, nonce, fee, payload)
        if chain.balances.get(self.account, 0) < signed.fee:
            raise LedgerFundsTooLow(f"0x{self.account.hex()} needs {signed.fee}")
        bumps = replaces.bumps + 1 if replaces else 0
        return PreparedPosting(batch.header.number, signed.tx_id, signed.raw, nonce, fee, bumps)

    async def broadcast(self, prepared: PreparedPosting) -> None:
        await self._answer()
        chain = self.network.chain
        chain.admit(decode_transaction(chain.genesis_hash, prepared.raw))

    async def read_posting(self, tx_id: Hash) -> PostingStatus:
        await self._answer()
        chain = self.network.chain
        height = chain.heights.get(tx_id)
        if height is None or height > self._tip():
            known = tx_id in chain.pool or height is not None
            return PostingStatus(PostingState.PENDING if known else PostingState.UNKNOWN)
        block = chain.block_at(height)
        fee = next(transaction.fee for transaction in block.transactions if transaction.tx_id == tx_id)
        return PostingStatus(PostingState.INCLUDED, height, self._serve(block).hash, fee)

    def _choose_fee(self, replaces: PreparedPosting | None) -> int:
        """The floor or what is configured; an eighth above what is replaced."""
        fee = max(self._posting.fee_per_byte, self.network.chain.fee_floor)
        if replaces is not None:
            fee = max(fee, -(-replaces.fee_wei_per_unit * 9 // 8), replaces.fee_wei_per_unit + 1)
        if fee > self._posting.fee_max:
            raise LedgerFeeTooLow(f"{fee} per byte is needed, the cap is {self._posting.fee_max}")
        return fee

    def _build_payload(self, batch: Batch) -> bytes:
        if self._posting_form is PostingForm.POINTER:
            return encode_pointer(Pointer(self._rollup_id, batch.header.number, batch.hash))
        return encode_posting(batch, with_body=self._posting_form is PostingForm.FULL)
