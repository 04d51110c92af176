// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";

import {BatchHeader} from "./BatchHeader.sol";
import {BatchLedger} from "./BatchLedger.sol";

/// @title MirrorAnchor
/// @notice The rollup's contract on a mirror ledger: confirms batches that the anchor ledger orders. A batch covers
/// all before it through the chain of parent hashes, so a mirror that was down or is expensive may skip some.
///
/// Anyone may post, so anyone may be first with a bare header or with a later batch. Neither may keep the bodies off a
/// ledger that is to hold the second copy of the data: a batch whose body is not here yet can always be posted with it.
contract MirrorAnchor is BatchLedger {
    using BitMaps for BitMaps.BitMap;

    /// @notice Batch `number` is mirrored. `withBody` tells whether the calldata of this transaction carries its body.
    event BatchMirrored(
        uint64 indexed number,
        bytes32 indexed batchHash,
        bytes32 indexed parentHash,
        bytes32 stateRoot,
        bytes32 outboxRoot,
        bool withBody
    );

    /// @notice This ledger holds another batch under the same number.
    error WrongHash(bytes32 expected, bytes32 actual);

    BitMaps.BitMap private _bodies;

    constructor(
        address sequencer_,
        uint32 rollupId_,
        bytes32 genesisHash
    ) BatchLedger(sequencer_, rollupId_, genesisHash) {}

    /// @notice Whether the body of batch `number` was posted here.
    function hasBody(uint64 number) external view returns (bool) {
        return _bodies.get(number);
    }

    /// @notice Mirror a batch that is newer than the newest one here, or bring the body of an older one.
    /// @param header RLP of the header, see {BatchHeaderReader}
    /// @param signature of the sequencer over keccak256(header): 65 bytes r, s, v with v 27 or 28 and low s
    /// @param body compressed blocks, or empty: header only
    function postBatch(bytes calldata header, bytes calldata signature, bytes calldata body) external {
        (BatchHeader memory decoded, bytes32 hash) = _checkHeader(header, signature, body);
        bool withBody = body.length != 0;
        if (decoded.number > lastNumber) {
            _checkNewer(decoded);
            _advance(decoded);
        } else {
            _checkLate(decoded, hash, withBody);
        }
        if (withBody) {
            _checkBody(decoded, body);
            _bodies.set(decoded.number);
        }
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

    /// @dev A direct successor continues the newest batch; a skip is covered by the hashes of those in between.
    function _checkNewer(BatchHeader memory header) private view {
        if (header.number == lastNumber + 1) _checkSuccessor(header);
    }

    /// @dev Older batches are taken only for a body that is missing, and only if they do not contradict what is here.
    function _checkLate(BatchHeader memory header, bytes32 hash, bool withBody) private view {
        uint64 number = header.number;
        if (number == 0 || !withBody || _bodies.get(number)) revert WrongNumber(lastNumber + 1, number);
        bytes32 kept = batchHash(number);
        if (kept != 0 && kept != hash) revert WrongHash(kept, hash);
        bytes32 parent = batchHash(number - 1);
        if (parent != 0 && parent != header.parentHash) revert WrongParent(parent, header.parentHash);
    }
}
