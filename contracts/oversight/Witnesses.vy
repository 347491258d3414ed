# pragma version 0.4.3
# pragma evm-version london
"""
@title Witnesses
@license Apache-2.0
@notice Independent oracles that sign a lane's batches beside its relay: a batch is taken only with
        as many of their signatures as the lane needs; who sees something else puts it on record.
@dev A signature is EIP-712 over Batch(lane, batch_id, root, words_hash); its domain names the chain
     and the contract that takes the batch. The lane's word holds the threshold too, so a lane
     without one costs nothing here. An account that was rotated is set anew.
@custom:halt Set a threshold of 0: batches need no witness, as before.
"""

from contracts.interfaces import IAuthority
from contracts.interfaces import ILaneBook
from contracts.interfaces import ILanes
from contracts.interfaces import IWitnesses
from contracts.modules import access
from contracts.modules import duties
from contracts.modules import names
from contracts.modules import signatures

initializes: access

exports: access.AUTHORITY

MAX_WITNESSES: constant(uint256) = 15  # what the lane's word can ask for
MAX_WORDS: constant(uint256) = 1024  # as the books take them
MAX_EVIDENCE: constant(uint256) = 1040
SIGNATURE_BYTES: constant(uint256) = 65
MAX_PAGE: constant(uint256) = 64
MAX_BATCH_ID: constant(uint256) = 2**24 - 2
DOMAIN: constant(bytes32) = keccak256(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
BATCH: constant(bytes32) = keccak256(
    "Batch(uint256 lane,uint256 batch_id,bytes32 root,bytes32 words_hash)"
)

threshold: public(HashMap[address, HashMap[uint256, uint256]])  # book, lane
is_witness: public(HashMap[address, HashMap[uint256, HashMap[address, bool]]])
dissent_count: public(uint256)
dissent: public(HashMap[uint256, IWitnesses.Dissent])
# book, lane, batch, witness
dissent_of: public(HashMap[address, HashMap[uint256, HashMap[uint256, HashMap[address, uint256]]]])
_witnesses: HashMap[address, HashMap[uint256, DynArray[address, MAX_WITNESSES]]]


@deploy
def __init__(authority: address):
    access.__init__(authority)


@external
def set_witnesses(
    contract_name: bytes32,
    lane: uint256,
    accounts: DynArray[address, MAX_WITNESSES],
    threshold: uint256,
):
    """
    @notice Say who witnesses a lane and how many must sign each batch, from its next one on.
    @param accounts All of them, each of an organisation of its own, none of them the relay's.
    @param threshold 0 for none: then witnesses may still dissent.
    """
    access._only(duties.SUPERVISOR)
    assert threshold <= len(accounts), "witnesses: threshold above their number"
    book: address = access._at(contract_name)
    owner: address = (staticcall ILaneBook(book).lane(lane)).owner
    assert owner != empty(address), "witnesses: unknown lane"
    for old: address in self._witnesses[book][lane]:
        self.is_witness[book][lane][old] = False
    taken: DynArray[uint256, MAX_WITNESSES + 1] = [self._org_of(owner)]
    for account: address in accounts:
        org_id: uint256 = self._org_of(account)
        assert org_id not in taken, "witnesses: organisation is in it already"
        taken.append(org_id)
        self.is_witness[book][lane][account] = True
    self._witnesses[book][lane] = accounts
    self.threshold[book][lane] = threshold
    log IWitnesses.WitnessesSet(
        book=book, lane=lane, by=msg.sender, accounts=accounts, threshold=threshold
    )
    extcall ILaneBook(book).need_witnesses(lane, threshold)


@external
def dissent_from(
    book: address, lane: uint256, batch_id: uint256, root: bytes32, reason_hash: bytes32
) -> uint256:
    """
    @notice Put on record that a batch is not what its witness has, once for each batch.
    @param root That of the same leaves with the witness's own readings.
    @param reason_hash keccak256 of what differs, in words.
    """
    witness: bool = self.is_witness[book][lane][msg.sender]
    assert witness, "witnesses: caller is no witness of the lane"
    assert batch_id <= MAX_BATCH_ID, "witnesses: batch out of range"
    assert reason_hash != empty(bytes32), "witnesses: empty reason"
    noted: bool = self.dissent_of[book][lane][batch_id][msg.sender] != 0
    assert not noted, "witnesses: dissent is on record"
    self.dissent_count += 1
    dissent_id: uint256 = self.dissent_count
    self.dissent_of[book][lane][batch_id][msg.sender] = dissent_id
    self.dissent[dissent_id] = IWitnesses.Dissent(
        book=book,
        lane=lane,
        batch_id=batch_id,
        by=msg.sender,
        at=block.timestamp,
        root=root,
        reason_hash=reason_hash,
    )
    log IWitnesses.Dissented(
        dissent_id=dissent_id, lane=lane, by=msg.sender, dissent=self.dissent[dissent_id]
    )
    return dissent_id


@external
def follow(before: address, book: address, lane: uint256):
    """
    @notice Let the witnesses of a lane go on with the book that adopted it.
    @dev They sign for the new book's address from its next batch on, and may dissent from both's.
    """
    access._only_contract(names.ADOPTION)
    accounts: DynArray[address, MAX_WITNESSES] = self._witnesses[before][lane]
    if len(accounts) == 0:
        return
    threshold: uint256 = self.threshold[before][lane]
    for account: address in accounts:
        self.is_witness[book][lane][account] = True
    self._witnesses[book][lane] = accounts
    self.threshold[book][lane] = threshold
    log IWitnesses.WitnessesSet(
        book=book, lane=lane, by=msg.sender, accounts=accounts, threshold=threshold
    )
    extcall ILaneBook(book).need_witnesses(lane, threshold)


@external
@view
def record_meters(
    lane: uint256,
    batch_id: uint256,
    root: bytes32,
    words: Bytes[MAX_WORDS * 32],
    evidence: Bytes[MAX_EVIDENCE],
):
    """
    @notice Revert unless enough witnesses signed the batch; a book hands its whole call on here.
    """
    self._check(lane, batch_id, root, keccak256(words), evidence)


@external
@view
def record_gauges(
    lane: uint256,
    batch_id: uint256,
    root: bytes32,
    words: Bytes[MAX_WORDS * 32],
    evidence: Bytes[MAX_EVIDENCE],
):
    """
    @notice The same for a batch of gauges.
    """
    self._check(lane, batch_id, root, keccak256(words), evidence)


@external
@view
def witnesses(book: address, lane: uint256) -> DynArray[address, MAX_WITNESSES]:
    """
    @notice The accounts that witness a lane.
    """
    return self._witnesses[book][lane]


@external
@view
def page(first: uint256, n: uint256) -> DynArray[IWitnesses.Dissent, MAX_PAGE]:
    """
    @notice Up to 64 dissents from a number on, numbered from 1.
    """
    found: DynArray[IWitnesses.Dissent, MAX_PAGE] = []
    for i: uint256 in range(min(n, MAX_PAGE), bound=MAX_PAGE):
        if first == 0 or first > self.dissent_count or i > self.dissent_count - first:
            break
        found.append(self.dissent[first + i])
    return found


@internal
@view
def _org_of(account: address) -> uint256:
    """
    @dev The verified organisation whose account it is, or of the post it serves in now.
    """
    authority: IAuthority = IAuthority(access.AUTHORITY)
    org_id: uint256 = staticcall authority.org_of(account)
    if org_id == 0:
        org_id = (staticcall authority.post(staticcall authority.post_served(account))).org_id
    verified: bool = staticcall authority.is_verified(org_id)
    assert verified, "witnesses: account of no verified organisation"
    return org_id


@internal
@view
def _check(
    lane: uint256, batch_id: uint256, root: bytes32, words_hash: bytes32, evidence: Bytes[1040]
):
    """
    @dev Exactly as many signatures as needed, in the order of their accounts: so each counts once.
    """
    needed: uint256 = self.threshold[msg.sender][lane]
    assert needed > 0, "witnesses: lane needs no evidence"
    whole: bool = len(evidence) == needed * SIGNATURE_BYTES
    assert whole, "witnesses: too few or too many signatures"
    domain: bytes32 = keccak256(
        abi_encode(DOMAIN, keccak256("Waterline"), keccak256("1"), chain.id, msg.sender)
    )
    batch: bytes32 = keccak256(abi_encode(BATCH, lane, batch_id, root, words_hash))
    digest: bytes32 = keccak256(concat(x"1901", domain, batch))
    last: address = empty(address)
    for i: uint256 in range(needed, bound=MAX_WITNESSES):
        signature: Bytes[65] = slice(evidence, i * SIGNATURE_BYTES, SIGNATURE_BYTES)
        signer: address = signatures._signer(digest, signature)
        assert self.is_witness[msg.sender][lane][signer], "witnesses: not signed by a witness"
        rising: bool = convert(signer, uint256) > convert(last, uint256)
        assert rising, "witnesses: signatures are not in order"
        last = signer
