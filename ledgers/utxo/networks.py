"""The networks of the Bitcoin family that are known by name. Any other is known by its CAIP-2 id alone.

Genesis hashes are those of the reference clients' chain parameters (Bitcoin Core, Litecoin Core).
"""

from dataclasses import dataclass

from rollup.core.errors import BadConfig
from rollup.core.ids import Hash, LedgerId

NAMESPACE = "bip122:"
REFERENCE_DIGITS = 32


@dataclass(frozen=True, slots=True)
class Network:
    """``genesis_hash`` in display order."""

    coin: str
    name: str
    genesis_hash: Hash

    @property
    def ledger_id(self) -> LedgerId:
        return ledger_id_of(self.genesis_hash)


def ledger_id_of(genesis_hash: Hash) -> LedgerId:
    """CAIP-2 id in the ``bip122`` namespace: the first 32 hex digits of the genesis hash."""
    return LedgerId(NAMESPACE + genesis_hash.hex()[:REFERENCE_DIGITS])


def _network(coin: str, name: str, genesis_hash: str) -> Network:
    return Network(coin, name, Hash(bytes.fromhex(genesis_hash)))


NETWORKS = (
    _network("bitcoin", "main", "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"),
    _network("bitcoin", "testnet3", "000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943"),
    _network("bitcoin", "testnet4", "00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043"),
    _network("bitcoin", "signet", "00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6"),
    _network("bitcoin", "regtest", "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"),
    _network("litecoin", "main", "12a765e31ffd4059bada1e25190f6e98c99d9714d334efa41a195a7e7e04bfe2"),
    _network("litecoin", "testnet4", "4966625a4b2851d9fdee139e56211a0d88575f59ed816ff5e6a63deb4e3e29a0"),
    _network("litecoin", "regtest", "530827f38f93b43ed12af0b3ad25a288dc02ed74d6d7857862df51fc56c416f9"),
)


def find_network(ledger_id: LedgerId) -> Network | None:
    """The known network of this id."""
    return next((network for network in NETWORKS if network.ledger_id == ledger_id), None)


def describe_ledger(genesis_hash: Hash) -> str:
    """``litecoin regtest (bip122:...)``, for messages."""
    ledger_id = ledger_id_of(genesis_hash)
    network = find_network(ledger_id)
    return f"{network.coin} {network.name} ({ledger_id})" if network else ledger_id


def check_ledger_id(ledger_id: LedgerId) -> None:
    """Raises BadConfig for what no chain of this family can be called."""
    digits = ledger_id.removeprefix(NAMESPACE)
    if not ledger_id.startswith(NAMESPACE) or len(digits) != REFERENCE_DIGITS or set(digits) - set("0123456789abcdef"):
        raise BadConfig(f"{ledger_id!r} is no ledger of the Bitcoin family, write bip122: and 32 digits of its genesis")
