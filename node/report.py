"""The JSON document that a devnet prints at its end: every batch, and which ledger carries it where."""

from collections.abc import Iterable

from node.rollup_node import RollupNode
from rollup.core.batch import Batch
from rollup.core.block import build_block_input
from rollup.core.heads import PostingRecord
from rollup.core.ids import BatchNumber, BlockNumber


def build_report(node: RollupNode) -> dict[str, object]:
    """Plain JSON values. Heights and counts are numbers, hashes hex."""
    heads = node.driver.heads()
    last = node.chain.store.batches.last_batch()
    numbers = range(1, last.header.number + 1 if last else 1)
    batches = (node.chain.store.batches.batch(BatchNumber(number)) for number in numbers)
    return {
        "chainId": node.genesis.chain.rule.chain_id,
        "genesisHash": _hex(node.chain.genesis_hash),
        "heads": {
            "unsafe": heads.unsafe,
            "safe": heads.safe,
            "finalized": heads.finalized,
            "attested": heads.attested,
        },
        "headHash": _head_hash(node),
        "ledgers": [
            {
                "index": status.spec.index,
                "ledgerId": status.spec.ledger_id,
                "role": status.spec.role.value,
                "height": status.height,
                "finalizedHeight": status.finalized_height,
                "lastBatchFinal": status.last_batch_final,
            }
            for status in node.driver.ledger_status()
        ],
        "batches": [_batch_row(node, batch) for batch in batches if batch is not None],
    }


def _batch_row(node: RollupNode, batch: Batch) -> dict[str, object]:
    transactions, raw_bytes = count_transactions(node, batch.header.first_block, batch.header.last_block)
    return {
        "number": batch.header.number,
        "hash": _hex(batch.hash),
        "firstBlock": batch.header.first_block,
        "lastBlock": batch.header.last_block,
        "transactions": transactions,
        "bytes": batch.header.data_length,
        "rawBytes": raw_bytes,
        "ratio": round(batch.header.data_length / raw_bytes, 4) if raw_bytes else None,
        "ledgers": [_posting_row(node, row) for row in node.chain.store.outbox.of_batch(batch.header.number)],
    }


def count_transactions(node: RollupNode, first: BlockNumber, last: BlockNumber) -> tuple[int, int]:
    """Users' transactions in a range of blocks, and their raw bytes."""
    raws = [raw for number in range(first, last + 1) for raw in _raws(node, BlockNumber(number))]
    return len(raws), sum(len(raw) for raw in raws)


def _raws(node: RollupNode, number: BlockNumber) -> Iterable[bytes]:
    block = node.chain.store.blocks.block(number)
    return build_block_input(block).transactions if block else ()


def _posting_row(node: RollupNode, row: PostingRecord) -> dict[str, object]:
    return {
        "ledgerId": node.genesis.ledgers[row.ledger_index].ledger_id,
        "role": node.genesis.ledgers[row.ledger_index].role.value,
        "state": row.state,
        "txId": _hex(row.tx_id) if row.tx_id else None,
        "height": row.height,
        "blockHash": _hex(row.block_hash) if row.block_hash else None,
    }


def _head_hash(node: RollupNode) -> str | None:
    header = node.chain.store.blocks.header(node.driver.heads().unsafe)
    return _hex(header.hash) if header else None


def _hex(value: bytes) -> str:
    return "0x" + value.hex()
