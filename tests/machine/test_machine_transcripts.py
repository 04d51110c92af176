"""The machine against its transcripts. ``REWRITE=1 pytest tests/machine`` writes down what it does now."""

import os
from pathlib import Path

import pytest
from transcript import play

TRANSCRIPTS = sorted((Path(__file__).parent / "transcripts").glob("*.txt"))


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_the_machine_plays_its_part(path: Path) -> None:
    text = path.read_text()
    played = play(text)
    if os.environ.get("REWRITE"):
        path.write_text(played)
    else:
        assert played == text
