// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DemoCounter} from "../src/DemoCounter.sol";

interface Cheats {
    function startBroadcast() external;
    function stopBroadcast() external;
}

/// @notice Three transactions of one script: a contract, and two calls to it.
contract Count {
    Cheats private constant CHEATS = Cheats(address(uint160(uint256(keccak256("hevm cheat code")))));

    function run() external returns (address) {
        CHEATS.startBroadcast();
        DemoCounter counter = new DemoCounter();
        counter.increment(2);
        counter.increment(3);
        CHEATS.stopBroadcast();
        return address(counter);
    }
}
