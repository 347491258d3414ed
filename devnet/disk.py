"""Room on the disk, and failures to write told as what they are."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devnet.errors import DevnetError


def require_free(folder: Path, needed_bytes: int) -> None:
    """Refuse to start on a disk that is nearly full."""
    there = next(one for one in (folder, *folder.parents) if one.exists())
    free_bytes = shutil.disk_usage(there).free
    if free_bytes < needed_bytes:
        told = f"{free_bytes // 1_000_000} MB are free, {needed_bytes // 1_000_000} MB are needed"
        raise _full(folder, told)


@contextmanager
def written(folder: Path) -> Iterator[None]:
    """Tell a failure to write as a full disk or as a folder that is not ours to write."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _full(folder, str(error)) from error
        raise DevnetError(
            f"{folder} cannot be written: {error}",
            "make it writable, or choose another --data-dir",
            "not_writable",
        ) from error


def _full(folder: Path, told: str) -> DevnetError:
    return DevnetError(
        f"the disk of {folder} is full: {told}",
        "free some space, or choose a --data-dir on another disk",
        "disk_full",
    )
