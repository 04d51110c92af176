// ethers v6 against a node: connect, read, send, deploy, call, events, reverts, fees.
// Arguments: URL, private key of a funded account, file with {"counter": artefact, "token": artefact}.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(process.env.CLIENT_PACKAGES);
const { ethers } = require("ethers");

const [url, key, artifactsFile] = process.argv.slice(2);
const artifacts = JSON.parse(readFileSync(artifactsFile, "utf8"));
const provider = new ethers.JsonRpcProvider(url, undefined, { pollingInterval: 50, cacheTimeout: -1 });
const wallet = new ethers.Wallet(key, provider);
const stranger = ethers.Wallet.createRandom().address;

const network = await provider.getNetwork();
assert.ok(network.chainId > 0n);
assert.ok((await provider.getBalance(wallet.address)) > ethers.parseEther("1"));
assert.equal((await provider.getBlock(0)).number, 0);
assert.equal((await provider.getBlock("finalized")).number >= 0, true);
const fees = await provider.getFeeData();
assert.ok(fees.gasPrice > 0n && fees.maxFeePerGas > fees.maxPriorityFeePerGas);

for (const type of [0, 1, 2]) {
  const sent = await wallet.sendTransaction({ to: stranger, value: 1n, type });
  const receipt = await sent.wait();
  assert.equal(receipt.status, 1);
  assert.equal(receipt.gasUsed, 21000n);
  assert.equal(receipt.type, type);
  const mined = await provider.getTransaction(sent.hash);
  assert.equal(mined.from, wallet.address);
  assert.equal(mined.blockNumber, receipt.blockNumber);
  assert.equal(mined.signature.serialized.length, 132);
}
assert.equal(await provider.getBalance(stranger), 3n);

const factory = new ethers.ContractFactory(artifacts.counter.abi, artifacts.counter.bytecode, wallet);
const counter = await factory.deploy();
await counter.waitForDeployment();
const receipt = await (await counter.increment(5n)).wait();
assert.equal(receipt.logs[0].args.total, 5n);
assert.equal(await counter.total(), 5n);
const found = await counter.queryFilter(counter.filters.Counted(wallet.address), 0, "latest");
assert.deepEqual(found.map((event) => event.args.step), [5n]);
assert.equal(found[0].transactionHash, receipt.hash);

await assert.rejects(counter.increment.staticCall(0n), (error) => error.code === "CALL_EXCEPTION" && error.revert.name === "StepIsZero");
await assert.rejects(counter.increment.estimateGas(0n), { code: "CALL_EXCEPTION" });
await assert.rejects(wallet.sendTransaction({ to: stranger, nonce: 0 }), { code: "NONCE_EXPIRED" });
await assert.rejects(wallet.sendTransaction({ to: stranger, value: ethers.parseEther("1000000"), gasLimit: 21000 }), {
  code: "INSUFFICIENT_FUNDS",
});

const block = await provider.getBlock(receipt.blockNumber, true);
assert.equal(block.prefetchedTransactions[0].hash, receipt.hash);
assert.equal((await provider.send("eth_getBlockReceipts", [ethers.toQuantity(receipt.blockNumber)]))[0].transactionHash, receipt.hash);
assert.equal(await provider.getStorage(counter.target, 0), ethers.zeroPadValue("0x05", 32));
console.log("ethers: done");
provider.destroy();
