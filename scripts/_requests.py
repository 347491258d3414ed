"""Organisations as recorded, requests to be registered, and the posts a file describes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.messages import SignableMessage, encode_typed_data
from eth_utils import to_checksum_address

from ledger.credit import check
from ledger.duties import bits, words
from ledger.errors import BadRecord, NotFound, WaterlineError
from ledger.structs import every, read
from scripts._files import instant, section, take, whole
from scripts._shared import Session
from scripts._showing import PERMIT_KINDS, PERMIT_STATES, local_zone, utc
from scripts._signing import ApeSigner, address_of_account, name_of_account

FOR_EVER = 2**32 - 1
TYPES = {
    "Registration": [
        {"name": "name", "type": "string"},
        {"name": "creditCode", "type": "string"},
        {"name": "account", "type": "address"},
    ]
}


@dataclass(frozen=True)
class Request:
    """A request to be registered, signed by the organisation's account."""

    name: str
    code: str
    account: str
    signature: bytes

    @property
    def arguments(self) -> tuple[str, str, str, bytes]:
        """What Authority.register takes."""
        return self.name, self.code, self.account, self.signature


@dataclass(frozen=True)
class Consent:
    """That a new account takes an old one's place, signed by the new one."""

    old: str
    new: str
    signature: bytes


ROTATION = {"Rotation": [{"name": "old", "type": "address"}, {"name": "new", "type": "address"}]}


def signed_consent(here: Session, signer: ApeSigner, old: str) -> dict[str, Any]:
    """A consent to a rotation under the EIP-712 domain of this chain's Authority."""
    message = _typed(here, ROTATION, {"old": old, "new": signer.address})
    return {
        "old": old,
        "new": signer.address,
        "signature": "0x" + signer.sign_message(message).hex(),
    }


def read_consent(here: Session, path: Path) -> Consent:
    """A consent file; BadRecord where it is none, or its signature is not the new account's."""
    raw = whole(path)
    try:
        one = Consent(
            to_checksum_address(raw["old"]),
            to_checksum_address(raw["new"]),
            bytes.fromhex(str(raw["signature"]).removeprefix("0x")),
        )
        message = _typed(here, ROTATION, {"old": one.old, "new": one.new})
        signer = Account.recover_message(message, signature=one.signature)
    except Exception as error:  # a signature that no key could have made is told in many ways
        raise BadRecord(
            f"{path} is no consent: {error}", "make one with `waterline org consent`"
        ) from error
    if signer != one.new:
        raise BadRecord(
            f"{path} is not signed by {one.new} for this chain",
            "make it anew with `waterline org consent`",
        )
    return one


def signed_request(here: Session, signer: ApeSigner, name: str, code: str) -> dict[str, Any]:
    """A registration request under the EIP-712 domain of this chain's Authority."""
    asked = {"name": name, "creditCode": check(code), "account": signer.address}
    message = _typed(here, TYPES, asked)
    return {
        "name": name,
        "credit_code": check(code),
        "account": signer.address,
        "signature": "0x" + signer.sign_message(message).hex(),
    }


def _typed(here: Session, types: dict[str, Any], message: dict[str, Any]) -> SignableMessage:
    return encode_typed_data(
        domain_data={
            "name": "Waterline",
            "version": "1",
            "chainId": here.chain.chain_id,
            "verifyingContract": here.contract("Authority").address,
        },
        message_types=types,
        message_data=message,
    )


def read_request(here: Session, path: Path) -> Request:
    """A request file; the credit code is checked before anything is sent."""
    raw = whole(path)
    try:
        return Request(
            str(raw["name"]),
            check(str(raw["credit_code"])),
            to_checksum_address(raw["account"]),
            bytes.fromhex(str(raw["signature"]).removeprefix("0x")),
        )
    except (KeyError, ValueError) as error:
        raise BadRecord(
            f"{path} is no registration request: {error}", "make one with `waterline org request`"
        ) from error


def org_by_code(here: Session, code: str) -> tuple[int, dict[str, Any]]:
    """An organisation by its credit code or its name."""
    for org_id, raw in every(here.ledger, "Authority", "org", "org_count"):
        if code in (raw["name"], raw["credit_code"]):
            return org_id, raw
    check(code)
    raise NotFound(f"no organisation {code!r}", "list them with `waterline org list`")


def orgs(here: Session) -> list[dict[str, Any]]:
    """Every organisation."""
    return [
        {"id": org_id, **_org(raw)}
        for org_id, raw in every(here.ledger, "Authority", "org", "org_count")
    ]


def _org(raw: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": raw["name"],
        "credit_code": raw["credit_code"],
        "account": raw["account"],
        "state": "verified" if raw["verified_at"] else "registered, not verified",
        "registered_at": utc(raw["registered_at"]),
        "verified_at": utc(raw["verified_at"]),
    }


def org_document(here: Session, org_id: int) -> dict[str, Any]:
    """An organisation with its posts and permits."""
    ledger = here.ledger
    posts = [
        post_document(number, raw)
        for number, raw in every(ledger, "Authority", "post", "post_count")
        if raw["org_id"] == org_id
    ]
    held = read(ledger, "PermitRegistry", "permits_of", org_id, 0, 100)
    permits = [read(ledger, "PermitRegistry", "permit", number) for number in held]
    return {
        "id": org_id,
        **_org(read(ledger, "Authority", "org", org_id)),
        "posts": posts,
        "permits": [
            {
                "number": permit["number"],
                "kind": PERMIT_KINDS[permit["kind"]],
                "state": PERMIT_STATES[permit["state"]],
            }
            for permit in permits
        ],
    }


def post_document(number: int, raw: dict[str, Any]) -> dict[str, Any]:
    """A post with the words of its duties."""
    return {
        "id": number,
        "title": raw["title"],
        "duties": words(raw["duties"]),
        "holder": name_of_account(raw["holder"]),
        "from": utc(raw["from_at"]),
        "until": utc(raw["until_at"]) if raw["until_at"] != FOR_EVER else None,
    }


def posts_document(here: Session, at: int, org_id: int = 0) -> list[dict[str, Any]]:
    """The posts with their holders and deputies at a Unix second, of one organisation or of all."""

    def who(function: str, number: int) -> str | None:
        found = str(read(here.ledger, "Authority", function, number, at))
        return name_of_account(found) if int(found, 16) else None

    return [
        {
            "id": number,
            "title": raw["title"],
            "organisation": read(here.ledger, "Authority", "org", raw["org_id"])["name"],
            "at": utc(at),
            "holder": who("holder", number),
            "deputy": who("deputy", number),
            "duties": words(raw["duties"]),
        }
        for number, raw in every(here.ledger, "Authority", "post", "post_count")
        if org_id in (0, raw["org_id"])
    ]


def post_title(here: Session, post_id: int) -> str:
    """A post as people name it: title and organisation."""
    if not post_id:
        return "nobody"
    post = read(here.ledger, "Authority", "post", post_id)
    return f"{post['title']}, {read(here.ledger, 'Authority', 'org', post['org_id'])['name']}"


def post_by_title(here: Session, title: str) -> int:
    """A post by its number or title; NotFound where there is none."""
    if title.isdecimal() and 0 < int(title) <= read(here.ledger, "Authority", "post_count"):
        return int(title)
    for number, raw in every(here.ledger, "Authority", "post", "post_count"):
        if raw["title"] == title:
            return number
    raise NotFound(f"no post {title!r}", "`waterline org posts` lists them")


def post_acts(here: Session, path: Path, coming: dict[str, int]) -> list[tuple[Any, str]]:
    """The posts of a file that are not open yet; `coming` are organisations not yet recorded."""
    functions, zone = here.contract("Authority").functions, local_zone()
    there = {
        (raw["org_id"], raw["title"])
        for _, raw in every(here.ledger, "Authority", "post", "post_count")
    }
    acts = []
    for entry in section(path, "posts"):
        title = str(take(entry, "title", "a post"))
        owner = str(take(entry, "organisation", f"post {title!r}"))
        org_id = coming.get(owner) or _recorded(here, owner, only=bool(coming))
        if org_id is None or (org_id, title) in there:
            continue
        holder = address_of_account(str(take(entry, "holder", f"post {title!r}")))
        begins = instant(entry["from"], zone) if "from" in entry else here.chain.head().at
        ends = instant(entry["until"], zone) if "until" in entry else FOR_EVER
        duties = bits(entry.get("duties") or [])
        call = functions.open_post(org_id, title, duties, holder, begins, ends)
        acts.append((call, f"open the post {title!r} of {owner}, held by {entry['holder']}"))
    return acts


def _recorded(here: Session, owner: str, only: bool) -> int | None:
    """An organisation's number; None for one that is left for later."""
    try:
        return org_by_code(here, owner)[0]
    except WaterlineError:
        if only:
            return None
        raise
