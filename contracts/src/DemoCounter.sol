// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title DemoCounter
/// @notice Counts, in all and per account, for demonstrations and measurements.
contract DemoCounter {
    /// @notice `account` added `step`; `total` is the sum over all accounts.
    event Counted(address indexed account, uint256 step, uint256 total);

    /// @notice Adding nothing is refused, to have something that reverts.
    error StepIsZero();

    /// @notice Sum over all accounts.
    uint256 public total;
    /// @notice Sum per account.
    mapping(address account => uint256) public countOf;

    /// @notice Add `step` to the caller's count.
    function increment(uint256 step) external {
        if (step == 0) revert StepIsZero();
        total += step;
        countOf[msg.sender] += step;
        emit Counted(msg.sender, step, total);
    }
}
