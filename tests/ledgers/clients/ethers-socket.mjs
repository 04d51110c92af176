// ethers v6 over WebSocket: calls side by side, block and contract events, pending transactions.
// Arguments: URL, private key of a funded account, file with {"counter": artefact, "token": artefact}.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(process.env.CLIENT_PACKAGES);
const { ethers } = require("ethers");

const [url, key, artifactsFile] = process.argv.slice(2);
const artifacts = JSON.parse(readFileSync(artifactsFile, "utf8"));
const provider = new ethers.WebSocketProvider(url.replace("http", "ws"), undefined, { cacheTimeout: -1 });
const wallet = new ethers.Wallet(key, provider);
const within = (promise, what) =>
  Promise.race([promise, new Promise((_, no) => setTimeout(() => no(new Error(`no ${what} in 10 s`)), 10_000).unref())]);

const balances = await Promise.all(Array.from({ length: 50 }, () => provider.getBalance(wallet.address)));
assert.ok(balances.every((balance) => balance > ethers.parseEther("1")));

const pending = new Promise((yes) => provider.on("pending", yes));
const heads = new Promise((yes) => provider.on("block", yes));
const counter = await new ethers.ContractFactory(artifacts.counter.abi, artifacts.counter.bytecode, wallet).deploy();
assert.equal(await within(pending, "pending transaction"), counter.deploymentTransaction().hash);
assert.ok((await within(heads, "head")) > 0);
await within(counter.waitForDeployment(), "deployment");

const counted = new Promise((yes) => counter.on(counter.filters.Counted(wallet.address), yes));
const sent = await counter.increment(5n);
const event = await within(counted, "event");
assert.equal(event.args.step, 5n);
assert.equal(event.log.transactionHash, sent.hash);
assert.equal((await within(sent.wait(), "receipt")).status, 1);

await counter.removeAllListeners();
await provider.removeAllListeners();
assert.equal(await counter.total(), 5n);
console.log("ethers-socket: done");
const closed = once(provider.websocket, "close");
await provider.destroy();
await within(closed, "close");
