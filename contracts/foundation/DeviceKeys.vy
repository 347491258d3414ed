# pragma version 0.4.3
# pragma evm-version london
"""
@title Device keys
@license Apache-2.0
@notice The keys that sign telegrams: a device's own, or a gateway's for the devices it collects.
@dev A telegram is EIP-712 typed data, Telegram(device, sequence, readings), in the chain's stored
     units. Only a secp256k1 signature can be checked here; the others are checked off chain, over
     the same digest. A key signs for readings from its first moment to before its last; it can
     neither begin nor end in the past, and signs for a device from when it was let, so nobody signs
     for what was settled before that was known.
@custom:halt Revoke a key that others have; a reading without a valid signature has a lower grade.
"""

from contracts.interfaces import IDeviceKeys
from contracts.interfaces import IDeviceRegistry
from contracts.modules import access
from contracts.modules import duties
from contracts.modules import names

implements: IDeviceKeys

initializes: access

exports: access.AUTHORITY

SECP256K1: constant(uint256) = 1  # kinds of a key
P256: constant(uint256) = 2
ED25519: constant(uint256) = 3
ACCOUNT_BYTES: constant(uint256) = 20  # of an account's address
COMPRESSED_BYTES: constant(uint256) = 33  # of a compressed point, SEC 1
ED25519_BYTES: constant(uint256) = 32  # RFC 8032
MAX_DEVICES: constant(uint256) = 64  # named in one call
M32: constant(uint256) = 2**32 - 1
DOMAIN: constant(bytes32) = keccak256(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
TELEGRAM: constant(bytes32) = keccak256(
    "Telegram(uint256 device,uint64 sequence,Reading[] readings)"
    "Reading(uint32 channel,uint32 at,uint64 value,uint8 mark)"
)

key: public(HashMap[uint256, IDeviceKeys.Key])
key_count: public(uint256)
key_by: public(HashMap[uint256, HashMap[Bytes[33], uint256]])  # kind, public key
signs_from: public(HashMap[uint256, HashMap[uint256, uint256]])  # key, device; 0 for never
change_count: public(uint256)  # whoever keeps a copy of the keys sees here that it is old


@deploy
def __init__(authority: address):
    access.__init__(authority)


@external
def add_key(
    kind: uint256,
    public_key: Bytes[33],
    gateway: bool,
    devices: DynArray[uint256, MAX_DEVICES],
    from_at: uint256,
    until_at: uint256,
) -> uint256:
    """
    @notice Register a key that signs telegrams of devices.
    @param kind 1 secp256k1, by its account's address; 2 P-256, compressed; 3 Ed25519.
    @param gateway Whether it is a gateway's; a device's own key is for that device alone.
    @param from_at First moment of readings it may sign; 0 for now.
    """
    access._only(duties.DEVICE_KEEPER)
    length: uint256 = 0
    if kind == SECP256K1:
        length = ACCOUNT_BYTES
    elif kind == P256:
        length = COMPRESSED_BYTES
    elif kind == ED25519:
        length = ED25519_BYTES
    assert length > 0, "keys: unknown kind of key"
    assert len(public_key) == length, "keys: length does not fit the kind"
    # a broken signature yields the zero address, which must be nobody's key
    assert public_key != concat(empty(bytes20), b""), "keys: empty account"
    assert self.key_by[kind][public_key] == 0, "keys: key is registered"
    assert gateway or len(devices) == 1, "keys: a device's own key is for one device"
    begins_at: uint256 = block.timestamp if from_at == 0 else from_at
    assert begins_at >= block.timestamp, "keys: key begins in the past"
    assert until_at > begins_at and until_at <= M32, "keys: end out of range"
    self.key_count += 1
    key_id: uint256 = self.key_count
    self.key[key_id] = IDeviceKeys.Key(
        kind=kind,
        public_key=public_key,
        gateway=gateway,
        from_at=begins_at,
        until_at=until_at,
        revoked_at=0,
    )
    self.key_by[kind][public_key] = key_id
    self.change_count += 1
    log IDeviceKeys.KeyAdded(key_id=key_id, by=msg.sender, key=self.key[key_id])
    self._let_sign(key_id, devices)
    return key_id


@external
def let_sign(key_id: uint256, devices: DynArray[uint256, MAX_DEVICES]):
    """
    @notice Let a gateway's key sign for more devices from now on.
    """
    access._only(duties.DEVICE_KEEPER)
    self._must_stand(key_id)
    assert self.key[key_id].gateway, "keys: key is no gateway's"
    self.change_count += 1
    self._let_sign(key_id, devices)


@external
def end_key(key_id: uint256, until_at: uint256):
    """
    @notice Let a key end sooner, as where another takes its place.
    @param until_at From here on it signs no reading; 0 for now.
    """
    access._only(duties.DEVICE_KEEPER)
    self._must_stand(key_id)
    ends_at: uint256 = block.timestamp if until_at == 0 else until_at
    assert ends_at >= block.timestamp, "keys: key ends in the past"
    assert ends_at < self.key[key_id].until_at, "keys: key ends before that"
    self.key[key_id].until_at = ends_at
    self.change_count += 1
    log IDeviceKeys.KeyEnded(key_id=key_id, by=msg.sender, until_at=ends_at)


@external
def revoke_key(key_id: uint256):
    """
    @notice Revoke a key that others may have, at once: the oracle takes in nothing signed by it.
    """
    access._only(duties.SUPERVISOR)
    self._must_stand(key_id)
    self.key[key_id].revoked_at = block.timestamp
    self.key[key_id].until_at = min(self.key[key_id].until_at, block.timestamp)
    self.change_count += 1
    log IDeviceKeys.KeyRevoked(key_id=key_id, by=msg.sender)


@external
@view
def key_of(account: address, device_id: uint256, at: uint256) -> uint256:
    """
    @notice The key of that account, if it signs for a device's reading of a moment; 0 if not. A key
            that was revoked later is still told: whoever asks looks at `revoked_at`.
    """
    key_id: uint256 = self.key_by[SECP256K1][concat(convert(account, bytes20), b"")]
    let: bool = self.signs_from[key_id][device_id] != 0
    valid: bool = self.signs_from[key_id][device_id] <= at and at < self.key[key_id].until_at
    return key_id if let and valid else 0


@external
@view
def digest(device_id: uint256, sequence: uint256, readings_hash: bytes32) -> bytes32:
    """
    @notice What is signed under a telegram.
    @param readings_hash keccak256 of the hashes of its readings, one after another.
    """
    domain: bytes32 = keccak256(
        abi_encode(DOMAIN, keccak256("Waterline"), keccak256("1"), chain.id, self)
    )
    telegram: bytes32 = keccak256(abi_encode(TELEGRAM, device_id, sequence, readings_hash))
    return keccak256(concat(x"1901", domain, telegram))


@internal
@view
def _must_stand(key_id: uint256):
    assert self.key[key_id].kind != 0, "keys: no such key"
    assert self.key[key_id].revoked_at == 0, "keys: key is revoked"


@internal
def _let_sign(key_id: uint256, devices: DynArray[uint256, MAX_DEVICES]):
    registry: address = access._at(names.DEVICE_REGISTRY)
    count: uint256 = staticcall IDeviceRegistry(registry).device_count()
    from_at: uint256 = max(self.key[key_id].from_at, block.timestamp)
    for device_id: uint256 in devices:
        assert device_id > 0 and device_id <= count, "keys: no such device"
        # once more changes nothing: the earlier moment holds
        if self.signs_from[key_id][device_id] == 0:
            self.signs_from[key_id][device_id] = from_at
            log IDeviceKeys.SigningAllowed(
                key_id=key_id, device_id=device_id, by=msg.sender, from_at=from_at
            )
