"""Blocks traced again: what comes out is what the block's receipts say, whole or in pieces."""

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from vm_chain import ACCOUNTS, COUNTER, ETHER, GENESIS, LOGGER, RULE, SPINNER, open_engine, seal, sign

from rollup.core.block import Block
from rollup.core.cursor import Cursor
from rollup.core.errors import CallTimedOut, UnknownBlock, UnknownTracer
from rollup.core.ids import BlockNumber
from rollup.core.tracing import ROOT_TRACER, BlockTraceRequest, TracerSpec
from rollup.vm.calls import CallLimits
from rollup.vm.engine import Engine

LIMITS = CallLimits(50_000_000)


def request(block: Block, first: int = 0, stop: int | None = None, name: str = "callTracer") -> BlockTraceRequest:
    stop = len(block.transactions) if stop is None else stop
    spec = TracerSpec(name, {"withLog": True})
    return BlockTraceRequest(block.header, block.transactions, block.senders, first, stop, spec)


def traces(engine: Engine, *args: object, **kwargs: object) -> list[dict[str, object]]:
    return [orjson.loads(text) for text in engine.trace_block(request(*args, **kwargs), LIMITS)]  # type: ignore[arg-type]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(tmp_path, GENESIS)
    yield engine
    engine.close()


def test_gas_status_and_logs_are_those_of_the_receipts(engine: Engine) -> None:
    seal(engine, sign(0, 0))
    block = seal(
        engine,
        sign(0, 1),
        sign(0, 2, LOGGER),
        sign(1, 0, SPINNER),
        sign(2, 0, ACCOUNTS[3], value=ETHER),
        sign(1, 1, LOGGER),
    )
    index = 0
    for trace, receipt in zip(traces(engine, block), block.receipts, strict=True):
        assert trace["gasUsed"] == hex(receipt.gas_used)
        assert ("error" in trace) == (receipt.status == 0)
        logs = trace.get("logs", [])
        assert [log["address"] for log in logs] == ["0x" + log.address.hex() for log in receipt.logs]
        for log in logs:
            assert log["index"] == hex(index)
            index += 1
    assert index == 2


def test_a_block_in_pieces_is_the_same_as_in_one(engine: Engine) -> None:
    block = seal(engine, *(sign(0, nonce) for nonce in range(4)))
    seal(engine, sign(0, 4))
    whole = traces(engine, block)
    assert [traces(engine, block, index, index + 1)[0] for index in range(4)] == whole
    assert traces(engine, block, 1, 2) == whole[1:2]


def test_prestate_and_diff_lead_from_the_parents_state_to_the_blocks(engine: Engine) -> None:
    block = seal(engine, sign(0, 0), sign(1, 0, value=5))
    spec = TracerSpec("prestateTracer", {"diffMode": True})
    asked = BlockTraceRequest(block.header, block.transactions, block.senders, 0, 2, spec)
    diffs = [orjson.loads(text) for text in engine.trace_block(asked, LIMITS)]
    number = block.header.number
    for diff, edge in ((diffs[0]["pre"], number - 1), (diffs[-1]["post"], number)):
        slot = diff["0x" + COUNTER.hex()]["storage"]["0x" + "00" * 32]
        assert int(slot, 16) == engine.read_storage(COUNTER, 0, edge)
    sender = engine.read_accounts((ACCOUNTS[0],), number)[0]
    assert diffs[0]["post"]["0x" + ACCOUNTS[0].hex()] == {"balance": hex(sender.balance), "nonce": sender.nonce}
    assert "0x" + RULE.coinbase.hex() in diffs[0]["post"]


def test_deposits_come_first(engine: Engine) -> None:
    cursor = Cursor(0, 7, b"\x07" * 32, 0, bytes(32))  # type: ignore[arg-type]
    block = seal(engine, sign(0, 0), cursors=(cursor,))
    found = traces(engine, block)
    assert [trace["gasUsed"] for trace in found] == [hex(receipt.gas_used) for receipt in block.receipts]


def test_out_of_time_keeps_what_was_run(engine: Engine) -> None:
    block = seal(engine, sign(0, 0), sign(0, 1))
    with pytest.raises(CallTimedOut):
        engine.trace_block(request(block), CallLimits(50_000_000, deadline=0.0))
    assert len(traces(engine, block)) == 2


def test_the_root_after_the_last_transaction_is_the_blocks(engine: Engine) -> None:
    block = seal(engine, sign(0, 0), sign(1, 0, value=5), sign(0, 1))
    roots = engine.trace_block(request(block, name=ROOT_TRACER), LIMITS)
    assert len(set(roots)) == 3
    assert orjson.loads(roots[-1]) == "0x" + block.header.state_root.hex()


def test_a_block_that_was_taken_back_is_unknown(engine: Engine) -> None:
    seal(engine, sign(0, 0))
    block = seal(engine, sign(0, 1))
    engine.rewind(BlockNumber(0))
    seal(engine, sign(1, 0))
    with pytest.raises(UnknownBlock, match="no longer on the chain"):
        engine.trace_block(request(block), LIMITS)


def test_unknown_tracers_are_named(engine: Engine) -> None:
    block = seal(engine, sign(0, 0))
    with pytest.raises(UnknownTracer, match="nonsenseTracer"):
        engine.trace_block(request(block, name="nonsenseTracer"), LIMITS)
