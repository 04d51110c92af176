"""Batches, postings and ledgers as the ``rollup_`` namespace shows them. Same hex rules as the rest."""

from rollup.core.batch import Batch
from rollup.core.confirmation import SoftConfirmation
from rollup.core.cursor import Cursor
from rollup.core.genesis import LedgerSpec, RollupGenesis
from rollup.core.heads import Alarm, LedgerStatus, PostingRecord
from rpc.hexes import data, quantity

LedgerIds = dict[int, str]


def batch_json(
    batch: Batch, content: tuple[int, int] | None, ledger_ids: LedgerIds, *, with_body: bool
) -> dict[str, object]:
    """``content``: users' transactions and their raw bytes, for whoever asks how well the body compresses; null where
    the blocks were not executed yet."""
    header = batch.header
    count, raw_bytes = content or (None, None)
    shape: dict[str, object] = {
        "version": quantity(header.version),
        "rollupId": quantity(header.rollup_id),
        "number": quantity(header.number),
        "hash": data(batch.hash),
        "parentHash": data(header.parent_hash),
        "firstBlock": quantity(header.first_block),
        "lastBlock": quantity(header.last_block),
        "lastBlockHash": data(header.last_block_hash),
        "stateRoot": data(header.state_root),
        "outboxRoot": data(header.outbox_root),
        "dataHash": data(header.data_hash),
        "dataLength": quantity(header.data_length),
        "transactionCount": None if count is None else quantity(count),
        "rawLength": None if raw_bytes is None else quantity(raw_bytes),
        "cursors": [_cursor_json(cursor, ledger_ids) for cursor in header.cursors],
        "startTime": quantity(header.start_time),
        "endTime": quantity(header.end_time),
        "sequencerEpoch": quantity(header.sequencer_epoch),
        "header": data(batch.header_bytes),
        "signature": data(batch.signature),
    }
    if with_body:
        shape["body"] = data(batch.body)
    return shape


def _cursor_json(cursor: Cursor, ledger_ids: LedgerIds) -> dict[str, object]:
    return {
        "ledgerIndex": quantity(cursor.ledger_index),
        "ledgerId": ledger_ids.get(cursor.ledger_index),
        "height": quantity(cursor.height),
        "blockHash": data(cursor.block_hash),
        "messageCount": quantity(cursor.message_count),
        "messageAccumulator": data(cursor.message_accumulator),
    }


def posting_json(record: PostingRecord, ledger_ids: LedgerIds) -> dict[str, object]:
    """``txId`` is the transaction that carries it now; ``earlierTxIds`` are those it replaced."""
    return {
        "ledgerIndex": quantity(record.ledger_index),
        "ledgerId": ledger_ids.get(record.ledger_index),
        "batchNumber": quantity(record.batch_number),
        "batchHash": data(record.batch_hash),
        "state": record.state,
        "txId": None if record.tx_id is None else data(record.tx_id),
        "earlierTxIds": [data(tx_id) for tx_id in record.earlier_tx_ids],
        "height": None if record.height is None else quantity(record.height),
        "blockHash": None if record.block_hash is None else data(record.block_hash),
        "feeWei": quantity(record.fee_wei),
        "attempts": quantity(record.attempts),
        "bumps": quantity(record.bumps),
        "lastError": record.last_error,
    }


def spec_json(spec: LedgerSpec) -> dict[str, object]:
    return {
        "ledgerIndex": quantity(spec.index),
        "ledgerId": spec.ledger_id,
        "family": spec.family,
        "role": spec.role.value,
        "finality": spec.finality.value,
        "finalityDepth": quantity(spec.finality_depth),
        "address": spec.address,
        "startHeight": quantity(spec.start_height),
    }


def alarm_json(alarm: Alarm) -> dict[str, object]:
    return {
        "code": alarm.code,
        "ledgerIndex": None if alarm.ledger_index is None else quantity(alarm.ledger_index),
        "message": alarm.message,
        "since": alarm.since,
        "sticky": alarm.sticky,
    }


def ledger_json(status: LedgerStatus) -> dict[str, object]:
    """``height`` and ``finalizedHeight`` are null while nothing was seen."""
    return {
        **spec_json(status.spec),
        "watched": status.watched,
        "reachable": status.reachable,
        "height": _height(status.height),
        "finalizedHeight": _height(status.finalized_height),
        "lastSeenAt": status.last_seen_at,
        "lastBatchSeen": quantity(status.last_batch_seen),
        "lastBatchFinal": quantity(status.last_batch_final),
        "lastTxId": None if status.last_tx_id is None else data(status.last_tx_id),
        "confirmations": quantity(status.confirmations),
        "outboxDepth": quantity(status.outbox_depth),
        "error": status.error,
        "alarms": [alarm_json(alarm) for alarm in status.alarms],
    }


def _height(height: int) -> str | None:
    return None if height < 0 else quantity(height)


def genesis_json(genesis: RollupGenesis) -> dict[str, object]:
    """What a follower must agree on, without the allocation."""
    rule = genesis.chain.rule
    return {
        "chainId": quantity(rule.chain_id),
        "rollupId": quantity(genesis.rollup_id),
        "timestamp": quantity(genesis.chain.timestamp),
        "gasLimit": quantity(rule.gas_limit),
        "sequencer": data(genesis.sequencer),
        "sequencerEpoch": quantity(genesis.sequencer_epoch),
        "attestedMin": quantity(genesis.attested_min),
        "lyingLedgersMax": quantity(genesis.lying_ledgers_max),
        "ledgers": [spec_json(spec) for spec in genesis.ledgers],
    }


def confirmation_json(confirmation: SoftConfirmation) -> dict[str, object]:
    """``signature`` is 65 bytes r, s, v over ``confirmation_digest``."""
    return {
        "number": quantity(confirmation.number),
        "hash": data(confirmation.block_hash),
        "signature": data(confirmation.signature),
    }
