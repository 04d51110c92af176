"""Precompiled contracts, metered."""

from eth.vm.forks.prague.computation import PRAGUE_PRECOMPILES

PRECOMPILES = dict(PRAGUE_PRECOMPILES)
