"""What ``entresol init`` writes: a commented TOML, a genesis and keys: what ``deploy`` and ``run`` then need."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from node.config_text import build_config_text
from node.genesis_file import check_genesis, write_genesis
from node.keys import checksum_address_of, write_new_key
from node.rollup_genesis import build_rollup_genesis
from rollup.core.errors import BadDataDirectory
from rollup.core.genesis import FinalityRule, LedgerRole, LedgerSpec
from rollup.core.hashes import address_of
from rollup.core.ids import Address, LedgerId, LedgerIndex

CONFIG_FILE, GENESIS_FILE, KEYS = "entresol.toml", "rollup.json", "keys"
COIN_LEDGERS = "bip122:"
OWNER_WEI = 1_000_000 * 10**18


@dataclass(frozen=True, slots=True)
class LedgerWish:
    """A ledger as the command line names it; the first one becomes the anchor."""

    ledger_id: str
    url: str
    finality: FinalityRule = FinalityRule.TAG
    finality_depth: int = 0


@dataclass(frozen=True, slots=True)
class ScaffoldPlan:
    """``balances_wei`` is what accounts own at the genesis; where it is empty a new key ``keys/owner.key`` owns a
    million coins, lest nobody can pay for a transaction. ``timestamp`` in seconds since the epoch."""

    directory: Path
    chain_id: int
    timestamp: int
    ledgers: tuple[LedgerWish, ...]
    balances_wei: Mapping[Address, int]


def scaffold_node(plan: ScaffoldPlan) -> list[str]:
    """Write the files; the lines to print. Raises BadDataDirectory when something is there already, BadConfig when the
    ledgers do not go together; nothing is written then."""
    home = plan.directory
    key_paths = [home / KEYS / f"{name}.key" for name in _key_names(plan)]
    _check_free(home / CONFIG_FILE, home / GENESIS_FILE, *key_paths)
    check_genesis(build_rollup_genesis(plan.chain_id, Address(bytes(20)), _build_specs(plan), plan.timestamp, {}))
    keys = {path.stem: write_new_key(path) for path in key_paths}
    balances = plan.balances_wei or {address_of(keys["owner"]): OWNER_WEI}
    genesis = build_rollup_genesis(
        plan.chain_id, address_of(keys["sequencer"]), _build_specs(plan), plan.timestamp, balances
    )
    try:
        write_genesis(home / GENESIS_FILE, genesis)
        (home / CONFIG_FILE).write_text(build_config_text({row.ledger_id: row.url for row in plan.ledgers}))
    except OSError as error:
        raise BadDataDirectory(f"cannot write into {home}: {error.strerror}") from error
    return _describe(plan, keys)


def _key_names(plan: ScaffoldPlan) -> tuple[str, ...]:
    return ("sequencer", "poster") if plan.balances_wei else ("sequencer", "poster", "owner")


def _check_free(*paths: Path) -> None:
    for path in paths:
        if path.exists():
            raise BadDataDirectory(f"{path} exists already; nothing was written")


def _build_specs(plan: ScaffoldPlan) -> tuple[LedgerSpec, ...]:
    return tuple(
        LedgerSpec(
            index=LedgerIndex(index),
            ledger_id=LedgerId(row.ledger_id),
            family="utxo" if row.ledger_id.startswith(COIN_LEDGERS) else "evm",
            role=LedgerRole.MIRROR if index else LedgerRole.ANCHOR,
            finality=row.finality,
            finality_depth=row.finality_depth,
            address="",
            start_height=0,
        )
        for index, row in enumerate(plan.ledgers)
    )


def _coin_ledgers(plan: ScaffoldPlan) -> tuple[LedgerWish, ...]:
    return tuple(row for row in plan.ledgers if row.ledger_id.startswith(COIN_LEDGERS))


def _describe(plan: ScaffoldPlan, keys: Mapping[str, bytes]) -> list[str]:
    home = plan.directory
    lines = [
        f"{home / CONFIG_FILE}  configuration: how this node reaches the ledgers",
        f"{home / GENESIS_FILE}  genesis: every node of this rollup needs the same",
    ]
    lines += [f"{home / KEYS / name}.key  {checksum_address_of(key)}" for name, key in keys.items()]
    lines += [
        "",
        f"next: 1. give {checksum_address_of(keys['poster'])} coins on "
        + " and ".join(row.ledger_id for row in plan.ledgers if row not in _coin_ledgers(plan)),
        *(f"         and coins to the node's wallet on {row.ledger_id}" for row in _coin_ledgers(plan)),
        f"      2. entresol deploy --config {home / CONFIG_FILE}",
        f"      3. entresol run --config {home / CONFIG_FILE}",
    ]
    return lines
