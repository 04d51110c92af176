"""Blocks built on demand: the transactions of real blocks reach the real roots, and the chain stays as it was."""

from dataclasses import replace

import pytest
from foreign_chain import make_chain

from rollup.core.block import Block
from rollup.core.errors import CallTimedOut, InvalidBlock, NonceTooHigh, NonceTooLow, UnknownBlock
from rollup.core.hashes import keccak
from rollup.core.header_codec import encode_header
from rollup.core.ids import BlockNumber
from rollup.core.payload import PayloadRequest
from rollup.vm.calls import CallLimits
from rollup.vm.engine import Engine
from rollup.vm.geth_genesis import parse_geth_genesis
from rollup.vm.import_chain import replay_chain

LIMITS = CallLimits(gas_max=30_000_000)


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Engine, list[Block]]:
    foreign = Engine.open(tmp_path_factory.mktemp("payloads"), parse_geth_genesis(make_chain().genesis))
    return foreign, list(replay_chain(foreign, make_chain().file))


def request_of(block: Block, **changes: object) -> PayloadRequest:
    header = block.header
    request = PayloadRequest(
        parent=BlockNumber(header.number - 1),
        timestamp=header.timestamp,
        prev_randao=header.prev_randao,
        coinbase=header.coinbase,
        beacon_root=header.parent_beacon_root,
        withdrawals=block.withdrawals,
        extra_data=header.extra_data,
        transactions=block.transactions,
        exact=True,
    )
    return replace(request, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("number", [20, 22, 24, 26, 27])
def test_the_transactions_of_a_block_make_that_block(imported: tuple[Engine, list[Block]], number: int) -> None:
    """But for the gas limit, which is the parent's."""
    foreign, blocks = imported
    real, head = blocks[number - 1], foreign.head()
    payload = foreign.build_payload(request_of(real), LIMITS)
    made = payload.block.header
    assert replace(payload.block, header=real.header) == real
    assert replace(made, gas_limit=real.header.gas_limit, hash=real.header.hash) == real.header
    assert made.hash == keccak(encode_header(made))
    tips = sum(each.gas_used * (each.effective_gas_price - made.base_fee) for each in real.receipts)
    assert payload.value == tips
    assert foreign.head() == head


def test_what_cannot_run_fails_or_is_left_out(imported: tuple[Engine, list[Block]]) -> None:
    foreign, blocks = imported
    real = blocks[-1]
    twice = (*real.transactions, real.transactions[0])
    with pytest.raises(NonceTooLow):
        foreign.build_payload(request_of(real, transactions=twice), LIMITS)
    with pytest.raises(NonceTooHigh):
        foreign.build_payload(request_of(real, transactions=real.transactions[1:]), LIMITS)
    payload = foreign.build_payload(request_of(real, transactions=twice, exact=False), LIMITS)
    assert payload.block.transactions == real.transactions


def test_parents_and_times_are_checked_and_time_is_limited(imported: tuple[Engine, list[Block]]) -> None:
    foreign, blocks = imported
    real = blocks[-1]
    with pytest.raises(UnknownBlock):
        foreign.build_payload(request_of(real, parent=BlockNumber(99)), LIMITS)
    with pytest.raises(InvalidBlock):
        foreign.build_payload(request_of(real, timestamp=1), LIMITS)
    with pytest.raises(CallTimedOut):
        foreign.build_payload(request_of(real), replace(LIMITS, deadline=0.0))
