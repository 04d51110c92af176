"""The devnet: a sequencer node with three kinds of ledgers in one process, nothing else needed.

EVM ledgers are the project's own engine behind its own JSON-RPC, with the real contracts deployed on them; the first is
the anchor, the second carries the second copy of the data. Memory ledgers carry pointers. The node reaches the EVM
ledgers over HTTP like any others.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace

from ledgers.evm.signer import LocalSigner
from ledgers.memory import MemoryLedger, MemoryNetwork, MemoryPosting, MemoryRules
from ledgers.registry import LedgerSettings, open_ledger
from ledgers.remote import serve_methods
from ledgers.transport import RpcTransport, TransportSettings
from node.chain_parts import open_chain
from node.deployment import place_contract
from node.dev_wallet import DevWallet
from node.devnet_layout import CHAIN_ID, DevnetLayout, DevnetShape
from node.embedded_ledger import EmbeddedLedger, EmbeddedRules, open_embedded_ledger
from node.follower_file import write_follower_config
from node.genesis_file import read_genesis, write_genesis
from node.keys import devnet_keys, read_or_make_key
from node.rollup_genesis import build_chain_genesis, build_rollup_genesis
from node.rollup_node import RollupNode, open_rollup_node
from node.rollup_settings import LedgerLink, Listener, RollupSettings, Runner
from rollup.core.genesis import ChainRule, FinalityRule, LedgerRole, LedgerSpec, RollupGenesis
from rollup.core.hashes import address_of
from rollup.core.ids import Hash, LedgerId, LedgerIndex
from rollup.core.ledger import Ledger, PostingForm
from rollup.sequencer.settings import BatchSettings
from rollup.settlement.settings import PostSettings, WatchSettings
from rollup.vm.settings import VmSettings
from rpc.server import check_listenable
from rpc.settings import RpcSettings

ACCOUNTS = 10
ACCOUNT_WEI = 10_000 * 10**18
POSTER_WEI = 10**24
LEDGER_TRANSACTION_BYTES_MAX = 131_072
BLOCK_TIME_S = (1.0, 1.5)
FINALITY_DEPTH = (2, 3)
MEMORY_BLOCK_TIME_S = 2.0
MEMORY_FINALITY_DEPTH = 2


@dataclass(frozen=True, slots=True)
class DevnetOptions:
    """Ports 0 mean any free one; ledgers listen on ``ledger_port`` and those after it."""

    host: str = "127.0.0.1"
    port: int = 8545
    ledger_port: int = 9545
    batch_age_s: float = 5.0


@dataclass(slots=True)
class Devnet:
    """``node`` is set once everything is open. ``ledger_urls`` by ledger index."""

    layout: DevnetLayout
    shape: DevnetShape
    options: DevnetOptions
    keys: tuple[bytes, ...] = ()
    embedded: list[EmbeddedLedger] = field(default_factory=list)
    memories: list[MemoryLedger] = field(default_factory=list)
    ledger_urls: dict[int, str] = field(default_factory=dict)
    runners: dict[str, Runner] = field(default_factory=dict)

    def ledger_port(self, index: int) -> int:
        return self.options.ledger_port + index if self.options.ledger_port else 0


@asynccontextmanager
async def open_devnet(
    layout: DevnetLayout, shape: DevnetShape, options: DevnetOptions
) -> AsyncIterator[tuple[Devnet, RollupNode]]:
    """Everything open and connected; the caller runs ``devnet.runners``. Raises what ``open_rollup_node`` raises."""
    devnet = Devnet(layout, shape, options, devnet_keys(ACCOUNTS))
    async with AsyncExitStack() as stack:
        sequencer_key = read_or_make_key(layout.key("sequencer"))
        poster_key = read_or_make_key(layout.key("poster"))
        ledger_ports = (devnet.ledger_port(index) for index in range(shape.evm_ledgers))
        await check_listenable(options.host, options.port, *ledger_ports)
        for index in range(shape.evm_ledgers):
            await _start_evm_ledger(devnet, stack, index, poster_key)
        genesis = await _settle_genesis(devnet, sequencer_key, poster_key)
        links = await _connect(devnet, stack, genesis, poster_key)
        settings = RollupSettings(
            key=sequencer_key,
            listener=Listener(options.host, options.port, RpcSettings(cors_origins=("*",), websocket_origins=("*",))),
            batch=BatchSettings(age_s_max=options.batch_age_s),
            cursor_interval_s=5.0,
            wallet=DevWallet(devnet.keys),
            extra_methods=serve_methods(*devnet.memories),
        )
        node = await stack.enter_async_context(open_rollup_node(layout.node, genesis, links, settings))
        devnet.runners |= node.runners
        for index in range(shape.evm_ledgers, shape.evm_ledgers + shape.memory_ledgers):
            devnet.ledger_urls[index] = node.server.url
        write_follower_config(layout.follower_config, genesis, devnet.ledger_urls)
        yield devnet, node


async def _start_evm_ledger(devnet: Devnet, stack: AsyncExitStack, index: int, poster_key: bytes) -> None:
    rule = ChainRule(CHAIN_ID + 1 + index, transaction_bytes_max=LEDGER_TRANSACTION_BYTES_MAX)
    balances = {address_of(key): ACCOUNT_WEI for key in devnet.keys} | {address_of(poster_key): POSTER_WEI}
    genesis = build_chain_genesis(rule, devnet.shape.timestamp, balances)
    rules = EmbeddedRules(
        devnet.options.host,
        devnet.ledger_port(index),
        BLOCK_TIME_S[min(index, len(BLOCK_TIME_S) - 1)],
        FINALITY_DEPTH[min(index, len(FINALITY_DEPTH) - 1)],
    )
    opening = open_embedded_ledger(devnet.layout.ledger(index), genesis, rules)
    ledger, server, _ = await stack.enter_async_context(opening)
    devnet.embedded.append(ledger)
    devnet.ledger_urls[index] = server.url
    devnet.runners[f"ledger {index}"] = ledger.run


async def _settle_genesis(devnet: Devnet, sequencer_key: bytes, poster_key: bytes) -> RollupGenesis:
    """The genesis of an earlier start, or a new one with the contracts deployed. Deploying is idempotent, so that a
    start that was cut off goes on where it was."""
    if devnet.layout.genesis.exists():
        return read_genesis(devnet.layout.genesis)
    specs = [_plan_evm(index) for index in range(devnet.shape.evm_ledgers)]
    specs += [_plan_memory(devnet, len(specs) + number) for number in range(devnet.shape.memory_ledgers)]
    balances = {address_of(key): ACCOUNT_WEI for key in devnet.keys}
    genesis = build_rollup_genesis(
        CHAIN_ID, address_of(sequencer_key), tuple(specs), devnet.shape.timestamp, alloc=balances
    )
    async with open_chain(devnet.layout.node, genesis.chain, VmSettings()) as chain:
        genesis_hash = chain.genesis_hash
    placed = await _place_contracts(devnet, genesis, genesis_hash, poster_key)
    genesis = replace(genesis, ledgers=placed)
    write_genesis(devnet.layout.genesis, genesis)
    return genesis


async def _place_contracts(
    devnet: Devnet, genesis: RollupGenesis, genesis_hash: Hash, poster_key: bytes
) -> tuple[LedgerSpec, ...]:
    """While the embedded ledgers run: a deployment needs a block."""

    async def place(spec: LedgerSpec) -> LedgerSpec:
        if spec.index >= devnet.shape.evm_ledgers:
            return spec
        async with RpcTransport(TransportSettings(devnet.ledger_urls[spec.index])) as transport:
            return await place_contract(transport, LocalSigner(poster_key), (genesis, genesis_hash), spec)

    async with asyncio.TaskGroup() as group:
        running = [group.create_task(_forever(ledger)) for ledger in devnet.embedded]
        placed = await asyncio.gather(*(place(spec) for spec in genesis.ledgers))
        for task in running:
            task.cancel()
    return tuple(placed)


async def _forever(ledger: EmbeddedLedger) -> None:
    await ledger.run()


def _plan_evm(index: int) -> LedgerSpec:
    return LedgerSpec(
        index=LedgerIndex(index),
        ledger_id=LedgerId(f"eip155:{CHAIN_ID + 1 + index}"),
        family="evm",
        role=LedgerRole.ANCHOR if index == 0 else LedgerRole.MIRROR,
        finality=FinalityRule.TAG,
        finality_depth=FINALITY_DEPTH[min(index, len(FINALITY_DEPTH) - 1)],
        address="",
        start_height=0,
    )


def _plan_memory(devnet: Devnet, index: int) -> LedgerSpec:
    network = MemoryNetwork(_memory_rules(devnet, index, b""))
    return LedgerSpec(
        index=LedgerIndex(index),
        ledger_id=network.ledger_id,
        family="memory",
        role=LedgerRole.MIRROR,
        finality=FinalityRule.DEPTH,
        finality_depth=MEMORY_FINALITY_DEPTH,
        address="",
        start_height=0,
    )


def _memory_rules(devnet: Devnet, index: int, poster_key: bytes) -> MemoryRules:
    """The name carries the devnet's birth: two devnets never mistake each other's ledgers."""
    accounts = ((address_of(poster_key), POSTER_WEI),) if poster_key else ()
    return MemoryRules(
        name=f"devnet-{devnet.shape.timestamp}-{index}",
        block_time_s=MEMORY_BLOCK_TIME_S,
        finality_depth=MEMORY_FINALITY_DEPTH,
        accounts=accounts,
    )


async def _connect(
    devnet: Devnet, stack: AsyncExitStack, genesis: RollupGenesis, poster_key: bytes
) -> tuple[LedgerLink, ...]:
    links = []
    for spec in genesis.ledgers:
        if spec.index < devnet.shape.evm_ledgers:
            form = PostingForm.FULL if spec.index < 2 else PostingForm.HEADER
            reach = LedgerSettings(devnet.ledger_urls[spec.index], poster_key, form)
            ledger: Ledger = await stack.enter_async_context(open_ledger(spec, reach, genesis.rollup_id))
        else:
            ledger = _start_memory_ledger(devnet, spec, genesis, poster_key)
        watch = WatchSettings(poll_interval_s=0.5, quick_interval_s=0.1)
        links.append(LedgerLink(spec, ledger, watch, PostSettings(poll_interval_s=0.5)))
    return tuple(links)


def _start_memory_ledger(devnet: Devnet, spec: LedgerSpec, genesis: RollupGenesis, poster_key: bytes) -> MemoryLedger:
    path = devnet.layout.ledger(spec.index).with_suffix(".jsonl")
    path.parent.mkdir(parents=True, exist_ok=True)
    network = MemoryNetwork(_memory_rules(devnet, spec.index, poster_key), path, time.time)
    ledger = MemoryLedger(network, genesis.rollup_id, MemoryPosting(poster_key))
    devnet.memories.append(ledger)
    devnet.runners[f"ledger {spec.index}"] = network.run
    return ledger
