# pragma version 0.4.3
# pragma evm-version london
"""
@title Permit seals
@license Apache-2.0
@notice An officer's signature over a permit's face, the files that belong to it, and whom its
        holder lets see it.
@dev A seal is the EIP-712 signature of an ISSUER over PermitFace(number, version, faceHash), where
     faceHash is keccak256(abi.encode(kind, holder, terms, limits)) of one version: whoever holds the
     face and the seal can verify both offline. Files are never on chain: of an encrypted permit file
     stands the hash of the ciphertext and the keys it was encrypted to, of a file that another
     system sealed its hash and who issued it.
@custom:halt Withdraw the ISSUER posts in Authority; a seal that stands cannot be taken back.
"""

from contracts.interfaces import IAuthority
from contracts.interfaces import IPermitRegistry
from contracts.interfaces import IPermitSeals
from contracts.modules import access
from contracts.modules import duties
from contracts.modules import names
from contracts.modules import signatures

initializes: access

exports: access.AUTHORITY

ENCRYPTED: constant(uint256) = 1  # kinds of a file
ELSEWHERE: constant(uint256) = 2  # sealed by another system, as the national one
MAX_RECIPIENTS: constant(uint256) = 16
MAX_LIMITS: constant(uint256) = 16
M32: constant(uint256) = 2**32 - 1
DOMAIN: constant(bytes32) = keccak256(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
FACE: constant(bytes32) = keccak256("PermitFace(string number,uint256 version,bytes32 faceHash)")

file: public(HashMap[uint256, HashMap[uint256, IPermitSeals.File]])  # permit, number from 1
file_count: public(HashMap[uint256, uint256])
key_of: public(HashMap[uint256, bytes32])  # organisation: X25519 key that files are encrypted to
sight_until_at: public(HashMap[uint256, HashMap[address, uint256]])
_seal: HashMap[uint256, HashMap[uint256, IPermitSeals.Seal]]


@deploy
def __init__(authority: address):
    access.__init__(authority)


@external
def seal(permit_id: uint256, version: uint256, signature: Bytes[65]):
    """
    @notice Put an officer's own signature under a version of a permit.
    """
    access._only(duties.ISSUER)
    versions: uint256 = self._permit(permit_id).versions
    assert version > 0 and version <= versions, "seals: unknown version"
    sealed: bool = self._seal[permit_id][version].by != empty(address)
    assert not sealed, "seals: version is sealed"
    signer: address = signatures._signer(self._digest(permit_id, version), signature)
    # a broken signature yields the zero address, which can have signed nothing
    assert signer == msg.sender, "seals: signature is not the caller's"
    face_hash: bytes32 = self._face_hash(permit_id, version)
    self._seal[permit_id][version] = IPermitSeals.Seal(
        by=msg.sender, sealed_at=block.timestamp, face_hash=face_hash, signature=signature
    )
    log IPermitSeals.PermitSealed(
        permit_id=permit_id,
        version=version,
        by=msg.sender,
        face_hash=face_hash,
        signature=signature,
    )


@external
def anchor(
    permit_id: uint256,
    kind: uint256,
    file_hash: bytes32,
    issuer: String[64],
    recipients: DynArray[bytes32, MAX_RECIPIENTS],
):
    """
    @notice Anchor a file that belongs to a permit by its hash.
    @param kind 1 the encrypted permit file, with the keys it was encrypted to; 2 a file that
           another system sealed, with the name of who issued it.
    """
    access._only(duties.ISSUER)
    assert self._permit(permit_id).versions > 0, "seals: unknown permit"
    assert file_hash != empty(bytes32), "seals: empty hash"
    assert kind == ENCRYPTED or kind == ELSEWHERE, "seals: unknown kind of file"
    if kind == ENCRYPTED:
        assert len(recipients) > 0, "seals: encrypted to nobody"
    else:
        assert len(issuer) > 0, "seals: issuer is not named"
    self.file_count[permit_id] += 1
    self.file[permit_id][self.file_count[permit_id]] = IPermitSeals.File(
        kind=kind,
        file_hash=file_hash,
        issuer=issuer,
        recipients=recipients,
        anchored_by=msg.sender,
        anchored_at=block.timestamp,
    )
    log IPermitSeals.FileAnchored(
        permit_id=permit_id,
        kind=kind,
        by=msg.sender,
        file_hash=file_hash,
        issuer=issuer,
        recipients=recipients,
    )


@external
def set_key(key: bytes32):
    """
    @notice Set the key that files for the caller's organisation are encrypted to, empty for none.
    """
    org_id: uint256 = staticcall IAuthority(access.AUTHORITY).org_of(msg.sender)
    assert org_id != 0, "seals: caller has no organisation"
    self.key_of[org_id] = key
    log IPermitSeals.KeySet(org_id=org_id, by=msg.sender, key=key)


@external
def grant_sight(permit_id: uint256, account: address, until_at: uint256):
    """
    @notice Let an account see a permit's non-public side until a moment, as its holder; 0 ends it.
    """
    org_id: uint256 = staticcall IAuthority(access.AUTHORITY).org_of(msg.sender)
    holds: bool = org_id != 0 and org_id == self._permit(permit_id).holder
    assert holds, "seals: caller does not hold the permit"
    assert until_at <= M32, "seals: moment out of range"
    self.sight_until_at[permit_id][account] = until_at
    log IPermitSeals.SightGranted(
        permit_id=permit_id, account=account, by=msg.sender, until_at=until_at
    )


@external
@view
def may_see(permit_id: uint256, account: address) -> bool:
    """
    @notice Whether an account may see a permit's non-public side now: its holder, whom it let, and
            officers who supervise.
    """
    org_id: uint256 = staticcall IAuthority(access.AUTHORITY).org_of(account)
    if org_id != 0 and org_id == self._permit(permit_id).holder:
        return True
    if block.timestamp < self.sight_until_at[permit_id][account]:
        return True
    return staticcall IAuthority(access.AUTHORITY).can(account, duties.SUPERVISOR)


@external
@view
def seal_of(permit_id: uint256, version: uint256) -> IPermitSeals.Seal:
    """
    @notice The seal of a version, without a signer if there is none.
    """
    return self._seal[permit_id][version]


@external
@view
def face_hash(permit_id: uint256, version: uint256) -> bytes32:
    """
    @notice keccak256(abi.encode(kind, holder, terms, limits)) of a version.
    """
    return self._face_hash(permit_id, version)


@external
@view
def digest(permit_id: uint256, version: uint256) -> bytes32:
    """
    @notice What an officer signs to seal a version.
    """
    return self._digest(permit_id, version)


@internal
@view
def _permit(permit_id: uint256) -> IPermitRegistry.Permit:
    return staticcall IPermitRegistry(access._at(names.PERMIT_REGISTRY)).permit(permit_id)


@internal
@view
def _face_hash(permit_id: uint256, version: uint256) -> bytes32:
    registry: IPermitRegistry = IPermitRegistry(access._at(names.PERMIT_REGISTRY))
    permit: IPermitRegistry.Permit = staticcall registry.permit(permit_id)
    terms: IPermitRegistry.Terms = staticcall registry.terms(permit_id, version)
    limits: DynArray[IPermitRegistry.PermitLimit, MAX_LIMITS] = staticcall registry.limits(permit_id)
    return keccak256(abi_encode(permit.kind, permit.holder, terms, limits))


@internal
@view
def _digest(permit_id: uint256, version: uint256) -> bytes32:
    domain: bytes32 = keccak256(
        abi_encode(DOMAIN, keccak256("Waterline"), keccak256("1"), chain.id, self)
    )
    number: String[32] = self._permit(permit_id).number
    face: bytes32 = keccak256(
        abi_encode(FACE, keccak256(number), version, self._face_hash(permit_id, version))
    )
    return keccak256(concat(x"1901", domain, face))
