"""Which postings count: validity on the anchor ledger, authorship anywhere (protocol sections 4, 5 and 9)."""

from rollup.consensus.commands import SignedHeader
from rollup.consensus.state import Entry, Settings, State, anchored_tip
from rollup.core.batch import BATCH_VERSION, Batch, decode_header, encode_header
from rollup.core.cursor import Cursor
from rollup.core.errors import BadSignature
from rollup.core.hashes import keccak, recover_signer
from rollup.core.ledger import SeenPosting


def find_refusal(state: State, posting: SeenPosting) -> str:
    """Why a posting on the anchor ledger counts for nothing; '' for the one that is next in the order.

    The same answer on every node, because it looks at the posting and at the order so far only.
    """
    batch, settings, tip = posting.batch, state.settings, anchored_tip(state)
    if batch is None or not batch.body:
        return "a pointer without data counts for nothing"
    if not is_authentic(settings, posting):
        return "not a batch of our sequencer"
    if batch.header.number != tip.number + 1:
        return f"out of order: batch {tip.number + 1} is next"
    if batch.header.parent_hash != tip.hash:
        return "its parent is not the batch before it"
    if len(batch.body) > settings.body_bytes_max:
        return f"larger than {settings.body_bytes_max} bytes"
    if len(batch.body) != batch.header.data_length or keccak(batch.body) != batch.header.data_hash:
        return "the body is not the one that the header names"
    return ""


def is_authentic(settings: Settings, posting: SeenPosting) -> bool:
    """The posting holds a header of this rollup that the sequencer signed, and is labelled with its own number."""
    batch = posting.batch
    if batch is None or posting.batch_hash != batch.hash or posting.batch_number != batch.header.number:
        return False
    header = batch.header
    ours = (BATCH_VERSION, settings.rollup_id, settings.sequencer_epoch)
    if (header.version, header.rollup_id, header.sequencer_epoch) != ours:
        return False
    if encode_header(header) != batch.header_bytes or keccak(batch.header_bytes) != batch.hash:
        return False
    try:
        return recover_signer(batch.hash, batch.signature) == settings.sequencer
    except BadSignature:
        return False


def signed_header(batch: Batch) -> SignedHeader:
    """The part of a batch that proves who committed to what."""
    return SignedHeader(batch.hash, batch.header_bytes, batch.signature)


def cursors_of(entry: Entry) -> tuple[Cursor, ...]:
    """How far the ledgers were read after a batch, as its header says."""
    return decode_header(entry.signed.header_bytes).cursors if entry.number else ()
