"""Log queries answer as eth_getLogs defines them, compared with a plain scan over everything."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stored_blocks import GENESIS, address, build_block

from rollup.core.block import Log
from rollup.core.errors import TooManyLogs
from rollup.core.hashes import keccak
from rollup.core.logs import LogFilter, is_match
from rollup.store.store import open_store

EMITTERS = [address(name) for name in ("a", "b", "c")]
TOPICS = [keccak(name) for name in (b"x", b"y", b"z")]

logs = st.builds(
    Log, st.sampled_from(EMITTERS), st.lists(st.sampled_from(TOPICS), max_size=4).map(tuple), st.binary(max_size=3)
)
chains = st.lists(st.lists(st.lists(logs, max_size=2), max_size=2), min_size=1, max_size=8)
positions = st.none() | st.lists(st.sampled_from(TOPICS), max_size=2).map(tuple)
filters = st.builds(
    LogFilter,
    st.integers(0, 9),
    st.integers(0, 9),
    st.lists(st.sampled_from(EMITTERS), max_size=2).map(tuple),
    st.lists(positions, max_size=4).map(tuple),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chain=chains, asked=st.lists(filters, min_size=1, max_size=8))
def test_the_index_finds_what_a_scan_finds(tmp_path_factory, chain, asked) -> None:  # type: ignore[no-untyped-def]
    with open_store(tmp_path_factory.mktemp("logs") / "store", GENESIS) as store:
        for number, transactions in enumerate(chain):
            store.blocks.append_block(build_block(number, transactions))
        for log_filter in asked:
            expected = [
                (number, position, log)
                for number, transactions in enumerate(chain)
                for position, emitted in enumerate(transactions)
                for log in emitted
                if log_filter.first <= number <= log_filter.last and is_match(log_filter, log)
            ]
            found = store.blocks.find_logs(log_filter, 1000)
            assert [(row.block_number, row.transaction_index, row.log) for row in found] == expected


@pytest.mark.parametrize(
    ("topics", "expected"),
    [
        ((), True),
        ((None,), True),
        (((TOPICS[0],),), True),
        (((TOPICS[1],),), False),
        (((TOPICS[1], TOPICS[0]),), True),
        ((None, (TOPICS[1],)), True),
        ((None, (TOPICS[0],)), False),
        ((None, None), True),
        ((None, None, None), False),
        (((TOPICS[0],), (TOPICS[1],)), True),
        (((TOPICS[0],), (TOPICS[2],)), False),
    ],
)
def test_topics_match_by_position(topics, expected) -> None:  # type: ignore[no-untyped-def]
    log = Log(EMITTERS[0], (TOPICS[0], TOPICS[1]), b"")
    assert is_match(LogFilter(0, 9, (), topics), log) is expected


def test_a_found_log_says_where_it_stands(tmp_path: Path) -> None:
    wanted = Log(EMITTERS[1], (TOPICS[0],), b"data")
    block = build_block(1, [[Log(EMITTERS[0], (), b"")], [Log(EMITTERS[0], (), b""), wanted]])
    with open_store(tmp_path / "store", GENESIS) as store:
        store.blocks.append_block(block)
        (found,) = store.blocks.find_logs(LogFilter(0, 5, (EMITTERS[1],)), 10)
    assert found.log == wanted
    assert (found.block_number, found.block_hash) == (1, block.header.hash)
    assert found.block_timestamp == block.header.timestamp
    assert (found.transaction_index, found.transaction_hash) == (1, block.receipts[1].transaction_hash)
    assert found.index == 2


def test_too_many_results_name_the_cap(tmp_path: Path) -> None:
    with open_store(tmp_path / "store", GENESIS) as store:
        for number in range(1, 6):
            store.blocks.append_block(build_block(number, [[Log(EMITTERS[0], (), b"")]]))
        assert len(store.blocks.find_logs(LogFilter(1, 5), 5)) == 5
        with pytest.raises(TooManyLogs, match="more than 4 logs"):
            store.blocks.find_logs(LogFilter(1, 5), 4)
