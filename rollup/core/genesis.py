"""The rollup's genesis: what every node of one rollup agrees on before the first block. JSON on disk."""

from dataclasses import dataclass, field
from enum import Enum

from rollup.core.block import BlockHeader
from rollup.core.fees import FeeRule
from rollup.core.forks import ForkSchedule
from rollup.core.ids import Address, LedgerId, LedgerIndex

SEQUENCER_FEE_VAULT = Address(bytes.fromhex("4200000000000000000000000000000000000011"))


class FinalityRule(Enum):
    """How a ledger's blocks become final."""

    TAG = "tag"  # the ledger's own finalized tag
    DEPTH = "depth"  # so many blocks on top
    INSTANT = "instant"


class LedgerRole(Enum):
    ANCHOR = "anchor"
    MIRROR = "mirror"


@dataclass(frozen=True, slots=True)
class LedgerSpec:
    """A connected ledger. ``index`` is its number in cursors; ``finality_depth`` matters for DEPTH only.

    ``address`` is the batch inbox or mirror anchor contract on EVM ledgers, '' elsewhere; ``start_height`` is where
    scanning begins.
    """

    index: LedgerIndex
    ledger_id: LedgerId
    family: str
    role: LedgerRole
    finality: FinalityRule
    finality_depth: int
    address: str
    start_height: int


@dataclass(frozen=True, slots=True)
class GenesisAccount:
    balance: int = 0
    nonce: int = 0
    code: bytes = b""
    storage: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ChainRule:
    """Parameters of the state transition.

    ``work_max`` bounds what one transaction may cost a node beside its gas, in units of about a microsecond (ADR 0005).
    ``transaction_bytes_max`` keeps a block with any one transaction inside one batch (protocol section 3). A
    stand-alone chain, which has no batches, may allow more: it must carry the batches of others.
    ``forks`` is set for a chain that was made elsewhere and imported: its headers then say what the other fields say.
    """

    chain_id: int
    gas_limit: int = 30_000_000
    transaction_gas_max: int = 16_777_216
    work_max: int = 2_000_000
    transaction_bytes_max: int = 98_304
    fee: FeeRule = field(default_factory=FeeRule)
    coinbase: Address = SEQUENCER_FEE_VAULT
    extra_data: bytes = b"entresol"
    forks: ForkSchedule | None = None


@dataclass(frozen=True, slots=True)
class ChainGenesis:
    """Genesis of one EVM chain (the rollup's, or an embedded ledger's).

    ``header`` is given for an imported chain: block 0 as it was made elsewhere, but for state root and hash.
    """

    rule: ChainRule
    timestamp: int
    alloc: tuple[tuple[Address, GenesisAccount], ...]
    header: BlockHeader | None = None


@dataclass(frozen=True, slots=True)
class RollupGenesis:
    """``attested_min`` is k of ``attested(k)``; with f ledgers that may lie it must hold that 2k - N > f."""

    chain: ChainGenesis
    rollup_id: int
    sequencer: Address
    sequencer_epoch: int
    attested_min: int
    lying_ledgers_max: int
    ledgers: tuple[LedgerSpec, ...]
