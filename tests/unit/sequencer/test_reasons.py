"""Why transactions left, for as long as it is remembered."""

from rollup.core.hashes import keccak
from rollup.sequencer.reasons import EVICTED, EXPIRED, Reasons

ONE, TWO, THREE = (keccak(bytes([index])) for index in range(3))


def test_the_last_reason_counts_and_the_oldest_is_forgotten_first() -> None:
    reasons = Reasons(2)
    reasons.note(ONE, EVICTED)
    reasons.note(TWO, EVICTED)
    reasons.note(ONE, EXPIRED)
    reasons.note(THREE, EVICTED)
    assert [reasons.find(each) for each in (ONE, TWO, THREE)] == [EXPIRED, None, EVICTED]
    reasons.clear(ONE)
    assert reasons.find(ONE) is None
