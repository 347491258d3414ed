"""Seals: what an officer signs under a permit's face, and who signed, without a chain.

The face is kind, holder, the terms of one version and the limits of a drainage permit, hashed as
the contract PermitSeals hashes them; the seal is an EIP-712 signature over its number, version and
hash.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from eth_abi.abi import encode
from eth_account import Account
from eth_account.messages import SignableMessage, encode_typed_data

from ledger.errors import UsageError
from ledger.hashing import keccak

TYPES = {
    "PermitFace": [
        {"name": "number", "type": "string"},
        {"name": "version", "type": "uint256"},
        {"name": "faceHash", "type": "bytes32"},
    ]
}
# the fields of IPermitRegistry.Terms in their order
TERMS = (
    *(("purpose", "bytes32"), ("source", "bytes32"), ("station_id", "uint256")),
    *(("annual_l", "uint256"), ("monthly_l", "uint256"), ("daily_l", "uint256")),
    *(("peak_l_h", "uint256"), ("season_from", "uint256"), ("season_until", "uint256")),
    *(("return_station_id", "uint256"), ("return_l", "uint256"), ("from_at", "uint256")),
    *(("until_at", "uint256"), ("document_hash", "bytes32"), ("application_id", "uint256")),
    *(("cause", "uint256"), ("in_force_at", "uint256")),
)


# and of IPermitRegistry.PermitLimit
LIMIT = (
    *(("parameter", "bytes32"), ("basis", "uint256"), ("lo", "int256"), ("hi", "int256")),
    *(("has_lo", "bool"), ("has_hi", "bool")),
)
READ: Mapping[str, Callable[[Any], Any]] = {
    "bytes32": lambda value: bytes.fromhex(value[2:]),
    "uint256": int,
    "int256": int,
    "bool": bool,
}


def face_hash(
    kind: int, holder: int, terms: Sequence[Any], limits: Sequence[Sequence[Any]]
) -> bytes:
    """keccak256(abi.encode(kind, holder, terms, limits))."""
    limit = f"({','.join(kind for _, kind in LIMIT)})[]"
    types = ["uint256", "uint256", *(kind for _, kind in TERMS), limit]
    return keccak(encode(types, [kind, holder, *terms, limits]))


def message(
    chain_id: int, contract: str, number: str, version: int, face: bytes
) -> SignableMessage:
    """What an officer signs."""
    return encode_typed_data(
        domain_data={
            "name": "Waterline",
            "version": "1",
            "chainId": chain_id,
            "verifyingContract": contract,
        },
        message_types=TYPES,
        message_data={"number": number, "version": version, "faceHash": face},
    )


def terms_of(face: Mapping[str, Any]) -> list[Any]:
    """The terms in an exported face; UsageError names what is missing or no hash."""
    return _fields(face, TERMS)


def limits_of(limits: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    """The limits in an exported face; UsageError as for terms."""
    return [_fields(one, LIMIT) for one in limits]


def _fields(face: Mapping[str, Any], fields: Sequence[tuple[str, str]]) -> list[Any]:
    found = []
    for name, kind in fields:
        if name not in face:
            raise UsageError(
                f"the face lacks {name!r}", "export it again: `waterline permit export`"
            )
        value = face[name]
        try:
            found.append(READ[kind](value))
        except (TypeError, ValueError) as error:
            raise UsageError(f"{name!r} is {value!r}", "export the permit again") from error
    return found


def signer_of(exported: Mapping[str, Any]) -> str:
    """The address whose signature stands under an exported permit."""
    try:
        terms, limits = terms_of(exported["terms"]), limits_of(exported["limits"])
        face = face_hash(exported["kind"], exported["holder"], terms, limits)
        signed = message(
            *(exported["chain_id"], exported["contract"], exported["number"]),
            *(exported["version"], face),
        )
        return str(Account.recover_message(signed, signature=exported["signature"]))
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"this is no exported permit: {error!r}", "`waterline permit export`"
        ) from error
    except UsageError:
        raise
    except Exception as error:  # a signature that no key could have made
        raise UsageError(f"the signature is broken: {error}", "export the permit again") from error
