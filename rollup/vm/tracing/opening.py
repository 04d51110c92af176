"""What a block does before its first transaction, on chains of ours and on imported ones."""

from rollup.core.block import BlockHeader
from rollup.vm.fork import ChainState
from rollup.vm.forks.requests import open_block
from rollup.vm.history import write_history


def open_state(state: ChainState, header: BlockHeader) -> None:
    """Bring a state after the parent to where the first transaction of the block runs."""
    if state.environment.rule.forks is None:
        write_history(state, header)
    else:
        open_block(state, header)
