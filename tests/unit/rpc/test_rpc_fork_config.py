"""Fork identities of Ethereum's mainnet (EIP-2124, EIP-6122), and what eth_config tells of forks (EIP-7910)."""

import pytest

from rollup.core.forks import CANCUN_BLOBS, PRAGUE_BLOBS, BlobRule, Fork, ForkSchedule
from rollup.core.ids import BlockNumber, Hash
from rpc.methods.capabilities import times_from
from rpc.shapes.fork_config import fork_id, fork_json, own_fork_json

GENESIS = Hash(bytes.fromhex("d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3"))
SHANGHAI, CANCUN, PRAGUE = 1_681_338_455, 1_710_338_135, 1_746_612_311
MAINNET = ForkSchedule(
    by_number=((BlockNumber(12_965_000), Fork.LONDON),),
    by_time=((SHANGHAI, Fork.SHANGHAI), (CANCUN, Fork.CANCUN), (PRAGUE, Fork.PRAGUE)),
    blobs=((CANCUN, CANCUN_BLOBS), (PRAGUE, PRAGUE_BLOBS)),
    fork_blocks=(
        *(1_150_000, 1_920_000, 2_463_000, 2_675_000, 4_370_000, 7_280_000),
        *(9_069_000, 9_200_000, 12_244_000, 12_965_000, 13_773_000, 15_050_000),
    ),
    fork_times=(SHANGHAI, CANCUN, PRAGUE),
)


@pytest.mark.parametrize(
    ("time", "identity"), [(0, 0xF0AFD0E3), (SHANGHAI, 0xDCE96C2D), (CANCUN, 0x9F3D2254), (PRAGUE, 0xC376CF8B)]
)
def test_the_identities_of_mainnet(time: int, identity: int) -> None:
    assert fork_id(MAINNET, time, GENESIS) == identity


def test_a_fork_tells_its_contracts_and_blobs() -> None:
    cancun = fork_json(MAINNET, CANCUN, 1, GENESIS)
    assert (cancun["activationTime"], cancun["chainId"], cancun["forkId"]) == (CANCUN, "0x1", "0x9f3d2254")
    assert cancun["blobSchedule"] == {"target": 3, "max": 6, "baseFeeUpdateFraction": 3_338_477}
    assert list(cancun["systemContracts"]) == ["BEACON_ROOTS_ADDRESS"]
    prague = fork_json(MAINNET, PRAGUE, 1, GENESIS)
    assert len(prague["precompiles"]) - len(cancun["precompiles"]) == 7
    assert prague["systemContracts"]["DEPOSIT_CONTRACT_ADDRESS"] == "0x00000000219ab540356cbb839cbe05303d7705fa"


def test_a_chain_of_ours_has_no_beacon_chain() -> None:
    config = own_fork_json(7, GENESIS)
    assert list(config["systemContracts"]) == ["HISTORY_STORAGE_ADDRESS"]
    assert config["forkId"] == "0xfc64ec04"


def test_rules_change_with_forks_and_with_blob_parameters() -> None:
    later = ForkSchedule(
        (), ((10, Fork.CANCUN), (20, Fork.PRAGUE)), ((10, CANCUN_BLOBS), (20, PRAGUE_BLOBS), (30, BlobRule(9, 12, 5)))
    )
    assert times_from(later, 5) == [0, 10, 20, 30]
    assert times_from(later, 25) == [20, 30]
    assert times_from(later, 30) == [30]
