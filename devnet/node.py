"""One node of the chain: its folder, its operating system process, its socket."""

import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from devnet.client import Client
from devnet.errors import DevnetError
from devnet.keys import OWNER_ONLY, write_private
from devnet.ports import LOOPBACK
from devnet.record import Member, Record
from devnet.rpc import Endpoint, Silent

# a socket's path may have 108 bytes on Linux, 104 on macOS, its closing zero included
_LONGEST_SOCKET_PATH = 100
_LARGEST_LOG_BYTES = 20_000_000

_CACHE_MB = 256
# geth stops by itself, in order, when less than this is free
MIN_FREE_MB = 500

# the pool holds what a whole day's feed keeps in flight: slots of 32 kB, for one account and all
_POOL = {
    "--txpool.pricelimit": "1",
    "--txpool.accountslots": "1024",
    "--txpool.globalslots": "65536",
    "--txpool.accountqueue": "4096",
    "--txpool.globalqueue": "65536",
    # none: who sent a transaction sends it again, and to read an hour of full blocks anew keeps a
    # node from answering for minutes after its start
    "--txpool.journal": "",
}
# lines of a log that say why a node left
_WEIGHTY = re.compile(r"Fatal|ERROR|CRIT|panic|.*[Ll]ow disk")
_HTTP_APIS = "eth,net,web3,txpool,clique,debug"


class Node:
    """A member of the chain on this machine."""

    def __init__(self, data_dir: Path, record: Record, member: Member) -> None:
        self.member = member
        self.folder = data_dir / member.name
        self.log = self.folder / "log"
        self.socket = socket_path(data_dir, member.name)
        self._record = record
        self._pid_file = self.folder / "pid"

    @property
    def name(self) -> str:
        """As `devnet status` names it."""
        return self.member.name

    def rpc(self, timeout_s: float = 5) -> Endpoint:
        """The node's socket, which offers every interface."""
        return Endpoint(self.socket, timeout_s)

    def pid(self) -> int | None:
        """The running process, or None: a recorded number is trusted only if it is our node's."""
        try:
            pid = int(self._pid_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        _reap(pid)
        return pid if f" --datadir {self.folder} " in command_line(pid) else None

    def answers(self) -> bool:
        """Whether the node speaks."""
        try:
            self.rpc(timeout_s=2).call("net_version")
        except Silent:
            return False
        return True

    def prepare(self, client: Client, genesis_file: Path) -> None:
        """Write the first block into the node's database, if it has none."""
        if (self.folder / "geth" / "chaindata").exists():
            return
        done = subprocess.run(
            [str(client.path), "init", "--datadir", str(self.folder), str(genesis_file)],
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise DevnetError(
                f"{self.name} refuses the first block: {_last_words(done.stderr)}",
                "start with `waterline devnet reset`",
                "node_failed",
            )

    def start(self, client: Client) -> None:
        """Start the process; it writes to its log and outlives us."""
        self._write_settings()
        if self.log.exists() and self.log.stat().st_size > _LARGEST_LOG_BYTES:
            os.replace(self.log, self.log.with_name("log.1"))
        self.socket.unlink(missing_ok=True)
        sink = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, OWNER_ONLY)
        try:
            pid = os.posix_spawn(
                str(client.path),
                [str(client.path), *self.arguments()],
                self._environment(),
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, sink, 1),
                    (os.POSIX_SPAWN_DUP2, sink, 2),
                ],
                setsid=True,  # a terminal's interrupt or closing does not reach it
                setsigdef=[signal.SIGPIPE],
            )
        finally:
            os.close(sink)
        _wait_for_command_line(pid)
        write_private(self._pid_file, f"{pid}\n")

    def ask_to_stop(self) -> None:
        """Ask the process to write its state down and leave; nothing when it does not run."""
        pid = self.pid()
        if pid is not None:
            os.kill(pid, signal.SIGTERM)

    def complaint(self) -> str:
        """The last thing of weight in the log: why a node left."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, self.log.stat().st_size - 20_000))
                text = file.read().decode("utf-8", errors="replace")
        except OSError:
            return "it left no log"
        return _last_words(text, otherwise="its log gives no reason: it was stopped or killed")

    def arguments(self) -> list[str]:
        """The command line; no key or passphrase stands in it."""
        common = {
            "--datadir": str(self.folder),
            "--config": str(self.folder / "config.toml"),
            "--networkid": str(self._record.chain_id),
            "--ipcpath": str(self.socket),
            "--syncmode": "full",
            # every block's state is written with it: one that is killed has lost nothing, and need
            # not rewind, which without snapshots can end in a state that it cannot start from
            "--gcmode": "archive",
            "--nat": "none",
            "--netrestrict": "127.0.0.0/8",
            # all others and no more: with all of them there, a node catches up at once
            "--maxpeers": str(max(1, len(self._record.members) - 1)),
            "--authrpc.port": "0",
            "--cache": str(_CACHE_MB),
            "--datadir.minfreedisk": str(MIN_FREE_MB),
            "--rpc.txfeecap": "0",
            "--rpc.gascap": "0",
            "--miner.gaslimit": str(self._record.gas_limit),
            **_POOL,
        }
        own = self._signing() if self.member.address else self._serving()
        told = [part for pair in (common | own).items() for part in pair]
        served = [] if self.member.address else ["--http"]
        return [*told, "--nodiscover", "--snapshot=false", *served]

    def _signing(self) -> dict[str, str]:
        assert self.member.address is not None
        return {
            "--unlock": self.member.address,
            "--password": str(self.folder / "password"),
            "--miner.etherbase": self.member.address,
            "--miner.gasprice": "1",
            "--miner.recommit": "1s",  # the least: what arrives early in a period is in its block
        }

    def _serving(self) -> dict[str, str]:
        return {
            "--http.addr": LOOPBACK,
            "--http.port": str(self._record.rpc_port),
            "--http.api": _HTTP_APIS,
            "--http.vhosts": "localhost",
            "--history.transactions": "0",  # keep the index of every transaction
            "--rpc.evmtimeout": "30s",
        }

    def _write_settings(self) -> None:
        """What geth takes from a file only: the listening address, and who is let in anyway."""
        others = [one.enode for one in self._record.members if one != self.member]
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "config.toml").write_text(
            "[Node.P2P]\n"
            f'ListenAddr = "{LOOPBACK}:{self.member.port}"\n'
            "DialRatio = 1\n"
            f"TrustedNodes = {_toml_list(others)}\n",
            encoding="utf-8",
        )

    def _environment(self) -> dict[str, str]:
        """Little, so that no secret of the caller's environment reaches a node."""
        return {"HOME": str(self.folder), "PATH": os.defpath, "LANG": "C.UTF-8"}


def socket_path(data_dir: Path, name: str) -> Path:
    """Beside the node's data, or in a short folder of our own when that path is too long."""
    beside = data_dir / name / "geth.ipc"
    if len(os.fsencode(beside)) <= _LONGEST_SOCKET_PATH:
        return beside
    from hashlib import sha256

    mark = sha256(os.fsencode(data_dir)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"waterline-{os.getuid()}-{mark}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.lstat().st_uid != os.getuid() or folder.lstat().st_mode & 0o077:
        raise DevnetError(
            f"{folder} belongs to somebody else",
            "choose a --data-dir with a shorter path",
            "usage",
        )
    return folder / f"{name}.ipc"


def command_line(pid: int) -> str:
    """The command line of a process, empty when there is none."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        if Path("/proc/self").exists():
            return ""
    told = subprocess.run(
        ["ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False
    )
    return told.stdout


def _wait_for_command_line(pid: int) -> None:
    """Wait the moment in which a process that was just begun has no command line yet."""
    until = time.monotonic() + 2
    while not command_line(pid) and not _reap(pid) and time.monotonic() < until:
        time.sleep(0.001)


def _reap(pid: int) -> bool:
    """Let go of a child that has ended, so that it does not look alive; whether there was one."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return False


def _last_words(log: str, otherwise: str = "it said nothing") -> str:
    lines = [line.strip() for line in log.splitlines()]
    weighty = [line for line in lines if _WEIGHTY.match(line)]
    return weighty[-1][:300] if weighty else otherwise


def _toml_list(values: Sequence[str]) -> str:
    return "[" + ", ".join(f'"{value}"' for value in values) + "]"
