"""The Solidity contracts: sources (``src``), compiled artefacts (``artifacts``), and what Python needs to use them."""

from contracts.artifact import Artifact, encode_constructor, load_artifact
from contracts.posting import (
    BATCH_MIRRORED_TOPIC,
    BATCH_POSTED_TOPIC,
    POST_BATCH_SELECTOR,
    decode_post_batch,
    encode_post_batch,
)
from contracts.predeploys import DEPLOYMENT_PROXY, MULTICALL3, PREDEPLOYS, oracle_storage

__all__ = [
    "BATCH_MIRRORED_TOPIC",
    "BATCH_POSTED_TOPIC",
    "DEPLOYMENT_PROXY",
    "MULTICALL3",
    "POST_BATCH_SELECTOR",
    "PREDEPLOYS",
    "Artifact",
    "decode_post_batch",
    "encode_constructor",
    "encode_post_batch",
    "load_artifact",
    "oracle_storage",
]
