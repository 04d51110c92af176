"""What eth_config tells of a fork (EIP-7910): when it began, its identity, its precompiles, its system contracts."""

from binascii import crc32

from rollup.core.forks import BlobRule, Fork, ForkSchedule
from rollup.core.ids import Hash
from rpc.hexes import data, quantity

_PRECOMPILES = (
    (Fork.FRONTIER, 0x01, "ECREC"),
    (Fork.FRONTIER, 0x02, "SHA256"),
    (Fork.FRONTIER, 0x03, "RIPEMD160"),
    (Fork.FRONTIER, 0x04, "ID"),
    (Fork.BYZANTIUM, 0x05, "MODEXP"),
    (Fork.BYZANTIUM, 0x06, "BN254_ADD"),
    (Fork.BYZANTIUM, 0x07, "BN254_MUL"),
    (Fork.BYZANTIUM, 0x08, "BN254_PAIRING"),
    (Fork.ISTANBUL, 0x09, "BLAKE2F"),
    (Fork.CANCUN, 0x0A, "KZG_POINT_EVALUATION"),
    (Fork.PRAGUE, 0x0B, "BLS12_G1ADD"),
    (Fork.PRAGUE, 0x0C, "BLS12_G1MSM"),
    (Fork.PRAGUE, 0x0D, "BLS12_G2ADD"),
    (Fork.PRAGUE, 0x0E, "BLS12_G2MSM"),
    (Fork.PRAGUE, 0x0F, "BLS12_PAIRING_CHECK"),
    (Fork.PRAGUE, 0x10, "BLS12_MAP_FP_TO_G1"),
    (Fork.PRAGUE, 0x11, "BLS12_MAP_FP2_TO_G2"),
    (Fork.OSAKA, 0x100, "P256VERIFY"),
)
_SYSTEM_CONTRACTS = (
    (Fork.CANCUN, "BEACON_ROOTS_ADDRESS", "0x000f3df6d732807ef1319fb7b8bb8522d0beac02"),
    (Fork.PRAGUE, "CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS", "0x0000bbddc7ce488642fb579f8b00f3a590007251"),
    (Fork.PRAGUE, "HISTORY_STORAGE_ADDRESS", "0x0000f90827f1c53a10cb7a02335b175320002935"),
    (Fork.PRAGUE, "WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS", "0x00000961ef480eb55e80d19ad83579a64c007002"),
)
_DEPOSIT_CONTRACT = "DEPOSIT_CONTRACT_ADDRESS"
_OURS = ("HISTORY_STORAGE_ADDRESS",)
_NO_BLOBS = BlobRule(0, 0, 0)


def own_fork_json(chain_id: int, genesis_hash: Hash) -> dict[str, object]:
    """A chain of ours: Prague from its first block on, without blobs and without a beacon chain."""
    contracts = {name: address for _, name, address in _SYSTEM_CONTRACTS if name in _OURS}
    return _fork_json(Fork.PRAGUE, 0, chain_id, crc32(genesis_hash)) | {
        "blobSchedule": _blobs_json(_NO_BLOBS),
        "systemContracts": contracts,
    }


def fork_json(forks: ForkSchedule, time: int, chain_id: int, genesis_hash: Hash) -> dict[str, object]:
    """The rules that begin at ``time``: a fork, or new parameters of blobs."""
    fork = forks.fork_at(0, time, merged=True)
    contracts = {name: address for first, name, address in _SYSTEM_CONTRACTS if fork >= first}
    if fork >= Fork.PRAGUE:
        contracts[_DEPOSIT_CONTRACT] = data(forks.deposit_contract)
    return _fork_json(fork, time, chain_id, fork_id(forks, time, genesis_hash)) | {
        "blobSchedule": _blobs_json(forks.blobs_at(time)),
        "systemContracts": contracts,
    }


def fork_id(forks: ForkSchedule, time: int, genesis_hash: Hash) -> int:
    """The checksum of EIP-2124 with times (EIP-6122): of every fork that began up to ``time``."""
    starts = (*forks.fork_blocks, *(start for start in forks.fork_times if start <= time))
    checksum = crc32(genesis_hash)
    for start in starts:
        checksum = crc32(start.to_bytes(8, "big"), checksum)
    return checksum


def _fork_json(fork: Fork, time: int, chain_id: int, checksum: int) -> dict[str, object]:
    return {
        "activationTime": time,
        "chainId": quantity(chain_id),
        "forkId": f"0x{checksum:08x}",
        "precompiles": {name: f"0x{number:040x}" for first, number, name in _PRECOMPILES if fork >= first},
    }


def _blobs_json(rule: BlobRule) -> dict[str, int]:
    return {"target": rule.target, "max": rule.max, "baseFeeUpdateFraction": rule.update_fraction}
