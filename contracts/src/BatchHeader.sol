// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {StrictRlp} from "./StrictRlp.sol";

/// @notice The fields of a batch header that a ledger checks or keeps. The others are read for their form only.
struct BatchHeader {
    uint256 version;
    uint256 rollupId;
    uint64 number;
    bytes32 parentHash;
    uint64 firstBlock;
    uint64 lastBlock;
    bytes32 stateRoot;
    bytes32 outboxRoot;
    bytes32 dataHash;
    uint256 dataLength;
}

/// @title BatchHeaderReader
/// @notice Decodes the header that the sequencer signs: an RLP list of `version, rollup_id, number, parent_hash,
/// first_block, last_block, last_block_hash, state_root, outbox_root, data_hash, data_length, cursors[], start_time,
/// end_time, sequencer_epoch`, where a cursor is `ledger_index, height, block_hash, message_count,
/// message_accumulator`.
library BatchHeaderReader {
    /// @notice A header has at most this many bytes (room for about 50 ledgers).
    uint256 internal constant BYTES_MAX = 4096;

    /// @notice The header is longer than any follower reads.
    error HeaderTooLong(uint256 length);

    /// @notice Decode, strictly: takes exactly the byte strings that the nodes' own decoder takes.
    function decode(bytes calldata data) internal pure returns (BatchHeader memory header) {
        if (data.length > BYTES_MAX) revert HeaderTooLong(data.length);
        (uint256 next, uint256 end) = StrictRlp.enterList(data, 0, data.length);
        if (end != data.length) revert StrictRlp.MalformedRlp(end);
        uint256 value;
        (header.version, next) = StrictRlp.readUint(data, next, end, 2);
        (header.rollupId, next) = StrictRlp.readUint(data, next, end, 4);
        (value, next) = StrictRlp.readUint(data, next, end, 8);
        header.number = uint64(value);
        (header.parentHash, next) = StrictRlp.readHash(data, next, end);
        (value, next) = StrictRlp.readUint(data, next, end, 8);
        header.firstBlock = uint64(value);
        (value, next) = StrictRlp.readUint(data, next, end, 8);
        header.lastBlock = uint64(value);
        (, next) = StrictRlp.readHash(data, next, end); // last_block_hash
        (header.stateRoot, next) = StrictRlp.readHash(data, next, end);
        (header.outboxRoot, next) = StrictRlp.readHash(data, next, end);
        (header.dataHash, next) = StrictRlp.readHash(data, next, end);
        (header.dataLength, next) = StrictRlp.readUint(data, next, end, 4);
        next = _skipCursors(data, next, end);
        (, next) = StrictRlp.readUint(data, next, end, 8); // start_time
        (, next) = StrictRlp.readUint(data, next, end, 8); // end_time
        (, next) = StrictRlp.readUint(data, next, end, 4); // sequencer_epoch
        if (next != end) revert StrictRlp.MalformedRlp(next);
    }

    /// @dev Checks the form of the list of cursors; returns the offset behind it.
    function _skipCursors(bytes calldata data, uint256 next, uint256 end) private pure returns (uint256) {
        uint256 last;
        (next, last) = StrictRlp.enterList(data, next, end);
        while (next != last) next = _skipCursor(data, next, last);
        return next;
    }

    /// @dev Checks the form of one cursor; returns the offset behind it.
    function _skipCursor(bytes calldata data, uint256 next, uint256 end) private pure returns (uint256) {
        uint256 last;
        (next, last) = StrictRlp.enterList(data, next, end);
        (, next) = StrictRlp.readUint(data, next, last, 2); // ledger_index
        (, next) = StrictRlp.readUint(data, next, last, 8); // height
        (, next) = StrictRlp.readHash(data, next, last); // block_hash
        (, next) = StrictRlp.readUint(data, next, last, 8); // message_count
        (, next) = StrictRlp.readHash(data, next, last); // message_accumulator
        if (next != last) revert StrictRlp.MalformedRlp(next);
        return next;
    }
}
