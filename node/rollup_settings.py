"""What a rollup node is built with, beside its genesis and its data directory."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from rollup.core.genesis import LedgerSpec
from rollup.core.ledger import Ledger
from rollup.sequencer.settings import BatchSettings, SequencerSettings
from rollup.settlement.settings import PostSettings, WatchSettings
from rollup.vm.settings import VmSettings
from rpc.method import Method
from rpc.methods.wallet import KeyRing
from rpc.settings import RpcSettings

Runner = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class LedgerLink:
    """A ledger of the genesis to which this node is connected."""

    spec: LedgerSpec
    ledger: Ledger
    watch: WatchSettings = field(default_factory=WatchSettings)
    post: PostSettings = field(default_factory=PostSettings)


@dataclass(frozen=True, slots=True)
class Listener:
    host: str = "127.0.0.1"
    port: int = 8545
    settings: RpcSettings = field(default_factory=RpcSettings)


@dataclass(frozen=True, slots=True)
class RollupSettings:
    """``key`` is the sequencer's; without one the node follows. ``clock`` stamps blocks, in seconds since the epoch.
    ``admin`` is where operators' methods are; ``wallet`` holds the accounts that JSON-RPC signs for (a devnet's)."""

    key: bytes | None = field(default=None, repr=False)
    listener: Listener = field(default_factory=Listener)
    admin: Listener | None = None
    wallet: KeyRing | None = None
    vm: VmSettings = field(default_factory=VmSettings)
    sequencer: SequencerSettings = field(default_factory=SequencerSettings)
    batch: BatchSettings = field(default_factory=BatchSettings)
    cursor_interval_s: float = 5.0
    outbox_batches_max: int = 64
    clock: Callable[[], float] = time.time
    extra_methods: Mapping[str, Callable[..., Awaitable[object]] | Method] = field(default_factory=dict)
