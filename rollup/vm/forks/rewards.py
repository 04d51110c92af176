"""Money that blocks give beside their transactions: to miners before the merge, to validators after it."""

from rollup.core.block import BlockHeader, Withdrawal
from rollup.core.forks import Fork
from rollup.vm.fork import ChainState

COIN = 10**18
GWEI = 10**9
OMMER_QUOTIENT, NEPHEW_QUOTIENT = 8, 32


def pay_miners(state: ChainState, header: BlockHeader, ommers: tuple[BlockHeader, ...]) -> None:
    """Yellow Paper, section 11.3; EIPs 649 and 1234."""
    reward = _block_reward(state.fork)
    for ommer in ommers:
        state.delta_balance(ommer.coinbase, reward * (OMMER_QUOTIENT + ommer.number - header.number) // OMMER_QUOTIENT)
    state.delta_balance(header.coinbase, reward + len(ommers) * (reward // NEPHEW_QUOTIENT))
    state.end_transaction()


def _block_reward(fork: Fork) -> int:
    if fork >= Fork.CONSTANTINOPLE:
        return 2 * COIN
    return 3 * COIN if fork >= Fork.BYZANTIUM else 5 * COIN


def pay_withdrawals(state: ChainState, withdrawals: tuple[Withdrawal, ...]) -> None:
    """EIP-4895."""
    for withdrawal in withdrawals:
        state.delta_balance(withdrawal.address, withdrawal.amount * GWEI)
    state.end_transaction()
