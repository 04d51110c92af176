// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {BatchHeader, BatchHeaderReader} from "./BatchHeader.sol";

/// @title BatchLedger
/// @notice What every ledger contract of the rollup does with a batch: check the sender, the form, the sequencer's
/// signature and the order, then keep the hash and the roots. Whether batches may be skipped and whether the body must
/// be there is up to the contract that inherits.
///
/// Anyone may post: what counts is the sequencer's signature. The bytes must be the transaction's own calldata, in the
/// one canonical ABI encoding, so that whoever reads the ledger finds the batch in the transaction without executing
/// anything, and so that nobody can repost a signed batch in a dress in which readers would not know it.
///
/// Storage per batch is three slots (hash, state root, outbox root) and an update of one.
abstract contract BatchLedger {
    /// @notice The version of the header format that this contract reads.
    uint256 public constant BATCH_VERSION = 1;

    /// @notice Caller is a contract, has delegated code (EIP-7702), or is called from one.
    error CallerNotEoa(address caller);
    /// @notice The calldata is not the canonical ABI encoding of `postBatch(bytes,bytes,bytes)`.
    error NonCanonicalCalldata();
    /// @notice The header's version is not one that this contract reads.
    error UnknownVersion(uint256 version);
    /// @notice The batch belongs to another rollup.
    error WrongRollup(uint256 expected, uint256 actual);
    /// @notice `expected` is the number of the next batch.
    error WrongNumber(uint64 expected, uint64 actual);
    /// @notice The parent is not the batch before.
    error WrongParent(bytes32 expected, bytes32 actual);
    /// @notice A batch has at least one block.
    error EmptyBlockRange(uint64 firstBlock, uint64 lastBlock);
    /// @notice The body has not the length that the header names.
    error WrongDataLength(uint256 expected, uint256 actual);
    /// @notice The body has not the Keccak-256 that the header names.
    error WrongDataHash(bytes32 expected, bytes32 actual);
    /// @notice Somebody other than the sequencer signed the header.
    error WrongSigner(address expected, address actual);

    /// @notice What is kept of a batch.
    struct Record {
        bytes32 hash;
        bytes32 stateRoot;
        bytes32 outboxRoot;
    }

    /// @notice Account whose signature makes a batch.
    address public immutable sequencer;
    /// @notice Id of the rollup: headers of others are refused.
    uint32 public immutable rollupId;

    /// @notice Number of the newest batch here; 0 before the first.
    uint64 public lastNumber;
    /// @notice Last rollup block that the newest batch covers; 0 (the genesis block) before the first.
    uint64 public lastBlock;

    /// @dev Number 0 holds the genesis hash, so that batch 1 is no special case.
    mapping(uint64 number => Record) private _records;

    /// @param sequencer_ account whose signature makes a batch
    /// @param rollupId_ id of the rollup, as in every header
    /// @param genesisHash parent hash of batch 1
    constructor(address sequencer_, uint32 rollupId_, bytes32 genesisHash) {
        sequencer = sequencer_;
        rollupId = rollupId_;
        _records[0].hash = genesisHash;
    }

    /// @notice Hash of the newest batch here; the genesis hash before the first.
    function lastHash() public view returns (bytes32) {
        return _records[lastNumber].hash;
    }

    /// @notice Keccak-256 of the header of batch `number`, the genesis hash for 0; zero for one that is not held here.
    function batchHash(uint64 number) public view returns (bytes32) {
        return _records[number].hash;
    }

    /// @notice State root after batch `number`; zero if this ledger does not hold it.
    function stateRoot(uint64 number) external view returns (bytes32) {
        return _records[number].stateRoot;
    }

    /// @notice Root of the outbound messages of batch `number`; zero if there are none or it is not held.
    function outboxRoot(uint64 number) external view returns (bytes32) {
        return _records[number].outboxRoot;
    }

    /// @dev Decodes and checks all that does not depend on the body. Reverts with the first rule that is broken.
    function _checkHeader(
        bytes calldata header,
        bytes calldata signature,
        bytes calldata body
    ) internal view returns (BatchHeader memory decoded, bytes32 hash) {
        if (msg.sender != tx.origin || msg.sender.code.length != 0) revert CallerNotEoa(msg.sender);
        _checkCalldata(header, signature, body);
        decoded = BatchHeaderReader.decode(header);
        if (decoded.version != BATCH_VERSION) revert UnknownVersion(decoded.version);
        if (decoded.rollupId != rollupId) revert WrongRollup(rollupId, decoded.rollupId);
        if (decoded.firstBlock > decoded.lastBlock) revert EmptyBlockRange(decoded.firstBlock, decoded.lastBlock);
        hash = keccak256(header);
        address signer = ECDSA.recoverCalldata(hash, signature);
        if (signer != sequencer) revert WrongSigner(sequencer, signer);
    }

    /// @dev Number and parent continue the newest batch. Whether its blocks do is for derivation to say: after a batch that
    /// changed no state, the next one begins where that one had begun.
    function _checkSuccessor(BatchHeader memory header) internal view {
        uint64 number = lastNumber + 1;
        if (header.number != number) revert WrongNumber(number, header.number);
        bytes32 parent = lastHash();
        if (header.parentHash != parent) revert WrongParent(parent, header.parentHash);
    }

    /// @dev The body is the one that the header names.
    function _checkBody(BatchHeader memory header, bytes calldata body) internal pure {
        if (body.length != header.dataLength) revert WrongDataLength(header.dataLength, body.length);
        bytes32 hash = keccak256(body);
        if (hash != header.dataHash) revert WrongDataHash(header.dataHash, hash);
    }

    /// @dev The batch is the newest one.
    function _advance(BatchHeader memory header) internal {
        lastNumber = header.number;
        lastBlock = header.lastBlock;
    }

    /// @dev Keeps hash and roots of the batch.
    function _keep(BatchHeader memory header, bytes32 hash) internal {
        _records[header.number] = Record(hash, header.stateRoot, header.outboxRoot);
    }

    /// @dev Three byte strings laid one behind the other, each padded with zeros to a whole word, and nothing more.
    /// The compiler's own decoder would also take overlapping strings, gaps, dirty padding and trailing bytes.
    function _checkCalldata(bytes calldata header, bytes calldata signature, bytes calldata body) private pure {
        bool canonical;
        assembly ("memory-safe") {
            // whether string n starts where it must; `expected` moves to where string n + 1 must start
            function laid(offset, length, expected) -> fits, next {
                let tail := add(offset, length)
                // offsets count from the start of calldata: the selector's 4 bytes come before the words
                next := add(and(add(sub(tail, 4), 31), not(31)), 4)
                let padding := sub(next, tail)
                let dirty := 0
                if padding { dirty := shr(sub(256, shl(3, padding)), calldataload(tail)) }
                fits := and(eq(offset, expected), iszero(dirty))
                next := add(next, 32)
            }
            let fits
            let next := 132 // selector, three offsets, length of the first string
            fits, next := laid(header.offset, header.length, next)
            canonical := fits
            fits, next := laid(signature.offset, signature.length, next)
            canonical := and(canonical, fits)
            fits, next := laid(body.offset, body.length, next)
            canonical := and(and(canonical, fits), eq(sub(next, 32), calldatasize()))
        }
        if (!canonical) revert NonCanonicalCalldata();
    }
}
