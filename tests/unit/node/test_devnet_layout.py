"""A devnet's directory: made once, found again, never somebody else's."""

from pathlib import Path

import pytest

from node.devnet_layout import open_layout
from rollup.core.errors import BadDataDirectory


def test_a_second_start_finds_the_first(tmp_path: Path) -> None:
    layout, shape = open_layout(tmp_path / "a" / "b", 2, 1)
    again, found = open_layout(tmp_path / "a" / "b", 2, 1)
    assert (again, found) == (layout, shape)
    assert layout.mark.exists()


def test_other_counts_of_ledgers_are_another_devnet(tmp_path: Path) -> None:
    open_layout(tmp_path, 2, 1)
    with pytest.raises(BadDataDirectory, match="2 EVM and 1 memory"):
        open_layout(tmp_path, 1, 1)


def test_directories_of_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("")
    with pytest.raises(BadDataDirectory, match="holds something else"):
        open_layout(tmp_path, 2, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_start_that_was_cut_off_while_it_wrote_its_mark(tmp_path: Path) -> None:
    (tmp_path / "devnet.new").write_text('{"for')
    assert open_layout(tmp_path, 2, 1)[0].mark.exists()


@pytest.mark.parametrize("content", ["", "[]", "null", '{"format": 9}', '{"format": 1, "colour": 2}', "\x00"])
def test_damaged_marks_are_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "devnet.json").write_text(content)
    with pytest.raises(BadDataDirectory, match=r"devnet\.json"):
        open_layout(tmp_path, 2, 1)


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadDataDirectory, match="choose another --data"):
        open_layout(tmp_path / "file", 2, 1)
