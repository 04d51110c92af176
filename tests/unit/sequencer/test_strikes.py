"""Who waits after a transaction that nobody paid for, and for how long."""

from pool_accounts import signer_of

from rollup.core.ids import Address
from rollup.sequencer.strikes import STRIKES_MAX, Strikes


def test_a_strike_passes() -> None:
    strikes = Strikes(strike_s=10.0)
    strikes.note(signer_of(1), now=5.0)
    assert [strikes.left_s(signer_of(1), now) for now in (5.0, 14.0, 15.0, 99.0)] == [10.0, 1.0, 0.0, 0.0]
    assert strikes.left_s(signer_of(2), 5.0) == 0.0


def test_the_oldest_strikes_make_room() -> None:
    strikes = Strikes(strike_s=10.0)
    senders = [Address(number.to_bytes(20, "big")) for number in range(STRIKES_MAX + 1)]
    for sender in senders:
        strikes.note(sender, now=0.0)
    assert [strikes.left_s(senders[index], 0.0) for index in (0, 1, -1)] == [0.0, 10.0, 10.0]
