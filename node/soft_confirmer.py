"""The sequencer's word on a block, for whoever asks: signed anew each time, and the same bytes each time (RFC 6979)."""

from rollup.core.block import BlockHeader
from rollup.core.confirmation import SoftConfirmation, sign_confirmation


class SoftConfirmer:
    """Fits the server's Confirmer. Only blocks of the store come here: those are sealed, and never sealed otherwise."""

    def __init__(self, rollup_id: int, private_key: bytes) -> None:
        self._rollup_id = rollup_id
        self._private_key = private_key

    def confirm(self, header: BlockHeader) -> SoftConfirmation:
        return sign_confirmation(self._rollup_id, header.number, header.hash, self._private_key)
