"""kill -9 at any moment loses nothing that was acknowledged; a disk that takes no more is said so."""

import subprocess
import sys
import textwrap
from pathlib import Path

from stored_blocks import GENESIS, build_block

from rollup.core.hashes import keccak
from rollup.store.store import open_store

HERE = str(Path(__file__).parent)
WRITER = textwrap.dedent("""
    import sys
    sys.path.insert(0, sys.argv[2])
    from pathlib import Path
    from stored_blocks import GENESIS, build_batch, build_block
    from rollup.core.hashes import keccak
    from rollup.core.heads import PostingRecord
    from rollup.store.store import open_store

    with open_store(Path(sys.argv[1]), GENESIS) as store:
        number = (store.blocks.head_number() or 0) + 1
        while True:
            store.journal.append([b"raw %d" % number])
            store.sign_once.claim("batch", number, keccak(b"%d" % number))
            store.blocks.append_block(build_block(number, [[]]))
            store.batches.put_batch(build_batch(number, number, number))
            store.outbox.put(PostingRecord(0, number, keccak(b"b"), "queued"))
            print(number, flush=True)
            number += 1
""")


def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "store"
    acknowledged = 0
    for lines in (1, 40, 7):
        acknowledged = write_then_kill(path, lines)
        with open_store(path, GENESIS) as store:
            head = store.blocks.head_number()
            assert head is not None
            assert acknowledged <= head <= acknowledged + 1
            batch = store.batches.last_batch()
            assert batch is not None
            assert acknowledged <= batch.header.number <= head
            store.batches.rewind(acknowledged)
            store.blocks.rewind(acknowledged)
            assert store.blocks.block(acknowledged) == build_block(acknowledged, [[]])
            assert [b"raw %d" % number for number in range(1, acknowledged + 1)] == store.journal.replay()[
                :acknowledged
            ]
            for number in range(1, acknowledged + 1):
                assert store.sign_once.digest_of("batch", number) == keccak(b"%d" % number)
                assert store.outbox.get(0, number) is not None


def write_then_kill(path: Path, lines: int) -> int:
    """The last number that the writer had acknowledged when it was killed."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), HERE], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        said = [child.stdout.readline() for _ in range(lines)]
        child.kill()
        said += child.stdout.read().splitlines(keepends=True)
        whole = [line for line in said if line.endswith("\n")]
        assert whole, child.stderr.read()
    return int(whole[-1])


FILLER = textwrap.dedent("""
    import resource, sys
    from pathlib import Path
    from rollup.core.errors import DiskFull
    from rollup.core.hashes import keccak
    from rollup.store.store import open_store

    with open_store(Path(sys.argv[1]), keccak(b"genesis")) as store:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        written = 0
        try:
            while True:
                store.journal.append([b"%06d" % written + bytes(1000)])
                written += 1
        except DiskFull as error:
            print(written, error)
""")


def test_a_full_disk_is_named_and_what_was_acknowledged_stays(tmp_path: Path) -> None:
    path = tmp_path / "store"
    child = subprocess.run(
        [sys.executable, "-c", FILLER, str(path)], capture_output=True, text=True, check=False, timeout=60
    )
    assert "free space and start again" in child.stdout, child.stderr
    written = int(child.stdout.split()[0])
    assert written > 100
    with open_store(path, GENESIS) as store:
        kept = store.journal.replay()
    assert [raw[:6] for raw in kept[:written]] == [b"%06d" % number for number in range(written)]
