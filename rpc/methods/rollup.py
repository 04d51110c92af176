"""The ``rollup_`` namespace: labels, batches, where they are, and the ledgers. Only on nodes that settle or follow."""

import asyncio

from rollup.core.batch import Batch
from rollup.core.block import build_block_input
from rollup.core.ids import BatchNumber, BlockNumber, Hash
from rpc.block_refs import check_number
from rpc.hexes import data, quantity
from rpc.method import Method, Param
from rpc.ports import ChainReader, Confirmer, DropReader, HeadReader, NodePorts, RollupReader
from rpc.scalars import BlockRef, read_block, read_bool, read_hash, read_uint64
from rpc.shapes.rollup import (
    LedgerIds,
    alarm_json,
    batch_json,
    confirmation_json,
    genesis_json,
    ledger_json,
    posting_json,
)

_BATCH = Param(read_uint64)
_WITH_BODY = Param(read_bool, default=False)


def rollup_table(ports: NodePorts) -> dict[str, Method]:
    """The methods that this node can answer."""
    table: dict[str, Method] = {}
    if ports.heads is not None:
        table |= HeadMethods(ports, ports.heads).table()
    if ports.rollup is not None:
        table |= RollupMethods(ports, ports.rollup).table()
    if ports.confirmer is not None:
        table |= ConfirmationMethods(ports, ports.confirmer).table()
    if ports.drops is not None:
        table |= DropMethods(ports.drops).table()
    return table


class DropMethods:
    def __init__(self, drops: DropReader) -> None:
        self._drops = drops

    def table(self) -> dict[str, Method]:
        return {"rollup_getDropReason": Method(self.reason, (Param(read_hash),))}

    async def reason(self, transaction_hash: Hash) -> str | None:
        """Why an acknowledged transaction is in no block and waits no more: replaced, evicted, expired, invalid by now.
        null while it waits, when a block holds it, and when nobody remembers."""
        return self._drops.find_reason(transaction_hash)


class ConfirmationMethods:
    def __init__(self, ports: NodePorts, confirmer: Confirmer) -> None:
        self._ports = ports
        self._confirmer = confirmer

    def table(self) -> dict[str, Method]:
        return {"rollup_getConfirmation": Method(self.confirmation, (Param(read_block),))}

    async def confirmation(self, ref: BlockRef) -> object:
        """The sequencer's signature on a sealed block (docs/protocol.md section 5); null for the genesis, which nobody
        sealed."""
        header = self._ports.chain.header(check_number(self._ports, ref))
        if header is None or not header.number:
            return None
        return confirmation_json(self._confirmer.confirm(header))


class HeadMethods:
    def __init__(self, ports: NodePorts, heads: HeadReader) -> None:
        self._ports = ports
        self._heads = heads

    def table(self) -> dict[str, Method]:
        return {"rollup_heads": Method(self.heads)}

    async def heads(self) -> dict[str, object]:
        """Number and hash per label; ``received`` is known to exist and may not be executed here yet."""
        heads = self._heads.heads()
        labels = {"unsafe": heads.unsafe, "safe": heads.safe, "finalized": heads.finalized, "attested": heads.attested}
        shape: dict[str, object] = {label: self._head(number) for label, number in labels.items()}
        return shape | {"received": quantity(heads.received)}

    def _head(self, number: BlockNumber) -> dict[str, object]:
        header = self._ports.chain.header(number)
        return {"number": quantity(number), "hash": None if header is None else data(header.hash)}


class RollupMethods:
    def __init__(self, ports: NodePorts, rollup: RollupReader) -> None:
        self._ports = ports
        self._rollup = rollup
        self._counting = asyncio.Semaphore(1)

    def table(self) -> dict[str, Method]:
        table = {
            "rollup_getBatch": Method(self.batch, (_BATCH, _WITH_BODY)),
            "rollup_getBatchByBlock": Method(self.batch_of_block, (Param(read_block), _WITH_BODY)),
            "rollup_postings": Method(self.postings, (_BATCH,)),
            "rollup_ledgers": Method(self.ledgers),
            "rollup_alarms": Method(self.alarms),
        }
        if self._ports.genesis is not None:
            table["rollup_genesis"] = Method(self.genesis)
        return table

    async def batch(self, number: int, with_body: bool) -> object:
        return await self._shape(self._rollup.batch(BatchNumber(number)), with_body=with_body)

    async def batch_of_block(self, ref: BlockRef, with_body: bool) -> object:
        """null while the block is in no batch yet."""
        number = self._rollup.batch_of_block(check_number(self._ports, ref))
        return None if number is None else await self._shape(self._rollup.batch(number), with_body=with_body)

    async def postings(self, number: int) -> list[dict[str, object]]:
        ids = self._ledger_ids()
        return [posting_json(record, ids) for record in self._rollup.postings(BatchNumber(number))]

    async def ledgers(self) -> list[dict[str, object]]:
        return [ledger_json(status) for status in self._rollup.ledger_status()]

    async def alarms(self) -> list[dict[str, object]]:
        return [alarm_json(alarm) for alarm in self._rollup.alarms()]

    async def genesis(self) -> object:
        return None if self._ports.genesis is None else genesis_json(self._ports.genesis)

    async def _shape(self, batch: Batch | None, *, with_body: bool) -> object:
        """Its transactions are counted in a thread, one batch at a time: a batch may have a thousand blocks."""
        if batch is None:
            return None
        header = batch.header
        async with self._counting:
            content = await asyncio.to_thread(count_content, self._ports.chain, header.first_block, header.last_block)
        return batch_json(batch, content, self._ledger_ids(), with_body=with_body)

    def _ledger_ids(self) -> LedgerIds:
        return {status.spec.index: status.spec.ledger_id for status in self._rollup.ledger_status()}


def count_content(chain: ChainReader, first: BlockNumber, last: BlockNumber) -> tuple[int, int] | None:
    """Users' transactions in a run of blocks, and their raw bytes. None while a block was not executed here yet."""
    count = raw_bytes = 0
    for number in range(first, last + 1):
        block = chain.block(BlockNumber(number))
        if block is None:
            return None
        raws = build_block_input(block).transactions
        count += len(raws)
        raw_bytes += sum(map(len, raws))
    return count, raw_bytes
