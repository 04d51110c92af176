// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title StrictRlp
/// @notice Reads RLP items from calldata and accepts nothing but the one canonical encoding.
/// @dev Followers of the rollup decode the same bytes with the same strictness. If a contract took an encoding that
/// followers refuse, a batch could be on the ledger and yet not be part of the rollup; hence no leniency: integers
/// have no leading zeros, lengths are minimal, single bytes below 0x80 stand for themselves.
///
/// Offsets are relative to the start of `data`. `end` bounds the enclosing list. Every function returns the offset of
/// the next item, and reverts with the offset of the item that it could not read.
library StrictRlp {
    /// @notice The bytes at `offset` are not what the schema asks for, in canonical form.
    error MalformedRlp(uint256 offset);

    /// @notice Unsigned integer of at most `sizeMax` bytes (at most 32), big-endian, without leading zeros.
    function readUint(
        bytes calldata data,
        uint256 offset,
        uint256 end,
        uint256 sizeMax
    ) internal pure returns (uint256 value, uint256 next) {
        unchecked {
            if (offset >= end) revert MalformedRlp(offset);
            uint256 word = _load(data, offset);
            uint256 prefix = word >> 248;
            if (prefix < 0x80) {
                if (prefix == 0) revert MalformedRlp(offset);
                return (prefix, offset + 1);
            }
            uint256 size = prefix - 0x80;
            next = offset + 1 + size;
            if (size > sizeMax || next > end) revert MalformedRlp(offset);
            if (size == 0) return (0, next);
            value = _load(data, offset + 1) >> (256 - 8 * size);
            if (value >> (8 * (size - 1)) == 0 || (size == 1 && value < 0x80)) revert MalformedRlp(offset);
        }
    }

    /// @notice String of exactly 32 bytes.
    function readHash(
        bytes calldata data,
        uint256 offset,
        uint256 end
    ) internal pure returns (bytes32 value, uint256 next) {
        unchecked {
            next = offset + 33;
            if (next > end || _load(data, offset) >> 248 != 0xa0) revert MalformedRlp(offset);
            value = bytes32(_load(data, offset + 1));
        }
    }

    /// @notice List whose content has at most 65535 bytes: the offsets of its first item and of its end.
    function enterList(
        bytes calldata data,
        uint256 offset,
        uint256 end
    ) internal pure returns (uint256 first, uint256 last) {
        unchecked {
            if (offset >= end) revert MalformedRlp(offset);
            uint256 word = _load(data, offset);
            uint256 prefix = word >> 248;
            uint256 size;
            if (prefix >= 0xc0 && prefix < 0xf8) {
                (first, size) = (offset + 1, prefix - 0xc0);
            } else if (prefix == 0xf8) {
                (first, size) = (offset + 2, (word >> 240) & 0xff);
                if (size < 56) revert MalformedRlp(offset);
            } else if (prefix == 0xf9) {
                (first, size) = (offset + 3, (word >> 232) & 0xffff);
                if (size < 256) revert MalformedRlp(offset);
            } else {
                revert MalformedRlp(offset);
            }
            last = first + size;
            if (last > end) revert MalformedRlp(offset);
        }
    }

    /// @dev 32 bytes from `offset`. What lies behind the end of `data` is arbitrary: callers bound what they use of it.
    function _load(bytes calldata data, uint256 offset) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(data.offset, offset))
        }
    }
}
