"""A real proof-of-authority chain on one machine; it knows nothing of what is recorded on it."""

from devnet.errors import DevnetError
from devnet.network import Devnet
from devnet.options import DEFAULT_ACCOUNTS
from devnet.status import RpcStatus, SignerStatus, Status

__all__ = ["DEFAULT_ACCOUNTS", "Devnet", "DevnetError", "RpcStatus", "SignerStatus", "Status"]
