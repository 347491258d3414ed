"""What can go wrong with a chain of one's own, as one exception that carries its remedy."""

# the exit codes of the command line; every other code leaves with 1
_EXIT_CODES = {
    "usage": 2,
    "no_chain": 3,
    "not_running": 5,
    "stalled": 6,
}


class DevnetError(Exception):
    """A failure to be told to a person: what happened, with the value, and what to do about it."""

    def __init__(self, message: str, remedy: str, code: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.code = code

    def __str__(self) -> str:
        return f"{self.message}; {self.remedy}" if self.remedy else self.message

    @property
    def exit_code(self) -> int:
        """What the command line leaves with."""
        return _EXIT_CODES.get(self.code, 1)

    def as_json(self) -> dict[str, str]:
        """The error as `--json` shows it."""
        return {"code": self.code, "message": self.message, "remedy": self.remedy}
