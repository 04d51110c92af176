"""The database is closed under nobody: what is under way ends first, what comes later is refused."""

import threading
from pathlib import Path

import pytest

from rollup.core.errors import StoreClosed
from rollup.core.hashes import keccak
from rollup.store.database import Database


def test_closing_waits_for_what_is_under_way(tmp_path: Path) -> None:
    """Four threads write and scan until the door closes; without the wait LevelDB crashes the process."""
    started = threading.Barrier(5)
    refused: list[StoreClosed] = []

    def work(database: Database, number: int) -> None:
        started.wait()
        count = 0
        try:
            while True:
                count += 1
                database.write({b"row%d-%d" % (number, count % 100): b"x" * 1000}, sync=count % 10 == 0)
                assert all(value for _, value in database.scan(b"row"))
        except StoreClosed as error:
            refused.append(error)

    with Database(tmp_path / "store", keccak(b"genesis")) as database:
        workers = [threading.Thread(target=work, args=(database, number)) for number in range(4)]
        for worker in workers:
            worker.start()
        started.wait()
    for worker in workers:
        worker.join(20)
    assert len(refused) == 4
    with pytest.raises(StoreClosed):
        database.get(b"row0-1")


def test_a_scan_that_was_left_in_the_middle_does_not_hold_up_closing(tmp_path: Path) -> None:
    with Database(tmp_path / "store", keccak(b"genesis")) as database:
        database.write({b"row%d" % number: b"x" for number in range(10)})
        assert database.first(b"row") == (b"row0", b"x")
