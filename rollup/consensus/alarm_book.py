"""The alarms that stand: raised by the machine and by posters; sticky ones outlive the process."""

import time
from collections.abc import Callable

from rollup.core.heads import Alarm
from rollup.core.rlp_items import decode_rlp, encode_rlp, read_bytes, read_items, read_uint, uint_bytes


class AlarmBook:
    """One alarm per code and ledger. Raising a standing one keeps the time at which it was raised first."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """``clock`` gives seconds since the epoch."""
        self._clock = clock
        self._alarms: dict[tuple[str, int | None], Alarm] = {}

    def raise_alarm(self, code: str, ledger_index: int | None, message: str, *, sticky: bool = False) -> None:
        known = self._alarms.get((code, ledger_index))
        since = known.since if known else self._clock()
        self._alarms[code, ledger_index] = Alarm(code, ledger_index, message, since, sticky)

    def clear_alarm(self, code: str, ledger_index: int | None) -> None:
        self._alarms.pop((code, ledger_index), None)

    def alarms(self, ledger_index: int | None = None) -> tuple[Alarm, ...]:
        """All, or those of one ledger; the oldest first."""
        chosen = (alarm for alarm in self._alarms.values() if ledger_index in (None, alarm.ledger_index))
        return tuple(sorted(chosen, key=lambda alarm: (alarm.since, alarm.code)))

    def encode_sticky(self) -> bytes:
        """Durable form of the sticky alarms: list of [code, ledger index + 1 or 0, message, milliseconds]."""
        return encode_rlp([_alarm_fields(alarm) for alarm in self.alarms() if alarm.sticky])

    def restore_sticky(self, record: bytes) -> None:
        """Raises MalformedBatch for bytes that are no record."""
        for item in read_items(decode_rlp(record)):
            code, index, message, since = read_items(item, 4)
            ledger_index = read_uint(index, 4) - 1
            alarm = Alarm(
                read_bytes(code).decode(),
                None if ledger_index < 0 else ledger_index,
                read_bytes(message).decode(),
                read_uint(since, 8) / 1000,
                sticky=True,
            )
            self._alarms[alarm.code, alarm.ledger_index] = alarm


def _alarm_fields(alarm: Alarm) -> list[bytes]:
    index = 0 if alarm.ledger_index is None else alarm.ledger_index + 1
    return [alarm.code.encode(), uint_bytes(index), alarm.message.encode(), uint_bytes(int(alarm.since * 1000))]
