"""UtxoLedger: reads heads, blocks and pointers of one ledger of the Bitcoin family through one node.

Works with pruned nodes as far as they have the blocks, and needs no index. Whether a pointer counts is for consensus to
say.
"""

from dataclasses import dataclass

from ledgers.transport import JsonRpcError, RpcCall, RpcTransport
from ledgers.utxo.answers import read_hash, read_header, read_hex, read_int, read_list, read_object, read_text
from ledgers.utxo.networks import describe_ledger, find_network, ledger_id_of
from ledgers.utxo.pointers import find_pointer, marker_of
from ledgers.utxo.refusals import OUT_OF_RANGE, translate_refusal
from rollup.core.errors import LedgerReorged, LedgerUnavailable, UnknownBlock, WrongLedger
from rollup.core.ids import Hash, LedgerId
from rollup.core.ledger import LedgerBlock, LedgerHead, SeenPosting

HASHES_PER_EXCHANGE = 500
SEEN_MAX = 4_096

IDENTITY = RpcCall("getblockhash", (0,))


@dataclass(frozen=True, slots=True)
class UtxoRules:
    """What this ledger is and what on it is ours. A block with ``finality_depth`` blocks on top is final."""

    ledger_id: LedgerId
    rollup_id: int
    finality_depth: int


class UtxoLedger:
    """Fits the port `Ledger`. The transport is opened and closed by whoever made it."""

    def __init__(self, transport: RpcTransport, rules: UtxoRules) -> None:
        self._transport = transport
        self._rules = rules
        self._marker = marker_of(rules.rollup_id)
        self._seen: dict[Hash, Hash] = {}
        """Blocks of the postings read last: a node without an index finds a transaction by its block only."""

    @property
    def ledger_id(self) -> LedgerId:
        return self._rules.ledger_id

    async def read_head(self) -> LedgerHead:
        identity, best = await self._ask(IDENTITY, RpcCall("getbestblockhash"))
        self._check_identity(identity)
        (header,) = await self._ask(RpcCall("getblockheader", (read_text(best),)))
        tip = read_header(header)
        return LedgerHead(tip, max(tip.height - self._rules.finality_depth, -1))

    async def read_block(self, height: int) -> LedgerBlock:
        (digest,) = await self._read_hashes(height, height)
        (header,) = await self._ask(RpcCall("getblockheader", (digest.hex(),)))
        block = read_header(header)
        if block.height != height:
            raise LedgerUnavailable("the node answered another block")
        return block

    async def read_postings(self, first: int, last: int) -> tuple[SeenPosting, ...]:
        """Raises UnknownBlock when ``last`` is above the tip, LedgerReorged when blocks are replaced during the
        reading, LedgerUnavailable where the node has pruned them."""
        postings: list[SeenPosting] = []
        await self._check_reaches(first, last)
        while first <= last:
            end = min(last, first + HASHES_PER_EXCHANGE - 1)
            hashes = await self._read_hashes(first, end)
            for height, digest in enumerate(hashes, first):
                postings += await self._read_block_postings(height, digest)
            if await self._read_hashes(first, end) != hashes:
                raise LedgerReorged(f"blocks {first} to {end} of {self.ledger_id} were replaced")
            first = end + 1
        self._remember(postings)
        return tuple(postings)

    async def _check_reaches(self, first: int, last: int) -> None:
        """Say at once that ``last`` is above the tip; identity counts even for an empty range."""
        if first <= last:
            await self._read_hashes(last, last)

    async def _read_hashes(self, first: int, last: int) -> list[Hash]:
        """Of canonical blocks, with the chain's identity checked in the same exchange."""
        calls = (RpcCall("getblockhash", (height,)) for height in range(first, last + 1))
        identity, *answers = await self._transport.try_batch(IDENTITY, *calls)
        self._check_identity(_unless_error(identity))
        for height, answer in enumerate(answers, first):
            if isinstance(answer, JsonRpcError) and answer.code == OUT_OF_RANGE:
                raise UnknownBlock(f"height {height}")
        return [read_hash(_unless_error(answer)) for answer in answers]

    async def _read_block_postings(self, height: int, digest: Hash) -> list[SeenPosting]:
        """The bare block first: only one that holds the marker is worth taking apart."""
        (raw,) = await self._ask(RpcCall("getblock", (digest.hex(), 0)))
        if self._marker not in read_text(raw):
            return []
        (answer,) = await self._ask(RpcCall("getblock", (digest.hex(), 2)))
        block = read_object(answer)
        if read_int(block.get("confirmations")) < 1:
            raise LedgerReorged(f"block {height} of {self.ledger_id} was replaced")
        found = []
        for position, value in enumerate(read_list(block.get("tx"))):
            transaction = read_object(value)
            pointer = find_pointer(output_scripts(transaction), self._rules.rollup_id)
            if pointer is not None:
                tx_id = read_hash(transaction.get("txid"))
                found.append(SeenPosting(pointer.number, pointer.batch_hash, None, tx_id, height, digest, position))
        return found

    def _remember(self, postings: list[SeenPosting]) -> None:
        self._seen |= {posting.tx_id: posting.block_hash for posting in postings}
        while len(self._seen) > SEEN_MAX:
            del self._seen[next(iter(self._seen))]

    def _check_identity(self, answer: object) -> None:
        genesis_hash = read_hash(answer)
        network = find_network(self.ledger_id)
        if ledger_id_of(genesis_hash) != self.ledger_id or (network and network.genesis_hash != genesis_hash):
            raise WrongLedger(f"{describe_ledger(genesis_hash)}, not {self.ledger_id}")

    async def _ask(self, *calls: RpcCall) -> list[object]:
        """Answers to all; the first error of any, in the project's words."""
        return [_unless_error(answer) for answer in await self._transport.try_batch(*calls)]


def output_scripts(transaction: dict[str, object]) -> list[bytes]:
    """Scripts of a decoded transaction's outputs. Outputs without one (MWEB) are left out."""
    outputs = [read_object(output) for output in read_list(transaction.get("vout"))]
    scripts = [read_object(output["scriptPubKey"]) for output in outputs if "scriptPubKey" in output]
    return [read_hex(script["hex"]) for script in scripts if "hex" in script]


def _unless_error(answer: object) -> object:
    if isinstance(answer, JsonRpcError):
        raise translate_refusal(answer) from answer
    return answer
