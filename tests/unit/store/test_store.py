"""The store opens what is its own, and says plainly what is wrong with anything else."""

import subprocess
import sys
from pathlib import Path

import plyvel
import pytest
from stored_blocks import GENESIS, build_block

from rollup.core.errors import BadDataDirectory, StoreCorrupted
from rollup.core.hashes import keccak
from rollup.store.keys import BLOCKS, number_key
from rollup.store.store import open_store


def test_what_was_written_is_there_after_opening_again(tmp_path: Path) -> None:
    with open_store(tmp_path / "store", GENESIS) as store:
        store.journal.append([b"one", b"two"])
        store.progress.put("heads", b"\x01")
        store.sign_once.claim("batch", 1, keccak(b"a"))
        store.blocks.append_block(build_block(1))
    with open_store(tmp_path / "store", GENESIS) as store:
        assert store.journal.replay() == [b"one", b"two"]
        assert store.progress.get("heads") == b"\x01"
        assert store.sign_once.digest_of("batch", 1) == keccak(b"a")
        assert store.blocks.head_number() == 1
        assert store.blocks.block(1) == build_block(1)


def expect_refusal(path: Path, words: str, genesis: bytes = GENESIS) -> None:
    with pytest.raises(BadDataDirectory, match=words), open_store(path, genesis):
        pytest.fail("it opened")


def test_a_directory_with_other_files_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    expect_refusal(tmp_path, "files of another program")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_creation_that_was_cut_off_is_begun_anew(tmp_path: Path) -> None:
    for name in ("LOCK", "LOG", "MANIFEST-000001", "000001.dbtmp"):
        (tmp_path / name).write_bytes(b"")
    with open_store(tmp_path, GENESIS) as store:
        store.progress.put("name", b"record")
    with open_store(tmp_path, GENESIS) as store:
        assert store.progress.get("name") == b"record"


def test_a_leveldb_of_another_program_is_refused(tmp_path: Path) -> None:
    with plyvel.DB(str(tmp_path / "db"), create_if_missing=True) as other:
        other.put(b"key", b"value")
    expect_refusal(tmp_path / "db", "LevelDB of another program")


def test_a_store_of_another_rollup_is_refused_by_both_hashes(tmp_path: Path) -> None:
    with open_store(tmp_path / "store", GENESIS):
        pass
    other = keccak(b"another")
    expect_refusal(tmp_path / "store", f"{GENESIS.hex()}, not {other.hex()}", other)


def test_a_store_of_another_version_is_refused(tmp_path: Path) -> None:
    with open_store(tmp_path / "store", GENESIS):
        pass
    with plyvel.DB(str(tmp_path / "store")) as database:
        database.put(b"mformat", b"entresol-store 99")
    expect_refusal(tmp_path / "store", "entresol-store 99")


def test_a_second_opener_is_refused_while_the_first_lives(tmp_path: Path) -> None:
    with open_store(tmp_path / "store", GENESIS):
        child = subprocess.run(
            [sys.executable, "-c", OPENER, str(tmp_path / "store")], capture_output=True, text=True, check=False
        )
        assert "in use by another node" in child.stderr
        expect_refusal(tmp_path / "store", "in use by another node")
    with open_store(tmp_path / "store", GENESIS) as store:
        assert store.blocks.head_number() is None


OPENER = f"""
import sys
from pathlib import Path
from rollup.store.store import open_store
with open_store(Path(sys.argv[1]), bytes.fromhex("{GENESIS.hex()}")):
    pass
"""


def test_a_path_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    expect_refusal(tmp_path / "file", "cannot be used")


def test_a_place_where_nothing_can_be_written_is_refused() -> None:
    expect_refusal(Path("/proc/entresol"), "cannot be used")


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    with open_store(tmp_path / "store", GENESIS) as store:
        store.blocks.append_block(build_block(1))
    with plyvel.DB(str(tmp_path / "store")) as database:
        database.put(BLOCKS.key(number_key(1)), b"\xc1\x02")
    with open_store(tmp_path / "store", GENESIS) as store, pytest.raises(StoreCorrupted, match="record of block 1"):
        store.blocks.block(1)


def test_damage_to_the_files_is_seen_not_served(tmp_path: Path) -> None:
    path = tmp_path / "store"
    with open_store(path, GENESIS) as store:
        store.progress.put("name", b"x" * 5000)
        store.progress.put("other", b"y" * 5000)
    log = max(path.glob("*.log"), key=lambda file: file.stat().st_size)
    data = bytearray(log.read_bytes())
    data[2000] ^= 1
    log.write_bytes(data)
    with pytest.raises(StoreCorrupted, match="store"), open_store(path, GENESIS):
        pytest.fail("it opened")


def test_a_missing_table_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "store"
    with open_store(path, GENESIS) as store:
        store.progress.put("name", b"x")
    for file in [*path.glob("MANIFEST-*")]:
        file.unlink()
    with pytest.raises((StoreCorrupted, BadDataDirectory)), open_store(path, GENESIS):
        pytest.fail("it opened")
