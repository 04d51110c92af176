// The wallet that is injected into the page: EIP-1193 over fetch, to a node on another origin whose accounts are its own.
(() => {
  const node = new URL(location.href).searchParams.get("node");
  const listeners = new Map();
  let id = 0;
  const ask = async (method, params) => {
    const body = JSON.stringify({ jsonrpc: "2.0", id: ++id, method, params: params ?? [] });
    const response = await fetch(node, { method: "POST", headers: { "Content-Type": "application/json" }, body });
    const answer = await response.json();
    if (answer.error) throw Object.assign(new Error(answer.error.message), answer.error);
    return answer.result;
  };
  window.ethereum = {
    request: ({ method, params }) => ask(method === "eth_requestAccounts" ? "eth_accounts" : method, params),
    on: (event, listener) => listeners.set(listener, event),
    removeListener: (_, listener) => listeners.delete(listener),
  };
})();
