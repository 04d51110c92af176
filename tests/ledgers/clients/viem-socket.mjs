// viem over WebSocket: calls, watched blocks, logs and pending transactions, a transaction sent and waited for at once.
// Arguments: URL, private key of a funded account, file with {"counter": artefact, "token": artefact}.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(process.env.CLIENT_PACKAGES);
const viem = require("viem");
const { privateKeyToAccount } = require("viem/accounts");

const [url, key, artifactsFile] = process.argv.slice(2);
const { abi, bytecode } = JSON.parse(readFileSync(artifactsFile, "utf8")).counter;
const socket = url.replace("http", "ws");
const transport = viem.webSocket(socket, { reconnect: false, keepAlive: { interval: 200 } });
const id = await viem.createPublicClient({ transport }).getChainId();
const chain = viem.defineChain({
  id,
  name: "entresol",
  nativeCurrency: { name: "Quant", symbol: "QNT", decimals: 18 },
  rpcUrls: { default: { http: [url], webSocket: [socket] } },
});
const account = privateKeyToAccount(key);
const reader = viem.createPublicClient({ chain, transport });
const wallet = viem.createWalletClient({ chain, transport, account });

const heard = { blocks: [], pending: [], logs: [] };
const failed = (error) => {
  throw error;
};
const until = async (condition) => {
  const end = Date.now() + 10_000;
  while (!condition()) {
    assert.ok(Date.now() < end, JSON.stringify(heard, (_, value) => (typeof value === "bigint" ? `${value}` : value)));
    await new Promise((yes) => setTimeout(yes, 10));
  }
};

const watches = [
  reader.watchBlocks({ onBlock: (block) => heard.blocks.push(block), onError: failed }),
  reader.watchPendingTransactions({ onTransactions: (hashes) => heard.pending.push(...hashes), onError: failed }),
];
const deployed = await wallet.deployContract({ abi, bytecode });
const { contractAddress: address } = await reader.waitForTransactionReceipt({ hash: deployed, timeout: 10_000 });
await until(() => heard.pending.includes(deployed) && heard.blocks.length > 0);

watches.push(
  reader.watchContractEvent({
    address,
    abi,
    eventName: "Counted",
    args: { account: account.address },
    onLogs: (logs) => heard.logs.push(...logs),
    onError: failed,
  }),
);
await reader.getBlockNumber();
const increment = await wallet.writeContract({ address, abi, functionName: "increment", args: [5n] });
await until(() => heard.logs.length > 0);
assert.equal(heard.logs[0].args.step, 5n);
assert.equal(heard.logs[0].transactionHash, increment);
for (const stop of watches) stop();

const request = await wallet.prepareTransactionRequest({ to: address, data: viem.encodeFunctionData({ abi, functionName: "increment", args: [7n] }) });
const serializedTransaction = await wallet.signTransaction(request);
const receipt = await wallet.sendRawTransactionSync({ serializedTransaction, timeout: 5_000 });
assert.equal(receipt.status, "success");
assert.equal(await reader.readContract({ address, abi, functionName: "total" }), 12n);
console.log("viem-socket: done");
(await reader.transport.getRpcClient()).close();
