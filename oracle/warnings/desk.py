"""Where warnings are made: once for what stands, and to whom; and which jobs still come round."""

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from oracle.warnings.book import Book, Warned
from oracle.warnings.config import Warnings

LOOP, DELIVERY, CHAIN = "loop", "delivery", "chain"
PATIENCE_S: dict[str, float] = {
    LOOP: 60,
    DELIVERY: 180,
    CHAIN: 300,
}  # a job is silent after so long
WORDS = {
    LOOP: "the loop that takes readings in",
    DELIVERY: "the sending of warnings",
    CHAIN: "the look at the chain",
}


class Jobs:
    """When each job last came round; told by the jobs, from any thread."""

    def __init__(self, clock: Callable[[], float], poll_s: float = 0) -> None:
        """A loop that comes round seldom, every `poll_s`, is silent later."""
        self._clock = clock
        seldom = {job: max(PATIENCE_S[job], 3 * poll_s) for job in (LOOP, CHAIN)}
        self._patience_s = PATIENCE_S | seldom
        self._at = dict.fromkeys(PATIENCE_S, clock())

    def beat(self, job: str) -> None:
        """A job has come round."""
        self._at[job] = self._clock()

    def ages_s(self) -> dict[str, float]:
        """How long ago each came round."""
        now = self._clock()
        return {job: now - at for job, at in self._at.items()}

    def silent(self) -> dict[str, str]:
        """The jobs that do not come round, each with the words for it."""
        return {
            job: f"{WORDS[job]} has not come round for {age_s:.0f} s"
            for job, age_s in self.ages_s().items()
            if age_s > self._patience_s[job]
        }


@dataclass(frozen=True, slots=True)
class Desk:
    """Makes warnings on a book; the caller commits."""

    book: Book
    wanted: Warnings

    @property
    def zone(self) -> ZoneInfo:
        """The zone of what people read."""
        return ZoneInfo(self.wanted.timezone)

    def warn(self, one: Warned, now: int) -> int | None:
        """Warn once of an occurrence, its number; None when that was done before."""
        rung = self.wanted.ladder(one.kind, one.subject).rungs[0]
        return self.book.add(one, now, self.wanted.addresses(rung))

    def stand(self, one: Warned, bad: bool, now: int) -> None:
        """Warn when something begins to be wrong, and note when it ends: no second warning between.

        What is wrong is told by its kind and subject; `one.key` is of this occurrence.
        """
        place = f"{one.kind}/{one.subject}"
        standing = self.book.state(place)
        if bad and standing is None:
            self.warn(one, now)
            self.book.keep(place, one.key)
        elif not bad and standing is not None:
            self.book.end(standing, now)
            self.book.keep(place, None)

    def jobs(self, jobs: Jobs, now: int) -> None:
        """Warn of each job that is silent, once."""
        silent = jobs.silent()
        for job in PATIENCE_S:
            about = Warned(f"job/{job}/{now}", "job", job, now, silent.get(job, ""))
            self.stand(about, job in silent, now)
