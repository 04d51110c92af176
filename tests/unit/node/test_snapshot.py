"""Rates over a sliding window, and when a batch counts as settled everywhere."""

from dataclasses import replace

from node.snapshot import RateMeter, Snapshot
from rollup.core.genesis import FinalityRule, LedgerRole, LedgerSpec
from rollup.core.heads import Heads, LedgerStatus
from rollup.core.ids import BatchNumber, BlockNumber, LedgerId, LedgerIndex

SPEC = LedgerSpec(LedgerIndex(0), LedgerId("eip155:1"), "evm", LedgerRole.ANCHOR, FinalityRule.TAG, 0, "", 0)
ZERO = BlockNumber(0)
NO_BATCH = BatchNumber(0)


def make_status(final: int) -> LedgerStatus:
    return LedgerStatus(SPEC, True, 5, 3, 0.0, BatchNumber(9), BatchNumber(final), None, 1, 0, "", ())


def test_rate_forgets_what_left_the_window() -> None:
    meter = RateMeter(window_s=10.0)
    meter.add(50, now=100.0)
    meter.add(30, now=105.0)
    assert meter.per_s(now=106.0) == 8.0
    assert meter.per_s(now=112.0) == 3.0
    assert meter.per_s(now=200.0) == 0.0
    assert meter.total == 80


def test_final_everywhere_is_decided_by_the_last_ledger() -> None:
    heads = Heads(ZERO, ZERO, ZERO, ZERO, ZERO)
    snapshot = Snapshot(0.0, heads, BatchNumber(9), 0, 0.0, 0, (make_status(4), make_status(7)), ())
    assert snapshot.is_final_everywhere(4)
    assert not snapshot.is_final_everywhere(5)
    assert replace(snapshot, ledgers=(make_status(7),)).is_final_everywhere(7)
