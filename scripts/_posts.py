"""Posts: who holds and who deputises for them when; accounts whose key is replaced."""

import json
from itertools import count
from pathlib import Path
from typing import Annotated, Any

import typer

from ledger.errors import UsageError
from scripts._acting import act
from scripts._shared import Noun, Session, session
from scripts._showing import utc

app = Noun(__doc__)

Post = Annotated[str, typer.Argument(help="Number or title of the post.")]
Second = Annotated[
    str | None, typer.Option(help="The other administrator: makes it an act of both.")
]
SecondPassword = Annotated[Path | None, typer.Option(help="The other administrator's passphrase.")]
Consent = Annotated[Path, typer.Argument(help="What `org consent` wrote.")]


@app.write("deputise")
def deputise(
    post: Post,
    deputy: Annotated[str, typer.Option(help="Alias or address.")],
    until_at: Annotated[str, typer.Option("--until", help="End of the term.")],
    from_at: Annotated[str, typer.Option("--from", help="Its start; now if left out.")] = "",
    second: Second = None,
    second_password_file: SecondPassword = None,
) -> Any:
    """Let an account act for a post's holder in a term, as two administrators.

    The deputy acts under its own account, and what it does is recorded as its own.

    For example: waterline org deputise 'Review office' --deputy officer-3 --until 2027-03-01
    --account admin-1 --second admin-2
    """
    from scripts._permits import date_of
    from scripts._proposing import Joint, jointly
    from scripts._requests import post_by_title
    from scripts._signing import address_of_account

    here = session()
    term = term_of(date_of(from_at), date_of(until_at), here.chain.head().at)
    number = post_by_title(here, post)
    if ends_at := deputised_until(here, number):
        raise UsageError(
            f"post {number} has a deputy until {utc(ends_at)}", "`waterline org relieve` ends that"
        )
    call = here.contract("Authority").functions.deputise(number, address_of_account(deputy), *term)
    says = f"{deputy} deputises for post {number} until {until_at}"
    done = jointly(here, [Joint(call, says)], second, second_password_file)
    return here.tell(done.as_json(), lambda: []) if done else None


def term_of(from_at: int, until_at: int, now: int) -> tuple[int, int]:
    """A deputy's term in Unix seconds, from `now` where `from_at` is 0.

    UsageError where it has ended or ends before it begins: two people would sign it in vain.
    """
    begins_at = from_at or now
    if until_at <= max(begins_at, now):
        raise UsageError(
            f"the term from {utc(begins_at)} to {utc(until_at)} has ended, or never begins",
            "name a later --until",
        )
    return begins_at, until_at


def deputised_until(here: Session, post: int) -> int:
    """When a term of a post's deputy that runs, or is to come, ends; 0 without one.

    Asked before two people sign: what they sign in vain would stay proposed.
    """
    deputies, until_at = here.contract("Authority").functions.deputies, 0
    for term in count():
        holder, _, ends_at = deputies(post, term).call()
        if int(holder, 16) == 0:  # there are no more
            break
        until_at = int(ends_at)
    return until_at if until_at > here.chain.head().at else 0


@app.write("relieve")
def relieve(post: Post, second: Second = None, second_password_file: SecondPassword = None) -> Any:
    """End the term of a post's deputy now, or take it back before it begins.

    For example: waterline org relieve 'Review office' --account admin-1 --second admin-2
    """
    from scripts._proposing import Joint, jointly
    from scripts._requests import post_by_title

    here = session()
    number = post_by_title(here, post)
    if not deputised_until(here, number):
        raise UsageError(f"post {number} has no deputy", "`waterline org posts` shows who has one")
    call = here.contract("Authority").functions.relieve(number)
    says = f"end the term of the deputy of post {number}"
    done = jointly(here, [Joint(call, says)], second, second_password_file)
    return here.tell(done.as_json(), lambda: []) if done else None


@app.write("consent")
def consent(
    old: Annotated[str, typer.Argument(help="The account to be replaced: alias or address.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write it.")
    ] = None,
) -> Any:
    """Sign, with the new account's key (--account), that it takes an old account's place.

    For example: waterline org consent officer-2 -o consent.json --account officer-2b
    """
    from scripts._requests import signed_consent
    from scripts._signing import address_of_account, open_account

    here = session()
    signer = open_account(here.account, here.password_file)
    document = signed_consent(here, signer, address_of_account(old))
    if output:
        try:
            output.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
        except OSError as error:
            raise UsageError(f"{output} cannot be written: {error}", "name another file") from error
        here.say(f"wrote {output}; the old account signs `waterline org rotate {output}`")
    return here.tell(document, lambda: [] if output else [json.dumps(document)])


@app.write("rotate")
def rotate(
    file: Consent,
    lost: Annotated[
        bool, typer.Option("--lost", help="The old key is lost: a registrar asks for it.")
    ] = False,
) -> Any:
    """Put a post, a deputy's term and an organisation under a new account, at once.

    The old account signs; with --lost a registrar does, and a verifier confirms. Permits stay held,
    the past stays the old account's. A relay's lanes stay its own: open new ones for the new key.

    For example: waterline org rotate consent.json --account officer-2
    """
    from scripts._requests import read_consent

    one = read_consent(session(), file)
    if lost:
        says = f"ask that {one.new} takes the place of {one.old}"
        return act("Authority", "ask_rotation", says, one.old, one.new, one.signature)
    says = f"{one.new} takes the place of {one.old}"
    return act("Authority", "rotate", says, one.new, one.signature)


@app.write("confirm-rotation")
def confirm_rotation(file: Consent) -> Any:
    """Confirm, as another officer, what a registrar asked for: it happens at once.

    For example: waterline org confirm-rotation consent.json --account officer-2
    """
    from scripts._requests import read_consent

    one = read_consent(session(), file)
    says = f"confirm that {one.new} takes the place of {one.old}"
    return act("Authority", "confirm_rotation", says, one.old, one.new)


@app.read("posts")
def posts(
    code: Annotated[str, typer.Argument(help="Only of this organisation.")] = "",
    at: Annotated[str, typer.Option(help="At which moment; now if left out.")] = "",
) -> Any:
    """List the posts with their holders and deputies at a moment.

    For example: waterline org posts --at 2026-06-30
    """
    from scripts._permits import date_of
    from scripts._requests import org_by_code, posts_document
    from scripts._showing import table

    here = session()
    only = org_by_code(here, code)[0] if code else 0
    document = posts_document(here, date_of(at) or here.chain.head().at, only)
    rows = [
        (p["id"], p["title"], p["organisation"], p["holder"] or "-", p["deputy"] or "-")
        for p in document
    ]
    head = ("post", "title", "organisation", "holder", "deputy")
    return here.tell(document, lambda: table(rows, head))
