"""Whether the chain goes on, and whether there is room for more readings: each told once."""

from collections.abc import Callable

STALL_AFTER_S = 15.0  # as `waterline devnet status` has it

Tell = Callable[..., None]


class Pulse:
    """Looks at heads; a chain without a new one for so long stands still."""

    def __init__(self, stall_after_s: float, clock: Callable[[], float], tell: Tell) -> None:
        self._stall_after_s, self._clock, self._tell = stall_after_s, clock, tell
        self._hash, self._since = "", clock()
        self.stands_still = False

    def beat(self, block_hash: str, number: int) -> bool:
        """A head was seen; whether the chain has just been found to stand still."""
        now = self._clock()
        if block_hash != self._hash:
            self._hash, self._since = block_hash, now
            if self.stands_still:
                self._tell("chain goes on", block=number)
            self.stands_still = False
        elif not self.stands_still and now - self._since >= self._stall_after_s:
            self.stands_still = True
            self._tell("chain stands still", block=number, for_s=round(now - self._since))
            return True
        return False


class Dam:
    """Holds files back while too many readings wait to become final; 0 never does."""

    def __init__(self, most_waiting: int, tell: Tell) -> None:
        self._most, self._tell = most_waiting, tell
        self.is_shut = False

    def shuts(self, waiting: int) -> bool:
        """Whether files are left as they are; it opens again at half of what shut it."""
        shut = bool(self._most) and waiting >= (self._most // 2 if self.is_shut else self._most)
        if shut != self.is_shut:
            event = "files are held back" if shut else "files are read again"
            self._tell(event, waiting=waiting, most_waiting=self._most)
        self.is_shut = shut
        return shut
