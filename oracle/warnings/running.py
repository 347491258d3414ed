"""The warnings of a running oracle, put together: who follows, who makes rounds, who sends."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ledger.channels import Channel
from ledger.deployment import Ledger
from oracle.intake import Accepted
from oracle.journal import Journal, Source
from oracle.mapping import Sequence as Serials
from oracle.sources.chunks import Chunk
from oracle.warnings.book import Book
from oracle.warnings.config import Checks, Warnings
from oracle.warnings.desk import DELIVERY, Desk, Jobs
from oracle.warnings.postman import Post, Postman
from oracle.warnings.rounds import Rounds
from oracle.warnings.sending import Ways
from oracle.warnings.troubles import Troubles
from oracle.warnings.watch import Watch

ORIGIN_LETTERS = 8

Tell = Callable[..., None]


class Running:
    """Watches what an oracle takes in, from `open` to `close`."""

    def __init__(
        self,
        ledger: Ledger,
        journal: Journal,
        channels: Mapping[tuple[str, str], Channel],
        checks: Checks,
        wanted: Warnings,
        folder: Path,
        jobs: Jobs,
        clock: Callable[[], float],
        tell: Tell,
        troubles: Troubles,
    ) -> None:
        """Files with secrets lie in `folder`; they and what is compared are looked at now.

        `troubles` hears what is told.
        """
        self.jobs = jobs
        self.book = Book(journal)
        desk = Desk(self.book, wanted)
        self._watch = Watch(ledger, journal, desk, checks, self.jobs, clock)
        about = (desk, checks, self.jobs, channels, clock, tell, troubles)
        self._rounds = Rounds(journal, self._watch, *about)
        ways = Ways(wanted.mail, folder)
        for recipient in wanted.recipients.values():
            ways.check(recipient)
        origin = ledger.deployment.genesis_hash[2 : 2 + ORIGIN_LETTERS]

        def making(book: Book) -> Postman:
            return Postman(book, wanted, ways, origin, tell)

        def came_round(book: Book) -> None:
            self.jobs.beat(DELIVERY)
            if self.jobs.silent():  # a loop that hangs cannot warn of itself
                with book.commit():
                    Desk(book, wanted).jobs(self.jobs, int(clock()))

        self.post = Post(journal.place, making, came_round, clock, tell)

    def open(self) -> None:
        """Begin to send what is due."""
        self.post.open()

    def close(self) -> None:
        """Send no more; what is due stays due."""
        self.post.close()

    def learn(self, channels: Sequence[Channel]) -> None:
        """Follow channels, their rules read from the chain."""
        self._watch.learn(channels)

    def notice(
        self,
        source: Source,
        serials: Serials | None,
        chunk: Chunk,
        accepted: Sequence[Accepted],
    ) -> None:
        """Warn of what a chunk brings, in the commit that takes it."""
        self._watch.notice(source, serials, chunk, accepted)

    def look(self) -> None:
        """Ask the chain what it bears out."""
        self._watch.look()

    def tick(self, troubles: Sequence[str] = ()) -> None:
        """Make a round."""
        self._rounds.tick(troubles)
