"""Builds a genesis: predeploys, funded accounts, and rules that fit the number of ledgers."""

from collections.abc import Mapping

from contracts import PREDEPLOYS
from rollup.core.genesis import ChainGenesis, ChainRule, GenesisAccount, LedgerSpec, RollupGenesis
from rollup.core.ids import Address


def build_chain_genesis(rule: ChainRule, timestamp: int, balances_wei: Mapping[Address, int]) -> ChainGenesis:
    """Genesis of a chain of ours (the rollup or an embedded ledger): predeploys first, then the funded accounts."""
    predeploys = tuple((address, GenesisAccount(nonce=1, code=code)) for address, code in PREDEPLOYS)
    funded = tuple((address, GenesisAccount(balance=balance)) for address, balance in balances_wei.items())
    return ChainGenesis(rule, timestamp, predeploys + funded)


def build_rollup_genesis(
    chain_id: int,
    sequencer: Address,
    ledgers: tuple[LedgerSpec, ...],
    timestamp: int,
    alloc: Mapping[Address, int],
) -> RollupGenesis:
    """``attested_min`` is the smallest k that keeps two conflicting attestations impossible: a strict majority."""
    return RollupGenesis(
        chain=build_chain_genesis(ChainRule(chain_id), timestamp, alloc),
        rollup_id=chain_id % 2**32,
        sequencer=sequencer,
        sequencer_epoch=0,
        attested_min=len(ledgers) // 2 + 1,
        lying_ledgers_max=0,
        ledgers=ledgers,
    )
