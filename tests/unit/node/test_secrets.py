"""Keys do not show where values are printed: in logs, in tracebacks, in a debugger's answer."""

from node.rollup_settings import RollupSettings
from rollup.core.ids import ZERO_HASH
from rollup.sequencer.batcher import BatchIdentity
from rollup.sequencer.block_builder import Signer

KEY = b"\x11\x22" * 16


def test_no_repr_shows_a_key() -> None:
    for holder in (RollupSettings(key=KEY), BatchIdentity(1, 0, ZERO_HASH, KEY), Signer(1, KEY)):
        assert repr(KEY) not in repr(holder)
