"""JSON-RPC to a node of ours with the standard library: through its socket file, or HTTP."""

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any


class Silent(Exception):
    """The node does not answer."""


class Refused(Exception):
    """The node answers with an error."""


class Endpoint:
    """A node's address: a socket file or an HTTP URL."""

    def __init__(self, where: Path | str, timeout_s: float = 5) -> None:
        self._where = where
        self._timeout_s = timeout_s

    def call(self, method: str, *params: Any) -> Any:
        """The result of one call."""
        return _result(self._exchange(_request(0, method, params)))

    def calls(self, method: str, many_params: Sequence[Sequence[Any]]) -> list[Any]:
        """The results of one method over many parameters, in one exchange."""
        if not many_params:
            return []
        sent = [_request(i, method, params) for i, params in enumerate(many_params)]
        answers = self._exchange(sent)
        return [_result(answer) for answer in sorted(answers, key=lambda one: int(one["id"]))]

    def number(self, method: str, *params: Any) -> int:
        """The result of a call that answers with a hexadecimal quantity."""
        return int(self.call(method, *params), 16)

    def _exchange(self, request: Any) -> Any:
        body = json.dumps(request).encode()
        try:
            if isinstance(self._where, Path):
                answer = _over_socket(self._where, body, self._timeout_s)
            else:
                answer = _over_http(self._where, body, self._timeout_s)
            return json.loads(answer)
        except (OSError, ValueError) as error:
            raise Silent(f"{self._where}: {error}") from error


def _request(number: int, method: str, params: Sequence[Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": list(params)}


def _result(answer: dict[str, Any]) -> Any:
    if "error" in answer:
        raise Refused(str(answer["error"].get("message", answer["error"])))
    return answer["result"]


def _over_socket(path: Path, body: bytes, timeout_s: float) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.settimeout(timeout_s)
        link.connect(str(path))
        link.sendall(body)
        parts: list[bytes] = []
        # geth ends each answer with a line feed, which JSON never holds unescaped
        while not parts or not parts[-1].endswith(b"\n"):
            part = link.recv(1 << 16)
            if not part:
                raise ConnectionError("the node closed the connection")
            parts.append(part)
    return b"".join(parts)


def _over_http(url: str, body: bytes, timeout_s: float) -> bytes:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    # no proxy of the environment stands between us and loopback
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=timeout_s) as answer:
        content: bytes = answer.read()
        return content
