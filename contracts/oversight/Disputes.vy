# pragma version 0.4.3
# pragma evm-version london
"""
@title Disputes
@license Apache-2.0
@notice A settled reading against the telegram that a device or gateway signed: whoever holds the
        telegram proves here that it says something else.
@dev Both sides are proved: the settled reading by its leaf in a batch that the chain holds, the
     telegram by a secp256k1 signature of a key that DeviceKeys has for that moment. A dispute
     changes no reading; what follows is an officer's act. That a batch's words and its leaves say
     the same is not looked at: `waterline verify` compares them.
@custom:halt Withdraw the SUPERVISOR posts in Authority; a dispute that is open stays open.
"""

from contracts.interfaces import IAdoption
from contracts.interfaces import IDeviceKeys
from contracts.interfaces import IDeviceRegistry
from contracts.interfaces import IDisputes
from contracts.interfaces import IProver
from contracts.modules import access
from contracts.modules import duties
from contracts.modules import names
from contracts.modules import signatures
from contracts.modules import states

initializes: access

exports: access.AUTHORITY

OPEN: constant(uint256) = 1
UPHELD: constant(uint256) = 2
EXPLAINED: constant(uint256) = 3
MAX_PROOF: constant(uint256) = 32
MAX_READINGS: constant(uint256) = 64  # of one telegram
MAX_PAGE: constant(uint256) = 64
READING: constant(bytes32) = keccak256("Reading(uint32 channel,uint32 at,uint64 value,uint8 mark)")

count: public(uint256)
dispute: public(HashMap[uint256, IDisputes.Dispute])
dispute_of: public(HashMap[bytes32, HashMap[bytes32, uint256]])  # leaf, hash of the reading said


@deploy
def __init__(authority: address):
    access.__init__(authority)


@external
def open_dispute(
    settled: IDisputes.Settled,
    proof: DynArray[bytes32, MAX_PROOF],
    said: IDisputes.Said,
    reading_hashes: DynArray[bytes32, MAX_READINGS],
    signature: Bytes[65],
) -> uint256:
    """
    @notice Prove that a settled reading is not what its device or gateway signed. Open to anyone,
            once for each contradiction.
    @param settled The reading as its leaf has it, and the batch.
    @param said What the telegram says of the same channel and moment, and the place there.
    @param reading_hashes The EIP-712 hashes of the telegram's readings, in their order.
    """
    differs: bool = said.value != settled.value or said.mark != settled.mark
    assert differs, "disputes: telegram says the same"
    reading: bytes32 = keccak256(
        abi_encode(READING, settled.channel, settled.at, said.value, said.mark)
    )
    there: bool = said.index < len(reading_hashes) and reading_hashes[said.index] == reading
    assert there, "disputes: reading is not in the telegram"
    leaf: bytes32 = self._leaf(settled)
    assert self.dispute_of[leaf][reading] == 0, "disputes: contradiction was shown"
    channel: IDeviceRegistry.Channel = staticcall IDeviceRegistry(
        access._at(names.DEVICE_REGISTRY)
    ).channel(settled.channel)
    assert channel.kind != 0, "disputes: no such channel"
    book: address = staticcall IAdoption(access._at(names.ADOPTION)).holder(
        channel.contract_name, settled.lane, settled.batch_id
    )
    proved: bool = staticcall IProver(book).prove(
        settled.lane, settled.batch_id, settled.root, settled.words_hash, leaf, proof
    )
    assert proved, "disputes: reading is not proved"
    keys: IDeviceKeys = IDeviceKeys(access._at(names.DEVICE_KEYS))
    digest: bytes32 = staticcall keys.digest(
        channel.device, said.sequence, self._readings_hash(reading_hashes)
    )
    key_id: uint256 = staticcall keys.key_of(
        signatures._signer(digest, signature), channel.device, settled.at
    )
    assert key_id != 0, "disputes: telegram is not signed by a key of the device"
    self.count += 1
    dispute_id: uint256 = self.count
    self.dispute_of[leaf][reading] = dispute_id
    self.dispute[dispute_id] = IDisputes.Dispute(
        channel=settled.channel,
        at=settled.at,
        lane=settled.lane,
        batch_id=settled.batch_id,
        settled_value=settled.value,
        settled_mark=settled.mark,
        settled_grade=settled.grade,
        said_value=said.value,
        said_mark=said.mark,
        sequence=said.sequence,
        telegram_digest=digest,
        key_id=key_id,
        key_revoked=(staticcall keys.key(key_id)).revoked_at != 0,
        opened_by=msg.sender,
        opened_at=block.timestamp,
        state=OPEN,
        resolved_by=empty(address),
        resolved_at=0,
        note_hash=empty(bytes32),
    )
    log IDisputes.DisputeOpened(
        dispute_id=dispute_id,
        channel=settled.channel,
        batch_id=settled.batch_id,
        dispute=self.dispute[dispute_id],
    )
    return dispute_id


@external
def resolve(dispute_id: uint256, upheld: bool, note_hash: bytes32):
    """
    @notice End a dispute: the reading is not what the device said, or the difference is explained.
            Whoever opened it does not decide on it.
    """
    access._only(duties.SUPERVISOR)
    before: uint256 = self.dispute[dispute_id].state
    assert before == OPEN, concat("disputes: to resolve, must be OPEN", ", is ", states._dispute(before))
    opener: bool = access._is_caller(self.dispute[dispute_id].opened_by)
    assert not opener, "disputes: opener cannot resolve"
    assert note_hash != empty(bytes32), "disputes: empty note"
    state: uint256 = UPHELD if upheld else EXPLAINED
    self.dispute[dispute_id].state = state
    self.dispute[dispute_id].resolved_by = msg.sender
    self.dispute[dispute_id].resolved_at = block.timestamp
    self.dispute[dispute_id].note_hash = note_hash
    log IDisputes.DisputeResolved(
        dispute_id=dispute_id, by=msg.sender, state=state, note_hash=note_hash
    )


@external
@view
def page(first: uint256, n: uint256) -> DynArray[IDisputes.Dispute, MAX_PAGE]:
    """
    @notice Up to 64 disputes from a number on, numbered from 1.
    """
    found: DynArray[IDisputes.Dispute, MAX_PAGE] = []
    for i: uint256 in range(min(n, MAX_PAGE), bound=MAX_PAGE):
        if first == 0 or first > self.count or i > self.count - first:
            break
        found.append(self.dispute[first + i])
    return found


@internal
@pure
def _leaf(settled: IDisputes.Settled) -> bytes32:
    return keccak256(
        abi_encode(
            keccak256(
                abi_encode(
                    settled.channel,
                    settled.at,
                    settled.value,
                    settled.kind,
                    settled.grade,
                    settled.mark,
                    settled.telegram,
                )
            )
        )
    )


@internal
@pure
def _readings_hash(hashes: DynArray[bytes32, MAX_READINGS]) -> bytes32:
    # behind offset and length stand the hashes alone
    encoded: Bytes[64 + 32 * MAX_READINGS] = abi_encode(hashes)
    return keccak256(slice(encoded, 64, 32 * len(hashes)))
