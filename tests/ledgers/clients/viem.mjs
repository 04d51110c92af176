// viem against a node: connect, read, send, deploy, call, events, reverts, fees, batches.
// Arguments: URL, private key of a funded account, file with {"counter": artefact, "token": artefact}.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(process.env.CLIENT_PACKAGES);
const viem = require("viem");
const { privateKeyToAccount, generatePrivateKey } = require("viem/accounts");

const [url, key, artifactsFile] = process.argv.slice(2);
const artifacts = JSON.parse(readFileSync(artifactsFile, "utf8"));
const probe = viem.createPublicClient({ transport: viem.http(url) });
const chain = viem.defineChain({
  id: await probe.getChainId(),
  name: "entresol",
  nativeCurrency: { name: "Quant", symbol: "QNT", decimals: 18 },
  rpcUrls: { default: { http: [url] } },
});
const account = privateKeyToAccount(key);
const transport = viem.http(url, { batch: { batchSize: 50 } });
const reader = viem.createPublicClient({ chain, transport, pollingInterval: 50, cacheTime: 0 });
const wallet = viem.createWalletClient({ chain, transport, account });
const stranger = privateKeyToAccount(generatePrivateKey()).address;
const mined = (hash) => reader.waitForTransactionReceipt({ hash, timeout: 10_000 });

const [balance, block, fees, history] = await Promise.all([
  reader.getBalance({ address: account.address }),
  reader.getBlock({ blockTag: "safe" }),
  reader.estimateFeesPerGas(),
  reader.getFeeHistory({ blockCount: 4, rewardPercentiles: [10, 50] }),
]);
assert.ok(balance > viem.parseEther("1"));
assert.ok(block.number >= 0n);
assert.ok(fees.maxFeePerGas > fees.maxPriorityFeePerGas);
assert.equal(history.baseFeePerGas.length, history.gasUsedRatio.length + 1);

for (const type of ["legacy", "eip2930", "eip1559"]) {
  const sent = { to: stranger, value: 1n, type, ...(type === "eip2930" ? { accessList: [], gasPrice: await reader.getGasPrice() } : {}) };
  const receipt = await mined(await wallet.sendTransaction(sent));
  assert.equal(receipt.status, "success");
  assert.equal(receipt.type, type);
  const transaction = await reader.getTransaction({ hash: receipt.transactionHash });
  assert.equal(transaction.type, type);
  assert.equal(transaction.chainId, chain.id);
  assert.equal(viem.getAddress(transaction.from), account.address);
}
assert.equal(await reader.getBalance({ address: stranger }), 3n);

const { abi, bytecode } = artifacts.counter;
const address = (await mined(await wallet.deployContract({ abi, bytecode }))).contractAddress;
const counter = viem.getContract({ abi, address, client: { public: reader, wallet } });
await mined(await counter.write.increment([5n]));
assert.equal(await counter.read.total(), 5n);
const events = await reader.getContractEvents({ abi, address, eventName: "Counted", args: { account: account.address }, fromBlock: 0n });
assert.deepEqual(events.map((event) => event.args.total), [5n]);

await assert.rejects(counter.simulate.increment([0n], { account }), (error) => {
  const reverted = error.walk((cause) => cause instanceof viem.ContractFunctionRevertedError);
  return reverted?.data?.errorName === "StepIsZero";
});
const named = (name) => (error) => error.walk((cause) => cause.name === name) !== null;
await assert.rejects(wallet.sendTransaction({ to: stranger, nonce: 0, gas: 21000n }), named("NonceTooLowError"));
await assert.rejects(
  wallet.sendTransaction({ to: stranger, value: viem.parseEther("1000000"), gas: 21000n }),
  named("InsufficientFundsError"),
);

const delegate = privateKeyToAccount(generatePrivateKey());
const authorization = await delegate.signAuthorization({ chainId: chain.id, address, nonce: 0 });
const setCode = await mined(await wallet.sendTransaction({ to: delegate.address, authorizationList: [authorization], gas: 200000n }));
assert.equal(setCode.type, "eip7702");
assert.equal(await reader.getCode({ address: delegate.address }), viem.concat(["0xef0100", address]).toLowerCase());
const setCodeSent = await reader.getTransaction({ hash: setCode.transactionHash });
assert.equal(setCodeSent.authorizationList[0].address, address.toLowerCase());
console.log("viem: done");
