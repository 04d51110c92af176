"""The store opens what is its own, and says plainly what is wrong with anything else."""

from pathlib import Path

from rollup.core.hashes import keccak
from rollup.store.store import open_store

GENESIS = keccak(b"genesis")


def test_what_was_written_is_there_after_opening_again(tmp_path: Path) -> None:
    with open_store(tmp_path / "store", GENESIS) as store:
        store.journal.append([b"one", b"two"])
        store.progress.put("heads", b"\x01")
        store.sign_once.claim("batch", 1, keccak(b"a"))
    with open_store(tmp_path / "store", GENESIS) as store:
        assert store.journal.replay() == [b"one", b"two"]
        assert store.progress.get("heads") == b"\x01"
        assert store.sign_once.digest_of("batch", 1) == keccak(b"a")
        assert store.blocks.head_number() is None
        assert store.outbox.of_batch(1) == ()
