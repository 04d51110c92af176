"""The py-evm engine in its own process, held to the port ``Executor``."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from executor_suite import GENESIS, Executor, ExecutorSuite

from rollup.vm.client import open_vm


class TestVirtualMachineProcess(ExecutorSuite):
    @pytest.fixture
    async def executor(self, tmp_path: Path) -> AsyncIterator[Executor]:
        async with open_vm(tmp_path / "vm", GENESIS) as vm:
            yield vm
