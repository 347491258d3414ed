# pragma version 0.4.3
# pragma evm-version london
"""
@title Evidence
@license Apache-2.0
@notice What an incident or a violation rests on, item by item: readings proved against the chain,
        documents by their hash, confirmed laboratory reports; who had it in custody; frozen once.
@dev One file a subject. Each item is chained into the file's digest, so that the digest that was
     frozen says which items there were then and in which order; what comes later is marked as a
     supplement. Custody passes only when the receiver accepts it. Where a custodian no longer holds
     a post, an officer hands over in its place and the record says so.
@custom:halt Withdraw the DISPATCHER posts in Authority; what was added stays.
"""

from contracts.interfaces import IAdoption
from contracts.interfaces import IAuthority
from contracts.interfaces import IEvidence
from contracts.interfaces import IIncidents
from contracts.interfaces import ILaboratory
from contracts.interfaces import IProver
from contracts.interfaces import IViolations
from contracts.modules import access
from contracts.modules import duties
from contracts.modules import names

initializes: access

exports: access.AUTHORITY

INCIDENT: constant(uint256) = 1  # subjects
VIOLATION: constant(uint256) = 2
READING: constant(uint256) = 1  # kinds of an item
DOCUMENT: constant(uint256) = 2
REPORT: constant(uint256) = 3
REPORT_CONFIRMED: constant(uint256) = 2  # state of a report in Laboratory
MAX_PROOF: constant(uint256) = 32  # 2**32 leaves, more than a batch can hold

file: public(HashMap[uint256, IEvidence.File])
file_count: public(uint256)
file_of: public(HashMap[uint256, HashMap[uint256, uint256]])  # subject, its number
item: public(HashMap[uint256, HashMap[uint256, IEvidence.Item]])  # file, from 1
handover: public(HashMap[uint256, HashMap[uint256, IEvidence.Handover]])  # file, from 1
_held: HashMap[uint256, HashMap[uint256, HashMap[bytes32, bool]]]  # file, kind, content


@deploy
def __init__(authority: address):
    access.__init__(authority)


@external
def open_file(subject: uint256, subject_id: uint256) -> uint256:
    """
    @notice Open the file of an incident or a violation; whoever opens it has it in custody.
    @param subject 1 incident, 2 violation.
    """
    access._only(duties.DISPATCHER)
    assert subject == INCIDENT or subject == VIOLATION, "evidence: neither incident nor violation"
    count: uint256 = 0
    if subject == INCIDENT:
        count = staticcall IIncidents(access._at(names.INCIDENTS)).incident_count()
    else:
        count = staticcall IViolations(access._at(names.VIOLATIONS)).violation_count()
    assert subject_id > 0 and subject_id <= count, "evidence: unknown incident or violation"
    assert self.file_of[subject][subject_id] == 0, "evidence: subject has a file"
    self.file_count += 1
    file_id: uint256 = self.file_count
    self.file_of[subject][subject_id] = file_id
    self.file[file_id].subject = subject
    self.file[file_id].subject_id = subject_id
    self.file[file_id].custodian = msg.sender
    log IEvidence.FileOpened(
        file_id=file_id, subject=subject, subject_id=subject_id, custodian=msg.sender
    )
    return file_id


@external
def add_reading(
    file_id: uint256,
    contract_name: bytes32,
    lane: uint256,
    batch_id: uint256,
    root: bytes32,
    words_hash: bytes32,
    leaf: bytes32,
    proof: DynArray[bytes32, MAX_PROOF],
    label_hash: bytes32,
):
    """
    @notice Add a reading by its leaf, proved against the batch that this chain holds.
    @param contract_name The contract that took the batch.
    @param label_hash What it is called, by its hash; may be zero.
    """
    access._only(duties.DISPATCHER)
    self._require_file(file_id)
    holds: bool = contract_name in [
        names.QUOTA_TRACKER,
        names.DISCHARGE_VOLUMES,
        names.DISCHARGE_LIMITS,
        names.QUALITY_PROVENANCE,
    ]
    assert holds, "evidence: contract takes no readings"
    book: address = staticcall IAdoption(access._at(names.ADOPTION)).holder(
        contract_name, lane, batch_id
    )
    proved: bool = staticcall IProver(book).prove(
        lane, batch_id, root, words_hash, leaf, proof
    )
    assert proved, "evidence: leaf is not of this batch"
    self._add(file_id, READING, leaf, label_hash, contract_name, lane, batch_id)


@external
def add_document(file_id: uint256, document_hash: bytes32, label_hash: bytes32):
    """
    @notice Add a document by its hash, with the hash of what it is called.
    """
    access._only(duties.DISPATCHER)
    self._require_file(file_id)
    told: bool = document_hash != empty(bytes32) and label_hash != empty(bytes32)
    assert told, "evidence: document needs hash and label"
    self._add(file_id, DOCUMENT, document_hash, label_hash, empty(bytes32), 0, 0)


@external
def add_report(file_id: uint256, report_id: uint256, label_hash: bytes32):
    """
    @notice Add a confirmed laboratory report by its number.
    """
    access._only(duties.DISPATCHER)
    self._require_file(file_id)
    report: ILaboratory.Report = staticcall ILaboratory(access._at(names.LABORATORY)).report(
        report_id
    )
    assert report.state == REPORT_CONFIRMED, "evidence: report must be CONFIRMED"
    self._add(
        file_id,
        REPORT,
        convert(report_id, bytes32),
        label_hash,
        names.LABORATORY,
        0,
        0,
    )


@external
def offer_custody(file_id: uint256, receiver: address):
    """
    @notice Offer the custody of a file to an account that serves; it passes once that accepts.
    """
    custodian: address = self.file[file_id].custodian
    authority: IAuthority = IAuthority(access.AUTHORITY)
    orphaned: bool = file_id > 0 and file_id <= self.file_count and (
        staticcall authority.post_served(custodian) == 0
    )
    may: bool = msg.sender == custodian or (
        orphaned and staticcall authority.can(msg.sender, duties.SUPERVISOR)
    )
    assert may, "evidence: caller is not the custodian"
    assert receiver != custodian, "evidence: receiver has custody already"
    receiver_post: uint256 = staticcall authority.post_served(receiver)
    assert receiver_post != 0, "evidence: receiver serves in no post"
    number: uint256 = self.file[file_id].handovers + 1
    self.file[file_id].offered_to = receiver
    # an offer that was not accepted gives way to the next one
    self.handover[file_id][number] = IEvidence.Handover(
        giver=custodian,
        giver_post=staticcall authority.post_served(custodian),
        receiver=receiver,
        receiver_post=receiver_post,
        by=msg.sender,
        offered_at=block.timestamp,
        accepted_at=0,
    )
    log IEvidence.CustodyOffered(
        file_id=file_id, giver=custodian, receiver=receiver, by=msg.sender
    )


@external
def accept_custody(file_id: uint256):
    """
    @notice Accept the custody of a file one was offered.
    """
    offered: bool = msg.sender == self.file[file_id].offered_to
    post_id: uint256 = staticcall IAuthority(access.AUTHORITY).post_served(msg.sender)
    assert offered and post_id != 0, "evidence: caller was offered no custody"
    number: uint256 = self.file[file_id].handovers + 1
    self.file[file_id].handovers = number
    self.file[file_id].custodian = msg.sender
    self.file[file_id].offered_to = empty(address)
    self.handover[file_id][number].accepted_at = block.timestamp
    log IEvidence.CustodyAccepted(
        file_id=file_id,
        receiver=msg.sender,
        number=number,
        handover=self.handover[file_id][number],
    )


@external
def freeze(file_id: uint256):
    """
    @notice Close the list of a file's items for good; what is added later is a supplement.
    """
    access._only(duties.SUPERVISOR)
    self._require_file(file_id)
    assert self.file[file_id].frozen_at == 0, "evidence: file is frozen"
    items: uint256 = self.file[file_id].items
    assert items > 0, "evidence: nothing to freeze"
    self.file[file_id].frozen_at = block.timestamp
    self.file[file_id].frozen_items = items
    self.file[file_id].frozen_digest = self.file[file_id].digest
    log IEvidence.FileFrozen(
        file_id=file_id, by=msg.sender, items=items, digest=self.file[file_id].digest
    )


@internal
@view
def _require_file(file_id: uint256):
    assert file_id > 0 and file_id <= self.file_count, "evidence: no such file"


@internal
def _add(
    file_id: uint256,
    kind: uint256,
    content: bytes32,
    label_hash: bytes32,
    contract_name: bytes32,
    lane: uint256,
    batch_id: uint256,
):
    assert not self._held[file_id][kind][content], "evidence: item is there"
    self._held[file_id][kind][content] = True
    item: IEvidence.Item = IEvidence.Item(
        kind=kind,
        content=content,
        label_hash=label_hash,
        contract_name=contract_name,
        lane=lane,
        batch_id=batch_id,
        by=msg.sender,
        at=block.timestamp,
        supplement=self.file[file_id].frozen_at != 0,
    )
    number: uint256 = self.file[file_id].items + 1
    digest: bytes32 = keccak256(abi_encode(self.file[file_id].digest, item))
    self.file[file_id].items = number
    self.file[file_id].digest = digest
    self.item[file_id][number] = item
    log IEvidence.ItemAdded(file_id=file_id, item=item, number=number, digest=digest)
