// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {BatchHeader} from "./BatchHeader.sol";
import {BatchLedger} from "./BatchLedger.sol";

/// @title MirrorAnchor
/// @notice The rollup's contract on a mirror ledger: confirms batches that the anchor ledger orders. A batch covers
/// all before it through the chain of parent hashes, so a mirror that was down or is expensive may skip some.
contract MirrorAnchor is BatchLedger {
    /// @notice Batch `number` is mirrored. `withBody` tells whether the calldata of this transaction carries its body.
    event BatchMirrored(
        uint64 indexed number,
        bytes32 indexed batchHash,
        bytes32 indexed parentHash,
        bytes32 stateRoot,
        bytes32 outboxRoot,
        bool withBody
    );

    constructor(
        address sequencer_,
        uint32 rollupId_,
        bytes32 genesisHash
    ) BatchLedger(sequencer_, rollupId_, genesisHash) {}

    /// @notice Mirror a batch that is newer than the newest one here. A direct successor must continue it; after a
    /// skip, the blocks must at least be later ones.
    /// @param header RLP of the header, see {BatchHeaderReader}
    /// @param signature of the sequencer over keccak256(header): 65 bytes r, s, v with v 27 or 28 and low s
    /// @param body compressed blocks, or empty: header only
    function postBatch(bytes calldata header, bytes calldata signature, bytes calldata body) external {
        (BatchHeader memory decoded, bytes32 hash) = _checkHeader(header, signature, body);
        if (decoded.number > lastNumber + 1) {
            if (decoded.firstBlock <= lastBlock) revert WrongFirstBlock(lastBlock + 1, decoded.firstBlock);
        } else {
            _checkSuccessor(decoded);
        }
        bool withBody = body.length != 0;
        if (withBody) _checkBody(decoded, body);
        _keep(decoded, hash);
        emit BatchMirrored(
            decoded.number,
            hash,
            decoded.parentHash,
            decoded.stateRoot,
            decoded.outboxRoot,
            withBody
        );
    }
}
