"""Something that listens on this machine and answers over HTTP as a node does, or as none does."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

GENESIS_HASH = "0x" + "ab" * 32
CHAIN_ID = 20_230
SEAL = "0x" + "00" * 32 + "11" * 20 + "00" * 65  # what a Clique genesis carries: 117 bytes

Answer = Callable[[str, list[Any]], Any]


def block(number: int = 0, at: int = 1_700_000_000, extra: str = SEAL) -> dict[str, Any]:
    """A block as geth tells it."""
    zero, address, bloom = "0x" + "00" * 32, "0x" + "00" * 20, "0x" + "00" * 256
    numbers = ("difficulty", "size", "gasUsed", "baseFeePerGas")
    roots = ("parentHash", "sha3Uncles", "stateRoot", "transactionsRoot", "receiptsRoot", "mixHash")
    return {
        **dict.fromkeys(numbers, "0x1"),
        **dict.fromkeys(roots, zero),
        "number": hex(number),
        "hash": GENESIS_HASH,
        "timestamp": hex(at),
        "extraData": extra,
        "miner": address,
        "nonce": "0x" + "00" * 8,
        "logsBloom": bloom,
        "gasLimit": hex(30_000_000),
        "transactions": [],
        "uncles": [],
    }


def clique(method: str, _: list[Any]) -> Any:
    """The answers of a fresh Clique chain, as far as connecting asks."""
    known = {
        "eth_getBlockByNumber": block(),
        "eth_chainId": hex(CHAIN_ID),
        "eth_getBalance": hex(10**18),
        "clique_getSigner": "0x" + "11" * 20,
        "clique_getSigners": ["0x" + "11" * 20, "0x" + "22" * 20],
    }
    if method not in known:
        raise LookupError(f"the method {method} does not exist/is not available")
    return known[method]


@contextmanager
def listening(body: Callable[[bytes], bytes], status: int = 200) -> Iterator[str]:
    """Answer every request with what `body` makes of it; the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            told = body(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def node(answer: Answer = clique) -> Iterator[str]:
    """A node that speaks JSON-RPC; a LookupError becomes an error in its answer."""

    def body(asked: bytes) -> bytes:
        request = json.loads(asked)
        told: dict[str, Any] = {"jsonrpc": "2.0", "id": request["id"]}
        try:
            told["result"] = answer(request["method"], request["params"])
        except LookupError as error:
            told["error"] = {"code": -32601, "message": str(error.args[0])}
        return json.dumps(told).encode()

    with listening(body) as url:
        yield url
