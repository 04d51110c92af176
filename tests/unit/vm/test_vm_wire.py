"""What crosses the pipe comes out as it went in, errors included."""

from pathlib import Path

import pytest
from vm_chain import LOGGER, execute, open_engine, sign, work_on

from rollup.core.errors import DiskFull, FeeTooLow, InvalidBlock, Rejected, RollupError, UnknownBlock, VmCrashed
from rollup.vm.wire import Failure, build_error, describe_error, pack, unpack


def test_work_and_results(tmp_path: Path) -> None:
    engine = open_engine(tmp_path)
    work = work_on(engine, sign(0, 0, LOGGER), sign(1, 9))
    assert unpack(pack((1, "execute_block", (work,)))) == (1, "execute_block", (work,))
    result = execute(engine, *work.candidates)
    assert result.dropped
    assert unpack(pack((1, result))) == (1, result)
    assert unpack(pack((2, engine.head()))) == (2, engine.head())
    engine.close()


@pytest.mark.parametrize(
    "error", [FeeTooLow("by 3"), UnknownBlock(), InvalidBlock("block 3: why"), DiskFull("no space"), Rejected("odd")]
)
def test_errors_keep_class_and_words(error: RollupError) -> None:
    back = build_error(unpack(pack((1, describe_error(error))))[1])
    assert (type(back), str(back)) == (type(error), str(error))


@pytest.mark.parametrize("name", ["ValueError", "Any", "no such thing"])
def test_what_is_no_error_of_ours_is_a_crash(name: str) -> None:
    assert isinstance(build_error(Failure(name, "boom")), VmCrashed)
