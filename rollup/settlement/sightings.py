"""What the watcher of one ledger saw lately, for its poster: the ledger's own memory of what was posted."""

import asyncio
from collections import OrderedDict

from rollup.core.batch import check_batch
from rollup.core.errors import BadSignature, MalformedBatch
from rollup.core.hashes import keccak, recover_signer
from rollup.core.ids import Address, BatchNumber, Hash
from rollup.core.ledger import LedgerBlock, PostingForm, SeenPosting

SIGHTINGS_MAX = 8_192


class LedgerSightings:
    """An observer of one ledger that the poster reads. ``moved`` is set whenever the ledger did something;
    ``tip`` is its head when everything up to there was read (None: not level).

    Anybody may write to a ledger: what lacks the sequencer's signature, or the body where the ledger is to carry it, is
    not a sighting.
    """

    def __init__(self, posting_form: PostingForm, sequencer: Address) -> None:
        self._posting_form = posting_form
        self._sequencer = sequencer
        self.finalized_height = -1
        self.tip: LedgerBlock | None = None
        self.reorgs = 0
        self.moved = asyncio.Event()
        self._seen: OrderedDict[tuple[BatchNumber, Hash], SeenPosting] = OrderedDict()
        self._fresh: dict[tuple[BatchNumber, Hash], SeenPosting] = {}

    def find(self, number: BatchNumber, batch_hash: Hash) -> SeenPosting | None:
        return self._seen.get((number, batch_hash))

    def take_fresh(self) -> tuple[SeenPosting, ...]:
        """Sightings since the last call."""
        fresh = tuple(self._fresh.values())
        self._fresh.clear()
        return fresh

    def put_back(self, posting: SeenPosting) -> None:
        """Offer it again next time, if it is still on the ledger."""
        key = (posting.batch_number, posting.batch_hash)
        if key in self._seen:
            self._fresh[key] = posting

    async def read_position(self, ledger_index: int) -> LedgerBlock | None:  # noqa: ARG002 - part of the port
        """Keeps none: what is final needs no poster."""
        return None

    async def on_posting(self, ledger_index: int, posting: SeenPosting) -> None:  # noqa: ARG002 - part of the port
        key = (posting.batch_number, posting.batch_hash)
        if key in self._seen or not self._is_genuine(posting):
            return  # of replays the first one counts
        self._seen[key] = self._fresh[key] = posting
        if len(self._seen) > SIGHTINGS_MAX:
            forgotten, _ = self._seen.popitem(last=False)
            self._fresh.pop(forgotten, None)

    async def on_advanced(
        self, ledger_index: int, scanned: LedgerBlock, finalized: LedgerBlock | None, head_height: int
    ) -> None:
        del ledger_index
        self.finalized_height = finalized.height if finalized else -1
        self.tip = scanned if scanned.height >= head_height else None
        self.moved.set()

    async def on_reorged(self, ledger_index: int, to_height: int) -> None:
        del ledger_index
        for key in [key for key, posting in self._seen.items() if posting.height > to_height]:
            del self._seen[key]
            self._fresh.pop(key, None)
        self.finalized_height = min(self.finalized_height, to_height)
        self.tip = None
        self.reorgs += 1
        self.moved.set()

    async def on_lost(self, ledger_index: int, reason: str) -> None:
        """The poster meets the same silence itself."""

    async def on_reached(self, ledger_index: int) -> None:
        del ledger_index
        self.moved.set()

    def _is_genuine(self, posting: SeenPosting) -> bool:
        batch = posting.batch
        if self._posting_form is PostingForm.POINTER:
            return True
        if batch is None or (batch.hash, batch.header.number) != (posting.batch_hash, posting.batch_number):
            return False
        try:
            if self._posting_form is PostingForm.FULL:
                check_batch(batch, self._sequencer)
            return recover_signer(keccak(batch.header_bytes), batch.signature) == self._sequencer
        except (MalformedBatch, BadSignature):
            return False
