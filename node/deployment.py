"""Puts the settlement contracts on the EVM ledgers of a genesis, and writes their addresses into it."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from contracts import load_artifact
from ledgers.evm.deploy import deploy_contract
from ledgers.evm.signer import LocalSigner
from ledgers.registry import LedgerSettings, open_ledger
from ledgers.transport import RpcTransport, TransportSettings
from node.chain_parts import open_chain
from node.config import LedgerSection, NodeConfig
from node.genesis_file import read_genesis, write_genesis
from node.keys import checksum_address_of, read_key
from rollup.core.errors import BadConfig, LedgerFundsTooLow, LedgerUnavailable
from rollup.core.genesis import LedgerRole, LedgerSpec, RollupGenesis
from rollup.core.ids import Hash
from rollup.vm.settings import VmSettings

CONTRACT_OF_ROLE = {LedgerRole.ANCHOR: "BatchInbox", LedgerRole.MIRROR: "MirrorAnchor"}
EVM_FAMILY, COIN_FAMILY = "evm", "utxo"


async def deploy_contracts(config: NodeConfig) -> list[str]:
    """Deploy what is missing on every EVM ledger of the configuration; the lines to print. Idempotent."""
    genesis = read_genesis(config.genesis)
    with TemporaryDirectory(prefix="entresol-") as scratch:  # a node may be running on the data directory
        async with open_chain(Path(scratch), genesis.chain, VmSettings()) as chain:
            genesis_hash = chain.genesis_hash
    ledgers, lines = [], []
    for spec in genesis.ledgers:
        section = find_section(config, spec)
        if spec.family == EVM_FAMILY and section is not None:
            placed = await _deploy_one(genesis, genesis_hash, spec, section)
            lines.append(f"{spec.ledger_id}: {CONTRACT_OF_ROLE[spec.role]} at {placed.address}")
            ledgers.append(placed)
        elif spec.family == COIN_FAMILY and section is not None and not spec.start_height:
            ledgers.append(await _start_here(genesis, spec, section))
            lines.append(f"{spec.ledger_id}: read from block {ledgers[-1].start_height} on")
        else:
            ledgers.append(spec)
    write_genesis(config.genesis, replace(genesis, ledgers=tuple(ledgers)))
    return lines


async def _deploy_one(
    genesis: RollupGenesis, genesis_hash: Hash, spec: LedgerSpec, section: LedgerSection
) -> LedgerSpec:
    if section.key_file is None:
        raise BadConfig(f"ledgers: {spec.ledger_id} needs a key_file to deploy with")
    key = read_key(section.key_file)
    async with RpcTransport(TransportSettings(section.url, section.request_timeout_s)) as transport:
        try:
            return await place_contract(transport, LocalSigner(key), (genesis, genesis_hash), spec)
        except LedgerFundsTooLow as error:
            words = f"{checksum_address_of(key)} cannot pay for the contract on {spec.ledger_id}: send it coins there"
            raise LedgerFundsTooLow(words) from error
        except LedgerUnavailable as error:
            raise LedgerUnavailable(f"{spec.ledger_id} at {section.url} does not answer ({error})") from error


async def _start_here(genesis: RollupGenesis, spec: LedgerSpec, section: LedgerSection) -> LedgerSpec:
    """Nothing is placed there; what stands below today's tip cannot be of this rollup."""
    reach = LedgerSettings(section.url, timeout_s=section.request_timeout_s)
    async with open_ledger(spec, reach, genesis.rollup_id) as ledger:
        return replace(spec, start_height=(await ledger.read_head()).block.height)


async def place_contract(
    transport: RpcTransport, signer: LocalSigner, rollup: tuple[RollupGenesis, Hash], spec: LedgerSpec
) -> LedgerSpec:
    """The spec with the contract's address; scanning starts at the height before the deployment."""
    genesis, genesis_hash = rollup
    found = int(str(await transport.call("eth_chainId")), 16)
    if spec.ledger_id != f"eip155:{found}":
        raise BadConfig(f"ledgers: the node for {spec.ledger_id} is on eip155:{found}: correct its url")
    height = int(str(await transport.call("eth_blockNumber")), 16)
    arguments = [genesis.sequencer, genesis.rollup_id, genesis_hash]
    address = await deploy_contract(transport, signer, load_artifact(CONTRACT_OF_ROLE[spec.role]), arguments)
    start = spec.start_height if spec.address else height
    return replace(spec, address="0x" + address.hex(), start_height=start)


def find_section(config: NodeConfig, spec: LedgerSpec) -> LedgerSection | None:
    """How the configuration reaches a ledger of the genesis; None where it does not."""
    return next((row for row in config.ledgers if row.ledger_id == spec.ledger_id), None)
