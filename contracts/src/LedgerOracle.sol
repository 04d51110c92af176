// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title LedgerOracle
/// @notice Tells contracts on the rollup up to where each connected ledger has been read. Predeployed at
/// 0x4200000000000000000000000000000000000015; written by the first transaction of a block in which a ledger moved.
/// @dev No constructor: the runtime code stands in the genesis, where storage may hold the first cursors
/// (slot 0: the list of known ledgers, slot 1: the mapping).
contract LedgerOracle {
    /// @notice The account that writes, by protocol; nobody holds its key.
    address public constant CURSOR_SENDER = 0xDeaDDEaDDeAdDeAdDEAdDEaddeAddEAdDEAd0001;

    /// @notice Up to where a ledger has been read: a final block of it, and the messages to the rollup until there.
    struct Cursor {
        uint16 ledgerIndex;
        uint64 height;
        bytes32 blockHash;
        uint64 messageCount;
        bytes32 messageAccumulator;
    }

    /// @dev A cursor in storage: three slots.
    struct Position {
        bool known;
        uint64 height;
        uint64 messageCount;
        bytes32 blockHash;
        bytes32 messageAccumulator;
    }

    /// @notice Ledger `ledgerIndex` was read up to `height`.
    event CursorMoved(
        uint16 indexed ledgerIndex,
        uint64 height,
        bytes32 blockHash,
        uint64 messageCount,
        bytes32 messageAccumulator
    );

    /// @notice Only the protocol writes.
    error CallerNotCursorSender(address caller);
    /// @notice The ledger was never read.
    error UnknownLedger(uint16 ledgerIndex);
    /// @notice Cursors never go back: neither in height nor in messages, and a height keeps its block.
    error CursorWentBack(uint16 ledgerIndex, uint64 height);

    uint16[] private _ledgers;
    mapping(uint16 ledgerIndex => Position) private _positions;

    /// @notice Move the cursors of the ledgers that were read further. All or none.
    function setCursors(Cursor[] calldata moved) external {
        if (msg.sender != CURSOR_SENDER) revert CallerNotCursorSender(msg.sender);
        for (uint256 i = 0; i < moved.length; ++i) _move(moved[i]);
    }

    /// @notice Cursor of one ledger. Reverts for a ledger that was never read.
    function cursor(uint16 ledgerIndex) public view returns (Cursor memory) {
        Position storage position = _positions[ledgerIndex];
        if (!position.known) revert UnknownLedger(ledgerIndex);
        return
            Cursor(
                ledgerIndex,
                position.height,
                position.blockHash,
                position.messageCount,
                position.messageAccumulator
            );
    }

    /// @notice Cursors of all known ledgers, in the order in which they became known.
    function cursors() external view returns (Cursor[] memory all) {
        all = new Cursor[](_ledgers.length);
        for (uint256 i = 0; i < all.length; ++i) all[i] = cursor(_ledgers[i]);
    }

    /// @dev Writes one cursor; the first time, the ledger becomes known.
    function _move(Cursor calldata to) private {
        Position storage position = _positions[to.ledgerIndex];
        if (!position.known) {
            _ledgers.push(to.ledgerIndex);
        } else if (
            to.height < position.height ||
            to.messageCount < position.messageCount ||
            (to.height == position.height && to.blockHash != position.blockHash)
        ) {
            revert CursorWentBack(to.ledgerIndex, to.height);
        }
        _positions[to.ledgerIndex] = Position(
            true,
            to.height,
            to.messageCount,
            to.blockHash,
            to.messageAccumulator
        );
        emit CursorMoved(to.ledgerIndex, to.height, to.blockHash, to.messageCount, to.messageAccumulator);
    }
}
