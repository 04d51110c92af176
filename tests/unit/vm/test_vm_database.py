"""The state directory: whose it is, who may open it, and what a failed or interrupted write leaves."""

import multiprocessing
import resource
from multiprocessing.connection import Connection
from pathlib import Path

import plyvel
import pytest
from vm_chain import COUNTER, GENESIS, execute, open_engine, seal, sign, work_on

from rollup.core.errors import BadDataDirectory, DiskFull, StoreCorrupted
from rollup.core.hashes import keccak
from rollup.core.ids import BlockNumber
from rollup.vm.database import FORMAT, BlockWrite, Database
from rollup.vm.engine import Engine

GENESIS_HASH = keccak(b"genesis")
SPAWN = multiprocessing.get_context("spawn")


def open_and_report(connection: Connection, path: Path) -> None:
    """In a child: try to open the directory and say how it went."""
    try:
        Engine.open(path, GENESIS).close()
        connection.send("opened")
    except BadDataDirectory as error:
        connection.send(str(error))


def write_past_the_file_limit(connection: Connection, path: Path) -> None:
    """In a child: a file size limit stands for a full disk. Reports the error and the head before and after it."""
    engine = Engine.open(path, GENESIS)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    head = 0
    try:
        for nonce in range(1000):
            head = seal(engine, sign(0, nonce)).header.number
    except DiskFull as error:
        connection.send((head, engine.head().header.number, str(error)))


def seal_without_end(connection: Connection, path: Path) -> None:
    """In a child: seal blocks and report each, until killed."""
    engine = Engine.open(path, GENESIS)
    while True:
        nonce = engine.head().header.number
        connection.send(seal(engine, sign(0, nonce), progress=b"%d" % (nonce + 1)).header.number)


def run_child(target: object, path: Path) -> object:
    ours, theirs = SPAWN.Pipe()
    child = SPAWN.Process(target=target, args=(theirs, path))
    child.start()
    theirs.close()
    answer = ours.recv() if ours.poll(30) else None
    child.join()
    child.close()
    ours.close()
    return answer


def test_a_directory_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(BadDataDirectory, match="files of another program"):
        Database(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_a_foreign_leveldb_is_refused_and_left_alone(tmp_path: Path) -> None:
    with plyvel.DB(str(tmp_path), create_if_missing=True) as foreign:
        foreign.put(b"key", b"value")
    with pytest.raises(BadDataDirectory, match="LevelDB of another program"):
        Database(tmp_path)
    with plyvel.DB(str(tmp_path)) as foreign:
        assert list(foreign) == [(b"key", b"value")]


def test_another_format_is_refused(tmp_path: Path) -> None:
    open_engine(tmp_path).close()
    with plyvel.DB(str(tmp_path / "vm")) as database:
        database.put(b"mformat", b"entresol-vm 99")
    with pytest.raises(BadDataDirectory, match="entresol-vm 99"):
        open_engine(tmp_path)


def test_a_file_in_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "vm").write_text("")
    with pytest.raises(BadDataDirectory, match="cannot be used"):
        open_engine(tmp_path)


def test_an_interrupted_creation_is_begun_anew(tmp_path: Path) -> None:
    for name in ("LOCK", "LOG", "MANIFEST-000001"):
        (tmp_path / name).write_bytes(b"")
    database = Database(tmp_path)
    assert database.read_genesis_hash() is None
    database.close()


def test_a_second_node_is_told_that_the_directory_is_in_use(tmp_path: Path) -> None:
    engine = open_engine(tmp_path)
    assert "in use by another node" in str(run_child(open_and_report, tmp_path / "vm"))
    engine.close()
    assert run_child(open_and_report, tmp_path / "vm") == "opened"


def test_a_full_disk_leaves_the_last_sealed_block(tmp_path: Path) -> None:
    answer = run_child(write_past_the_file_limit, tmp_path / "vm")
    assert isinstance(answer, tuple)
    sealed, head, words = answer
    assert head == sealed > 0
    assert "free space and start again" in words
    engine = open_engine(tmp_path)
    assert engine.head().header.number in (sealed, sealed + 1)  # the failed write may have become complete on disk
    assert engine.read_storage(COUNTER, 0, None) == 41 + engine.head().header.number
    engine.close()


def test_killed_at_any_moment_it_holds_whole_blocks_only(tmp_path: Path) -> None:
    for _ in range(4):
        ours, theirs = SPAWN.Pipe()
        child = SPAWN.Process(target=seal_without_end, args=(theirs, tmp_path / "vm"))
        child.start()
        theirs.close()
        reported = max(ours.recv() for _ in range(5))  # it goes on sealing meanwhile: the kill hits anywhere
        child.kill()
        child.join()
        child.close()
        engine = open_engine(tmp_path)
        head = engine.head()
        blocks = [engine.read_blocks(BlockNumber(number), 1)[0] for number in range(1, head.header.number + 1)]
        assert head.header.number >= reported
        assert (head.header, head.progress) == (blocks[-1].header, b"%d" % head.header.number)
        assert engine.read_storage(COUNTER, 0, None) == 41 + head.header.number
        engine.rewind(BlockNumber(head.header.number - 3))
        for block in blocks[-3:]:
            assert seal(engine, sign(0, block.header.number - 1), progress=b"%d" % block.header.number) == block
        engine.close()
        ours.close()


def test_pending_writes_are_seen_and_lost_without_a_block(tmp_path: Path) -> None:
    database = Database(tmp_path)
    database.write_genesis(GENESIS_HASH, b"header")
    database.write_node(b"\x01" * 32, b"node")
    database.write_code(b"\x02" * 32, b"code")
    assert database.read_node(b"\x01" * 32) == b"node"
    assert database.read_code(b"\x02" * 32) == b"code"
    database.discard_pending()
    with pytest.raises(StoreCorrupted, match="trie node 0101"):
        database.read_node(b"\x01" * 32)
    database.close()


def test_progress_is_that_of_the_last_block_that_had_one(tmp_path: Path) -> None:
    database = Database(tmp_path)
    database.write_genesis(GENESIS_HASH, b"header")
    assert database.read_progress() == b""
    for number, progress in ((1, b"one"), (2, None), (3, b"three")):
        database.write_block(BlockWrite(BlockNumber(number), b"header", b"record", progress, None))
    assert database.read_progress() == b"three"
    database.rewind(BlockNumber(2))
    assert (database.read_head(), database.read_progress()) == (2, b"one")
    database.close()


def test_the_format_marks_our_directories(tmp_path: Path) -> None:
    open_engine(tmp_path).close()
    with plyvel.DB(str(tmp_path / "vm")) as database:
        assert database.get(b"mformat") == FORMAT


def test_an_engine_whose_block_failed_on_the_way_goes_on_from_the_head(tmp_path: Path) -> None:
    engine = open_engine(tmp_path)

    def interrupt() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        engine.execute_block(work_on(engine, sign(0, 0), sign(0, 1)), interrupt)
    result = execute(engine, sign(0, 0))
    assert (len(result.dropped), engine.read_storage(COUNTER, 0, None)) == (0, 42)
    engine.close()
