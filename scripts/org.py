"""Organisations, their verification, and their posts with duties."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts import _posts
from scripts._arguments import Account, CreditCode, CreditCodes, OrganisationName
from scripts._posts import Second, SecondPassword
from scripts._shared import Noun, Session, session

app = Noun(__doc__)

FOR_EVER = 2**32 - 1
FUND_ETHER = "10"


@app.write("request")
def request(
    name: OrganisationName,
    code: CreditCode,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write it.")
    ] = None,
) -> Any:
    """Ask to be registered: a request signed by the organisation's own account (--account).

    For example: waterline org request 'Qinglan Dye Works' 91990100000003017N --account holder-2
    --output dye-works.json
    """
    from ledger.credit import check, inner_warning
    from scripts._requests import signed_request
    from scripts._signing import open_account

    here, credit_code = session(), check(code)
    warning = inner_warning(credit_code)
    if warning:
        here.say(f"Note: {warning}")
    document = signed_request(here, open_account(here.account, here.password_file), name, code)
    if output:
        output.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
        here.say(f"wrote {output}; an officer registers it with `waterline org register {output}`")
    return here.tell(document, lambda: [] if output else [json.dumps(document)])


@app.write("register")
def register(
    requests: Annotated[list[Path], typer.Argument(help="What `org request` wrote; several.")],
    second: Second = None,
    second_password_file: SecondPassword = None,
) -> Any:
    """Register organisations from the requests their accounts signed.

    For example: waterline org register dye-works.json --account officer-1
    """
    from scripts._requests import read_request
    from scripts._writing import Act, perform

    here = session()
    asked = [read_request(here, path) for path in requests]
    functions = here.contract("Authority").functions
    acts = [
        Act("Authority", functions.register(*one.arguments), f"register {one.name} ({one.code})")
        for one in asked
    ]
    if second:
        return _both(
            here, [(act.call, act.says, False) for act in acts], second, second_password_file
        )
    done = perform(here, acts)
    _say_registered(here, done)
    return _written(here, done)


@app.write("verify")
def verify(
    codes: CreditCodes,
    fund: Annotated[str, typer.Option(help="Ether for the account's fees.")] = FUND_ETHER,
) -> Any:
    """Verify organisations that another officer registered, and fund their accounts.

    For example: waterline org verify 91990100000003017N --account officer-2
    """
    from ledger.units import number
    from scripts._requests import org_by_code
    from scripts._writing import Act, perform

    here, value = session(), int(number(fund) * 10**18)
    acts = []
    for code in codes:
        org_id, org = org_by_code(here, code)
        call = here.contract("Authority").functions.verify(org_id)
        says = f"verify {org['name']}, and fund its account with {fund} ether"
        acts.append(Act("Authority", call, says, value=value))
    return _written(here, perform(here, acts))


@app.write("found")
def found(
    request: Annotated[Path, typer.Argument(help="What `org request` wrote.")],
    second: Annotated[str, typer.Option(help="The other administrator.")],
    posts: Annotated[Path | None, typer.Option(help="File with its posts.")] = None,
    second_password_file: SecondPassword = None,
) -> Any:
    """Register and verify the first organisation and open its posts, as two administrators.

    For example: waterline org found authority.json --posts city.yaml --account admin-1 --second
    admin-2
    """
    from scripts._requests import post_acts, read_request

    here = session()
    one = read_request(here, request)
    functions = here.contract("Authority").functions
    known = functions.org_by_code(one.code).call()
    org_id = known or functions.org_count().call() + 1
    acts = []
    if not known:
        acts.append((functions.register(*one.arguments), f"register {one.name}", False))
    if not known or not functions.is_verified(org_id).call():
        acts.append((functions.verify(org_id), f"verify {one.name}", True))
    if posts:
        wanted = post_acts(here, posts, {one.code: org_id, one.name: org_id})
        acts += [(call, says, True) for call, says in wanted]
    return _both(here, acts, second, second_password_file)


@app.write("open-posts")
def open_posts(
    file: Annotated[Path, typer.Option("--file", "-f", help="File with a list `posts`.")],
    second: Second = None,
    second_password_file: SecondPassword = None,
) -> Any:
    """Open posts with their duties and appoint their first holders, as two administrators.

    For example: waterline org open-posts --file city.yaml --account admin-1 --second admin-2
    """
    from scripts._requests import post_acts

    here = session()
    acts = [(call, says, False) for call, says in post_acts(here, file, {})]
    return _both(here, acts, second, second_password_file)


@app.write("appoint")
def appoint(
    post: Annotated[str, typer.Argument(help="Number or title of the post.")],
    holder: Annotated[str, typer.Option(help="Alias or address.")],
    from_at: Annotated[str | None, typer.Option("--from", help="Start of the term.")] = None,
    until_at: Annotated[str | None, typer.Option("--until", help="End of the term.")] = None,
    second: Second = None,
    second_password_file: SecondPassword = None,
) -> Any:
    """Give a post to another account; the one before loses it at once.

    For example: waterline org appoint 'Review office' --holder officer-2 --account admin-1 --second
    admin-2
    """
    from scripts._files import instant
    from scripts._requests import post_by_title
    from scripts._showing import local_zone
    from scripts._signing import address_of_account

    here, zone = session(), local_zone()
    number = post_by_title(here, post)
    begins = instant(from_at, zone) if from_at else here.chain.head().at
    ends = instant(until_at, zone) if until_at else FOR_EVER
    call = here.contract("Authority").functions.appoint(
        number, address_of_account(holder), begins, ends
    )
    return _both(
        here, [(call, f"appoint {holder} to post {number}", False)], second, second_password_file
    )


@app.write("withdraw")
def withdraw(holder: Account) -> Any:
    """Take an account's post away at once, for a lost or stolen key.

    For example: waterline org withdraw relay-1 --account officer-1
    """
    from scripts._signing import address_of_account
    from scripts._writing import Act, perform

    here = session()
    call = here.contract("Authority").functions.withdraw(address_of_account(holder))
    return _written(here, perform(here, [Act("Authority", call, f"withdraw {holder}")]))


@app.read("list")
def list_() -> Any:
    """List the organisations."""
    from scripts._requests import orgs
    from scripts._showing import table

    here = session()
    document = orgs(here)
    rows = [(o["id"], o["name"], o["credit_code"], o["state"]) for o in document]
    return here.tell(document, lambda: table(rows, ("no.", "name", "credit code", "state")))


@app.read("show")
def show(code: CreditCode) -> Any:
    """Show an organisation, its posts and its permits."""
    from scripts._requests import org_by_code, org_document
    from scripts._showing import facts, table

    here = session()
    org_id, _ = org_by_code(here, code)
    document = org_document(here, org_id)

    def lines() -> list[str]:
        told = facts((key, document[key]) for key in ("name", "credit_code", "account", "state"))
        posts = [
            (p["id"], p["title"], p["holder"], ", ".join(p["duties"]) or "-")
            for p in document["posts"]
        ]
        permits = [(p["number"], p["kind"], p["state"]) for p in document["permits"]]
        return [
            *told,
            "",
            *table(posts, ("post", "title", "holder", "duties")),
            "",
            *table(permits, ("permit", "kind", "state")),
        ]

    return here.tell(document, lines)


def _both(here: Session, acts: list[Any], second: str | None, password: Path | None) -> Any:
    from scripts._proposing import Joint, jointly

    joint = [Joint(call, says, follows) for call, says, follows in acts]
    done = jointly(here, joint, second, password)
    return _written(here, done) if done else None


def _say_registered(here: Session, done: Any) -> None:
    for event in done.of("OrganisationRegistered"):
        here.say(f"organisation {event.args['org_id']}: {event.args['name']}, to be verified")


def _written(here: Session, done: Any) -> Any:
    return here.tell(done.as_json(), lambda: [])


app.registered_commands += _posts.app.registered_commands
cli = app.cli()
