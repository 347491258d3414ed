"""Ports on loopback that nobody uses."""

import random
import socket

from devnet.errors import DevnetError

LOOPBACK = "127.0.0.1"
RPC_PORT = 8545  # where tools look for a node

# below the ports that systems hand out to outgoing connections
_RANGE = range(20_000, 32_000)


def is_free(port: int) -> bool:
    """Whether a server could listen on this port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def free_ports(count: int) -> list[int]:
    """As many different free ports, chosen at random so that chains side by side rarely meet."""
    found: list[int] = []
    for port in random.sample(_RANGE, len(_RANGE)):
        if len(found) == count:
            break
        if is_free(port):
            found.append(port)
    return found


def require_free(port: int, purpose: str) -> None:
    """Refuse a port that somebody else listens on."""
    if not is_free(port):
        raise DevnetError(
            f"port {port} ({purpose}) is in use on {LOOPBACK}",
            "stop what uses it, or give --rpc-port another one, or 0 for any free one",
            "port_busy",
        )


def rpc_port(wanted: int | None) -> int:
    """The port of the RPC node: the usual one when None, any free one when 0."""
    if wanted == 0:
        return free_ports(1)[0]
    port = RPC_PORT if wanted is None else wanted
    if not 1 <= port <= 65_535:
        raise DevnetError(f"{port} is no port", "give --rpc-port 1 to 65535, or 0", "usage")
    require_free(port, "RPC")
    return port
