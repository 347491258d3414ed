# pragma version 0.4.3
"""
@title Lanes
@license Apache-2.0
@notice Independent sequences of batches: one owner, one relay group, one running hash each.
@dev Word of a lane, bit 0 lowest: owner 160 | relay group 16 | next batch 24 | counted litres 48 |
     witnesses needed 4 | halted 1 | zero 3. Format: docs/wire-format.md.
"""

from contracts.interfaces import ILaneBook
from contracts.interfaces import ILanes
from contracts.modules import access
from contracts.modules import duties
from contracts.modules import names

uses: access


OWNER_MASK: constant(uint256) = 2**160 - 1
GROUP_SHIFT: constant(uint256) = 160
NEXT_SHIFT: constant(uint256) = 176
TOTAL_SHIFT: constant(uint256) = 200
THRESHOLD_SHIFT: constant(uint256) = 248
HALTED_SHIFT: constant(uint256) = 252
M4: constant(uint256) = 2**4 - 1
M16: constant(uint256) = 2**16 - 1
M24: constant(uint256) = 2**24 - 1
M48: constant(uint256) = 2**48 - 1
# where a channel's word holds its relay group and that it is enrolled
WORD_GROUP_SHIFT: constant(uint256) = 239
WORD_ENROLLED: constant(uint256) = 1 << 255
MAX_PROOF: constant(uint256) = 32  # 2**32 leaves, more than a batch can hold

lane_count: public(uint256)
running: public(HashMap[uint256, bytes32])
digest: public(HashMap[uint256, HashMap[uint256, bytes32]])
_word: HashMap[uint256, uint256]


@external
def open_lane(owner: address, relay_group: uint256) -> uint256:
    """
    @notice Open a sequence of batches for one relay account and one relay group.
    @param relay_group 1 to 65,535; the lane reaches the channels of this group only.
    @return Number of the lane, dense from 1.
    """
    access._only(duties.DEVICE_KEEPER)
    self._require_current()
    assert owner != empty(address), "lanes: empty owner"
    assert relay_group > 0 and relay_group <= M16, "lanes: relay group out of range"
    self.lane_count += 1
    lane: uint256 = self.lane_count
    self._word[lane] = convert(owner, uint256) | (relay_group << GROUP_SHIFT)
    log ILanes.LaneOpened(lane=lane, owner=owner, relay_group=relay_group)
    return lane


@external
def halt_lane(lane: uint256):
    """
    @notice Stop a lane at once; its batches are refused until it is resumed.
    """
    access._only(duties.SUPERVISOR)
    word: uint256 = self._word[lane]
    is_open: bool = word != 0 and (word >> HALTED_SHIFT) & 1 == 0
    assert is_open, "lanes: must be open"
    self._word[lane] = word | (1 << HALTED_SHIFT)
    log ILanes.LaneHalted(lane=lane, by=msg.sender)


@external
def resume_lane(lane: uint256):
    """
    @notice Let a halted lane go on where it stopped.
    """
    access._only(duties.SUPERVISOR)
    self._require_current()
    word: uint256 = self._word[lane]
    assert (word >> HALTED_SHIFT) & 1 == 1, "lanes: must be halted"
    self._word[lane] = word ^ (1 << HALTED_SHIFT)
    log ILanes.LaneResumed(lane=lane, by=msg.sender)


@external
def need_witnesses(lane: uint256, threshold: uint256):
    """
    @notice Take batches of a lane, from the next one on, only when so many witnesses signed them.
    """
    access._only_contract(names.WITNESSES)
    self._word[lane] = self._word[lane] & ~(M4 << THRESHOLD_SHIFT) | (threshold << THRESHOLD_SHIFT)


@external
@view
def lane(lane: uint256) -> ILanes.Lane:
    """
    @notice Owner, relay group, next batch, counted litres and whether the lane is halted.
    """
    word: uint256 = self._word[lane]
    return ILanes.Lane(
        owner=convert(word & OWNER_MASK, address),
        relay_group=(word >> GROUP_SHIFT) & M16,
        next_id=(word >> NEXT_SHIFT) & M24,
        total_l=(word >> TOTAL_SHIFT) & M48,
        halted=(word >> HALTED_SHIFT) & 1 == 1,
    )


@external
@view
def prove(
    lane: uint256,
    batch_id: uint256,
    root: bytes32,
    words_hash: bytes32,
    leaf: bytes32,
    proof: DynArray[bytes32, MAX_PROOF],
) -> bool:
    """
    @notice Whether `leaf` is a reading of the batch that this chain holds.
    """
    # of a batch that is not there the digest is zero, which is no hash
    if self.digest[lane][batch_id] != keccak256(abi_encode(root, words_hash)):
        return False
    node: bytes32 = leaf
    for other: bytes32 in proof:
        if convert(node, uint256) < convert(other, uint256):
            node = keccak256(abi_encode(node, other))
        else:
            node = keccak256(abi_encode(other, node))
    return node == root


@internal
@view
def _require_current():
    """
    @dev Adoption refuses a book that another one replaces. The call is as short as it can be: a
         book has no room.
    """
    raw_call(access._at(names.ADOPTION), method_id("require_current()"), is_static_call=True)


@internal
def _open(lane: uint256, batch_id: uint256, evidence_length: uint256) -> uint256:
    """
    @dev Only the owner, in order, on a lane that is not halted.
    @return The lane's word.
    """
    word: uint256 = self._word[lane]
    assert convert(msg.sender, uint256) == word & OWNER_MASK, "lanes: caller is not the owner"
    access._only(duties.RELAY)
    assert batch_id == (word >> NEXT_SHIFT) & M24, "lanes: batch is not the next one"
    # one look says that nobody must sign, that nobody has, and that the lane is not halted
    if (word >> THRESHOLD_SHIFT) | evidence_length != 0:
        assert word >> HALTED_SHIFT == 0, "lanes: halted"
        # the whole call is handed on: little code here, where a book has no room
        raw_call(access._at(names.WITNESSES), msg.data, is_static_call=True)
    return word


@internal
def _adopt_lane(old: ILaneBook, number: uint256):
    """
    @dev Take a lane over where it stands, halted. For the code that a new book lends its storage
         to; Witnesses sets the threshold afterwards.
    """
    lane: ILanes.Lane = staticcall old.lane(number)
    self.lane_count = number
    self.running[number] = staticcall old.running(number)
    self._word[number] = (
        convert(lane.owner, uint256)
        | (lane.relay_group << GROUP_SHIFT)
        | (lane.next_id << NEXT_SHIFT)
        | (lane.total_l << TOTAL_SHIFT)
        | (1 << HALTED_SHIFT)
    )


@internal
def _settle(
    lane: uint256,
    word: uint256,
    batch_id: uint256,
    root: bytes32,
    words_hash: bytes32,
    counted_l: uint256,
    refused: uint256,
):
    """
    @dev Store the digest, move the running hash, the next batch and the counted litres.
    """
    digest: bytes32 = keccak256(abi_encode(root, words_hash))
    self.digest[lane][batch_id] = digest
    self.running[lane] = keccak256(abi_encode(self.running[lane], digest))
    assert batch_id < M24, "lanes: lane is full"
    # a full count stays full: no reading, however large, may stop the lane
    room_l: uint256 = unsafe_sub(M48, (word >> TOTAL_SHIFT) & M48)
    self._word[lane] = unsafe_add(
        word, unsafe_add(1 << NEXT_SHIFT, min(counted_l, room_l) << TOTAL_SHIFT)
    )
    log ILanes.Recorded(lane=lane, batch_id=batch_id, digest=digest, refused=refused)


@internal
@pure
def _channel_key(word: uint256) -> uint256:
    """
    @dev What a channel's word must hold for this lane: the relay group, and that it is enrolled.
    """
    return (((word >> GROUP_SHIFT) & M16) << WORD_GROUP_SHIFT) | WORD_ENROLLED
