// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {BatchHeader} from "./BatchHeader.sol";
import {BatchLedger} from "./BatchLedger.sol";

/// @title BatchInbox
/// @notice The rollup's contract on its anchor ledger. The order of batches here is *the* order: every batch is posted
/// with its body, directly behind the one before; the first valid one of a number wins.
contract BatchInbox is BatchLedger {
    /// @notice Batch `number` is anchored. Its header, signature and body are the calldata of this transaction.
    event BatchPosted(
        uint64 indexed number,
        bytes32 indexed batchHash,
        bytes32 indexed parentHash,
        bytes32 stateRoot,
        bytes32 outboxRoot,
        uint64 firstBlock,
        uint64 lastBlock
    );

    constructor(
        address sequencer_,
        uint32 rollupId_,
        bytes32 genesisHash
    ) BatchLedger(sequencer_, rollupId_, genesisHash) {}

    /// @notice Anchor the next batch. Only from an account without code, only canonical calldata.
    /// @param header RLP of the header, see {BatchHeaderReader}
    /// @param signature of the sequencer over keccak256(header): 65 bytes r, s, v with v 27 or 28 and low s
    /// @param body compressed blocks, whose length and Keccak-256 the header names
    function postBatch(bytes calldata header, bytes calldata signature, bytes calldata body) external {
        (BatchHeader memory decoded, bytes32 hash) = _checkHeader(header, signature, body);
        _checkSuccessor(decoded);
        _checkBody(decoded, body);
        _advance(decoded);
        _keep(decoded, hash);
        emit BatchPosted(
            decoded.number,
            hash,
            decoded.parentHash,
            decoded.stateRoot,
            decoded.outboxRoot,
            decoded.firstBlock,
            decoded.lastBlock
        );
    }
}
