"""``entresol run``: a sequencer or a follower on ledgers that are somewhere else."""

from contextlib import AsyncExitStack
from functools import partial

import structlog

from ledgers.registry import LedgerSettings, open_ledger
from node.config import LedgerSection, NodeConfig
from node.deployment import find_section
from node.genesis_file import read_genesis
from node.keys import read_key
from node.listener_config import build_admin_listener, build_listener
from node.rollup_node import RollupNode, open_rollup_node
from node.rollup_settings import LedgerLink, RollupSettings
from node.stop_request import StopRequest, run_until_stopped
from node.supervise import supervise
from node.terminal import show_status
from rollup.core.errors import BadConfig
from rollup.core.genesis import LedgerRole, LedgerSpec, RollupGenesis
from rollup.core.ledger import PostingForm
from rollup.sequencer.settings import BatchSettings, BlockSettings, PoolSettings, SequencerSettings
from rollup.settlement.settings import PostSettings, WatchSettings
from rollup.vm.settings import VmSettings
from rpc.server import check_listenable

log = structlog.get_logger("node")

_ONE_AT_A_TIME = PostSettings(inflight_max=1, may_skip=True, skip_above=1)
"""For ledgers of coins: a replacement takes away what waits behind it, and one pointer vouches for those before."""


async def run_node(config: NodeConfig) -> int:
    """Until a signal or a fatal error; the exit code."""
    return await run_until_stopped(partial(_run, config))


async def _run(config: NodeConfig, stop: StopRequest) -> int:
    genesis = read_genesis(config.genesis)
    _check_ledgers(config, genesis)
    await check_listenable(config.rpc.host, config.rpc.port)
    async with AsyncExitStack() as stack:
        links = [
            await _link(stack, genesis, spec, section)
            for spec in genesis.ledgers
            if (section := find_section(config, spec)) is not None
        ]
        settings = _build_settings(config)
        node = await stack.enter_async_context(open_rollup_node(config.data, genesis, tuple(links), settings))
        log.info("serving", role=config.role, url=node.server.url, chain_id=genesis.chain.rule.chain_id)
        if node.admin is not None:
            log.info("serving operators", url=node.admin.url)
        return await supervise({**node.runners, "status": _status_of(node, config)}, node.metrics.on_loop_lag, stop)


def _status_of(node: RollupNode, config: NodeConfig):  # type: ignore[no-untyped-def]
    async def run() -> None:
        await show_status(node.take_snapshot, f"Entresol {config.role} on {node.server.url}")

    return run


def _check_ledgers(config: NodeConfig, genesis: RollupGenesis) -> None:
    known = {spec.ledger_id for spec in genesis.ledgers}
    for section in config.ledgers:
        if section.ledger_id not in known:
            raise BadConfig(
                f"ledgers: {section.ledger_id} is not in {config.genesis}: it has {', '.join(sorted(known))}"
            )
    anchor = next(spec for spec in genesis.ledgers if spec.role is LedgerRole.ANCHOR)
    if find_section(config, anchor) is None:
        raise BadConfig(f"ledgers: a section for the anchor {anchor.ledger_id} is needed")
    for spec in genesis.ledgers:
        if spec.family == "evm" and not spec.address and find_section(config, spec) is not None:
            raise BadConfig(f"{config.genesis}: {spec.ledger_id} has no contract yet: run `entresol deploy` first")


async def _link(stack: AsyncExitStack, genesis: RollupGenesis, spec: LedgerSpec, section: LedgerSection) -> LedgerLink:
    reach = LedgerSettings(
        url=section.url,
        private_key=read_key(section.key_file) if section.key_file else None,
        posting_form=_form_of(genesis, spec),
        fee_max=section.fee_wei_max,
        timeout_s=section.request_timeout_s,
    )
    ledger = await stack.enter_async_context(open_ledger(spec, reach, genesis.rollup_id))
    watch = WatchSettings(poll_interval_s=section.poll_interval_s)
    return LedgerLink(spec, ledger, watch, _ONE_AT_A_TIME if spec.family == "utxo" else PostSettings())


def _form_of(genesis: RollupGenesis, spec: LedgerSpec) -> PostingForm | None:
    """The first EVM mirror carries the second copy of the data (protocol section 4); the rest as is usual."""
    mirrors = [row.index for row in genesis.ledgers if row.family == "evm" and row.role is LedgerRole.MIRROR]
    return PostingForm.FULL if mirrors[:1] == [spec.index] else None


def _build_settings(config: NodeConfig) -> RollupSettings:
    sequencer, batch, rpc = config.sequencer, config.batch, config.rpc
    return RollupSettings(
        key=read_key(sequencer.key_file) if config.role == "sequencer" else None,
        listener=build_listener(rpc),
        admin=build_admin_listener(config),
        vm=VmSettings(call_time_max_s=rpc.call_time_max_s),
        sequencer=SequencerSettings(
            pool=PoolSettings(
                count_max=sequencer.pool_transactions_max,
                bytes_max=sequencer.pool_bytes_max,
                sender_count_max=sequencer.pool_per_sender_max,
                expiry_s=sequencer.pool_expiry_s,
            ),
            block=BlockSettings(
                block_interval_s=sequencer.block_interval_s,
                idle_block_interval_s=sequencer.idle_block_interval_s,
                time_budget_s=sequencer.block_time_budget_s,
            ),
        ),
        batch=BatchSettings(
            blocks_max=batch.blocks_max,
            body_bytes_max=batch.bytes_max,
            gas_max=batch.gas_max,
            age_s_max=batch.age_s_max,
        ),
        cursor_interval_s=sequencer.cursor_interval_s,
        outbox_batches_max=batch.outbox_batches_max,
    )
