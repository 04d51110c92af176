"""EvmLedger: reads heads, blocks and postings of one EVM ledger through one node.

Postings are found by the contract's events and taken from the transactions' calldata. What the node says is checked
against itself (a log's block is canonical, the transaction is in that block, its content has the event's hash);
whether a batch is valid is for consensus to say.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from contracts import BATCH_MIRRORED_TOPIC, BATCH_POSTED_TOPIC, decode_post_batch
from ledgers.evm.answers import read_address, read_data, read_hash, read_ledger_block, read_list, read_object, read_uint
from ledgers.transport import JsonRpcError, RpcCall, RpcTransport
from rollup.core.batch import Batch, decode_header
from rollup.core.errors import LedgerReorged, LedgerUnavailable, MalformedBatch, UnknownBlock, WrongLedger
from rollup.core.genesis import FinalityRule
from rollup.core.hashes import keccak
from rollup.core.ids import Address, Hash, LedgerId
from rollup.core.ledger import LedgerBlock, LedgerHead, SeenPosting

LOG_SPAN_MAX = 1_000
"""Blocks per eth_getLogs; public nodes often refuse more."""

TRANSACTIONS_PER_EXCHANGE = 8
"""A posting may have 250 kB of hex: so many are parsed without holding up the event loop."""


@dataclass(frozen=True, slots=True)
class EvmRules:
    """What this ledger is and what on it is ours. ``genesis_hash`` tells apart chains of one id (None: not checked).

    ``finality_depth`` matters for DEPTH only.
    """

    ledger_id: LedgerId
    contract: Address
    rollup_id: int
    finality: FinalityRule
    finality_depth: int = 0
    genesis_hash: Hash | None = None

    @property
    def chain_id(self) -> int:
        return int(self.ledger_id.removeprefix("eip155:"))


@dataclass(frozen=True, slots=True)
class _FoundLog:
    """One event of the contract: where it is and which batch it names."""

    tx_id: Hash
    height: int
    block_hash: Hash
    position: int
    batch_hash: Hash


class EvmLedger:
    """Fits the port `Ledger`. The transport is opened and closed by whoever made it."""

    def __init__(self, transport: RpcTransport, rules: EvmRules) -> None:
        self._transport = transport
        self._rules = rules

    @property
    def ledger_id(self) -> LedgerId:
        return self._rules.ledger_id

    async def read_head(self) -> LedgerHead:
        """One exchange: identity, tip and finality together, so that no answer of another chain slips in between."""
        tags = ["latest"] + ["finalized"] * (self._rules.finality is FinalityRule.TAG)
        tags += ["0x0"] * (self._rules.genesis_hash is not None)
        identity, *blocks = await self._transport.try_batch(RpcCall("eth_chainId"), *map(_block_call, tags))
        answers = dict(zip(tags, blocks, strict=True))
        self._check_chain_id(identity)
        if "0x0" in answers and read_ledger_block(_unless_error(answers["0x0"])).hash != self._rules.genesis_hash:
            raise WrongLedger(f"the genesis block is not the one of {self.ledger_id} that is configured")
        tip = read_ledger_block(_unless_error(answers["latest"]))
        return LedgerHead(tip, self._finalized_height(tip, answers.get("finalized")))

    async def read_block(self, height: int) -> LedgerBlock:
        return _canonical(await self._transport.call("eth_getBlockByNumber", hex(height), False), height)

    async def read_postings(self, first: int, last: int) -> tuple[SeenPosting, ...]:
        """Raises UnknownBlock when ``last`` is above the tip, LedgerReorged when blocks are replaced during the
        reading."""
        postings: list[SeenPosting] = []
        while first <= last:
            end = min(last, first + LOG_SPAN_MAX - 1)
            logs = await self._read_logs(first, end)
            for start in range(0, len(logs), TRANSACTIONS_PER_EXCHANGE):
                postings += await self._read_transactions(logs[start : start + TRANSACTIONS_PER_EXCHANGE])
            first = end + 1
        return tuple(postings)

    def _check_chain_id(self, answer: object) -> None:
        chain_id = read_uint(_unless_error(answer))
        if chain_id != self._rules.chain_id:
            raise WrongLedger(f"eip155:{chain_id}, not {self.ledger_id}")

    def _finalized_height(self, tip: LedgerBlock, tagged: object) -> int:
        match self._rules.finality:
            case FinalityRule.INSTANT:
                return tip.height
            case FinalityRule.DEPTH:
                return max(tip.height - self._rules.finality_depth, -1)
            case FinalityRule.TAG:
                # before the first finalized block nodes answer null or an error
                unknown = tagged is None or isinstance(tagged, JsonRpcError)
                return -1 if unknown else min(read_ledger_block(tagged).height, tip.height)

    async def _read_logs(self, first: int, last: int) -> list[_FoundLog]:
        """Events of a span of blocks, in chain order. Halves the span where the node calls it too long."""
        query = {
            "fromBlock": hex(first),
            "toBlock": hex(last),
            "address": "0x" + self._rules.contract.hex(),
            "topics": [["0x" + BATCH_POSTED_TOPIC.hex(), "0x" + BATCH_MIRRORED_TOPIC.hex()]],
        }
        identity, end, logs = await self._transport.try_batch(
            RpcCall("eth_chainId"), _block_call(hex(last)), RpcCall("eth_getLogs", (query,))
        )
        self._check_chain_id(identity)
        _canonical(_unless_error(end), last)
        if isinstance(logs, JsonRpcError) and first < last:
            middle = (first + last) // 2
            return [*await self._read_logs(first, middle), *await self._read_logs(middle + 1, last)]
        found = [_read_log(log) for log in read_list(_unless_error(logs))]
        if any(not first <= log.height <= last for log in found):
            raise LedgerUnavailable("the node answered logs of other blocks")
        return sorted(found, key=lambda log: (log.height, log.position))

    async def _read_transactions(self, logs: Sequence[_FoundLog]) -> list[SeenPosting]:
        heights = sorted({log.height for log in logs})
        answers = await self._transport.call_batch(
            *(RpcCall("eth_getTransactionByHash", ("0x" + log.tx_id.hex(),)) for log in logs),
            *(_block_call(hex(height)) for height in heights),
        )
        hashes = {height: _hash_at(block) for height, block in zip(heights, answers[len(logs) :], strict=True)}
        for log in logs:
            if hashes[log.height] != log.block_hash:
                raise LedgerReorged(f"block {log.height} of {self.ledger_id} was replaced")
        found = [self._read_posting(log, answer) for log, answer in zip(logs, answers, strict=False)]
        return [posting for posting in found if posting is not None]

    def _read_posting(self, log: _FoundLog, answer: object) -> SeenPosting | None:
        """None for what is not a posting of this rollup, such as a call that reached the contract by another way."""
        transaction = {} if answer is None else read_object(answer)
        where = transaction.get("blockHash")
        if where is None or read_hash(where) != log.block_hash:
            raise LedgerReorged(f"transaction {log.tx_id.hex()} left block {log.height} of {self.ledger_id}")
        target = transaction.get("to")
        if target is None or read_address(target) != self._rules.contract:
            return None
        try:
            batch = _decode_batch(read_data(transaction.get("input")))
        except MalformedBatch:  # garbage counts for nothing
            return None
        if batch.hash != log.batch_hash:
            raise LedgerUnavailable("the node's transaction is not the one of its event")
        if batch.header.rollup_id != self._rules.rollup_id:
            return None
        number = batch.header.number
        return SeenPosting(number, batch.hash, batch, log.tx_id, log.height, log.block_hash, log.position)


def _decode_batch(calldata: bytes) -> Batch:
    header_bytes, signature, body = decode_post_batch(calldata)
    return Batch(decode_header(header_bytes), header_bytes, keccak(header_bytes), signature, body)


def _block_call(tag: str) -> RpcCall:
    return RpcCall("eth_getBlockByNumber", (tag, False))


def _unless_error(answer: object) -> object:
    if isinstance(answer, JsonRpcError):
        raise answer
    return answer


def _canonical(answer: object, height: int) -> LedgerBlock:
    if answer is None:
        raise UnknownBlock(f"height {height}")
    block = read_ledger_block(answer)
    if block.height != height:
        raise LedgerUnavailable("the node answered another block")
    return block


def _hash_at(answer: object) -> Hash | None:
    return None if answer is None else read_ledger_block(answer).hash


def _read_log(value: object) -> _FoundLog:
    log = read_object(value)
    topics = read_list(log.get("topics"))
    if len(topics) != 4:
        raise LedgerUnavailable("the node answered another event")
    return _FoundLog(
        tx_id=read_hash(log.get("transactionHash")),
        height=read_uint(log.get("blockNumber")),
        block_hash=read_hash(log.get("blockHash")),
        position=read_uint(log.get("transactionIndex")),
        batch_hash=read_hash(topics[2]),
    )
