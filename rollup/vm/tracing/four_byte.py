"""Selectors of the functions that were called, with the size of their arguments: geth's 4byteTracer."""

from collections import Counter
from typing import Any

from rollup.vm.tracing.tracer import FrameEntry, Tracer

SELECTOR_BYTES = 4


class FourByteTracer(Tracer):
    """``selector-size`` to the number of calls. Of the top frame the input counts whatever it is."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def on_enter(self, entry: FrameEntry) -> None:
        is_call = entry.kind in ("CALL", "CALLCODE", "DELEGATECALL", "STATICCALL") and not entry.is_precompile
        if len(entry.input) >= SELECTOR_BYTES and (is_call or not entry.depth):
            self._counts[f"0x{entry.input[:SELECTOR_BYTES].hex()}-{len(entry.input) - SELECTOR_BYTES}"] += 1

    def result(self) -> Any:
        return dict(self._counts)
