"""Keys of devices and gateways: registered, let sign, ended, revoked; a telegram's digest."""

import boa
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.telegrams import Reading, Telegram
from tests.contracts.answers import events, outcome, reason
from tests.contracts.signing import (
    DEVICE_KEY,
    ED25519,
    GATEWAY_KEY,
    LATEST,
    P256,
    SECP256K1,
    account_of,
    domain,
)
from tests.contracts.suite import NOW

ACCOUNT = account_of(DEVICE_KEY)


def add(
    suite, kind=SECP256K1, key=ACCOUNT, gateway=False, devices=None, from_at=0, until_at=LATEST
):
    named = [suite.device()] if devices is None else devices
    return suite.device_keys.add_key(
        kind, key, gateway, named, from_at, until_at, sender=suite.device_keeper
    )


def refused(suite, *arguments):
    return reason(suite.device_keys.add_key, *arguments, sender=suite.device_keeper)


def test_a_device_s_own_key_is_registered_with_what_it_signs(suite):
    device = suite.device()

    number = add(suite, devices=[device])

    keys = suite.device_keys
    key = (SECP256K1, ACCOUNT, False, NOW, LATEST, 0)
    about = {"key_id": number, "by": suite.device_keeper}
    assert events(keys) == [
        ("KeyAdded", {**about, "key": key}),
        ("SigningAllowed", {**about, "device_id": device, "from_at": NOW}),
    ]
    assert tuple(keys.key(number)) == key
    assert (keys.key_count(), keys.change_count()) == (number, number)
    assert keys.key_by(SECP256K1, ACCOUNT) == number
    assert keys.signs_from(number, device) == NOW


def test_every_kind_of_key_has_its_length(suite):
    for kind, length in ((SECP256K1, 20), (P256, 33), (ED25519, 32)):
        assert add(suite, kind, b"\x05" * length) == suite.device_keys.key_count()
        for wrong in (length - 1, length + 1):
            if wrong <= 33:
                answer = refused(suite, kind, b"\x06" * wrong, True, [], 0, LATEST)
                assert answer == "keys: length does not fit the kind"
    for kind in (0, 4):
        answer = refused(suite, kind, ACCOUNT, True, [], 0, LATEST)
        assert answer == "keys: unknown kind of key"


def test_a_key_is_registered_once_and_is_somebody_s(suite):
    add(suite)

    again = refused(suite, SECP256K1, ACCOUNT, True, [], 0, LATEST)
    nobody = refused(suite, SECP256K1, b"\0" * 20, True, [], 0, LATEST)

    assert again == "keys: key is registered"
    assert nobody == "keys: empty account"
    # the same bytes as another kind are another key
    add(suite, ED25519, b"\0" * 32)
    add(suite, P256, b"\0" * 33)


def test_a_device_s_own_key_is_for_one_device_that_is_there(suite):
    device = suite.device()

    for devices in ([], [device, device]):
        answer = refused(suite, SECP256K1, ACCOUNT, False, devices, 0, LATEST)
        assert answer == "keys: a device's own key is for one device"
    for unknown in (0, device + 1):
        answer = refused(suite, SECP256K1, ACCOUNT, False, [unknown], 0, LATEST)
        assert answer == "keys: no such device"


def test_a_key_neither_begins_in_the_past_nor_ends_before_it_begins(suite):
    past = refused(suite, SECP256K1, ACCOUNT, True, [], NOW - 1, LATEST)
    ends = [
        refused(suite, SECP256K1, ACCOUNT, True, [], NOW + 5, until_at)
        for until_at in (0, NOW + 5, LATEST + 1)
    ]

    assert past == "keys: key begins in the past"
    assert set(ends) == {"keys: end out of range"}
    assert suite.device_keys.key(add(suite, from_at=NOW, until_at=NOW + 1)).until_at == NOW + 1


def test_a_gateway_signs_for_the_devices_it_is_let(suite):
    one, other = suite.device(), suite.device()
    number = add(suite, key=account_of(GATEWAY_KEY), gateway=True, devices=[one])

    suite.device_keys.let_sign(number, [other], sender=suite.device_keeper)

    told = {"key_id": number, "device_id": other, "by": suite.device_keeper, "from_at": NOW}
    assert events(suite.device_keys) == [("SigningAllowed", told)]
    assert suite.device_keys.change_count() == 2
    for device in (one, other):
        assert suite.device_keys.key_of(GATEWAY_KEY.address, device, NOW) == number
    assert suite.device_keys.key_of(GATEWAY_KEY.address, suite.device(), NOW) == 0


def test_a_gateway_signs_for_a_device_from_when_it_was_let_and_not_before(suite):
    keys, gateway, device = suite.device_keys, GATEWAY_KEY.address, suite.device()
    number = add(suite, key=account_of(GATEWAY_KEY), gateway=True, devices=[])
    boa.env.evm.patch.timestamp = NOW + 100
    keys.let_sign(number, [device], sender=suite.device_keeper)
    boa.env.evm.patch.timestamp = NOW + 200
    keys.let_sign(number, [device], sender=suite.device_keeper)

    assert events(keys) == []
    assert keys.signs_from(number, device) == NOW + 100
    answers = [keys.key_of(gateway, device, NOW + n) for n in (0, 99, 100, 150)]
    assert answers == [0, 0, number, number]


def test_a_key_that_is_to_begin_signs_for_its_devices_from_then_on(suite):
    device = suite.device()
    number = add(suite, devices=[device], from_at=NOW + 10)

    assert suite.device_keys.signs_from(number, device) == NOW + 10


def test_only_a_gateway_s_key_that_stands_is_let_sign_for_more(suite):
    keys, keeper = suite.device_keys, suite.device_keeper
    own = add(suite)
    gateway = add(suite, key=account_of(GATEWAY_KEY), gateway=True, devices=[])
    keys.revoke_key(gateway, sender=suite.supervisor)

    answers = [reason(keys.let_sign, key, [], sender=keeper) for key in (own, gateway, 0, 99)]

    assert answers == [
        "keys: key is no gateway's",
        "keys: key is revoked",
        *["keys: no such key"] * 2,
    ]


def test_a_key_signs_from_its_first_moment_to_before_its_last(suite):
    device = suite.device()
    number = add(suite, devices=[device], from_at=NOW + 10, until_at=NOW + 20)

    found = [suite.device_keys.key_of(DEVICE_KEY.address, device, NOW + n) for n in (9, 10, 19, 20)]

    assert found == [0, number, number, 0]


def test_another_key_takes_the_place_of_one_that_ends(suite):
    device, keys = suite.device(), suite.device_keys
    old = add(suite, devices=[device])
    new = add(suite, key=account_of(GATEWAY_KEY), devices=[device], from_at=NOW + 50)

    keys.end_key(old, NOW + 50, sender=suite.device_keeper)

    told = {"key_id": old, "by": suite.device_keeper, "until_at": NOW + 50}
    assert events(keys) == [("KeyEnded", told)]
    assert keys.change_count() == 3
    assert keys.key_of(DEVICE_KEY.address, device, NOW + 49) == old
    assert keys.key_of(DEVICE_KEY.address, device, NOW + 50) == 0
    assert keys.key_of(GATEWAY_KEY.address, device, NOW + 50) == new


def test_a_key_ends_sooner_only_and_not_in_the_past(suite):
    keys, keeper = suite.device_keys, suite.device_keeper
    number = add(suite, until_at=NOW + 50)

    def answer(until_at):
        return reason(keys.end_key, number, until_at, sender=keeper)

    assert answer(NOW - 1) == "keys: key ends in the past"
    assert answer(NOW + 50) == "keys: key ends before that"
    keys.end_key(number, 0, sender=keeper)
    assert keys.key(number).until_at == NOW
    assert answer(0) == "keys: key ends before that"
    assert reason(keys.end_key, 99, 0, sender=keeper) == "keys: no such key"


def test_a_revoked_key_signs_nothing_from_now_on_and_stays_so(suite):
    device, keys = suite.device(), suite.device_keys
    number = add(suite, devices=[device])
    boa.env.evm.patch.timestamp = NOW + 100
    try:
        keys.revoke_key(number, sender=suite.supervisor)

        assert events(keys) == [("KeyRevoked", {"key_id": number, "by": suite.supervisor})]
        assert (keys.key(number).revoked_at, keys.key(number).until_at) == (NOW + 100, NOW + 100)
        assert keys.change_count() == 2
        # what it signed before is still told as its own
        found = [keys.key_of(DEVICE_KEY.address, device, NOW + n) for n in (99, 100)]
        assert found == [number, 0]
        for function, who in ((keys.revoke_key, suite.supervisor),):
            assert reason(function, number, sender=who) == "keys: key is revoked"
        ended = reason(keys.end_key, number, 0, sender=suite.device_keeper)
        assert ended == "keys: key is revoked"
        again = refused(suite, SECP256K1, ACCOUNT, False, [device], 0, LATEST)
        assert again == "keys: key is registered"
    finally:
        boa.env.evm.patch.timestamp = NOW


def test_a_key_revoked_after_its_end_keeps_its_end(suite):
    number = add(suite, until_at=NOW + 5)
    boa.env.evm.patch.timestamp = NOW + 100
    try:
        suite.device_keys.revoke_key(number, sender=suite.supervisor)
    finally:
        boa.env.evm.patch.timestamp = NOW

    key = suite.device_keys.key(number)
    assert (key.until_at, key.revoked_at) == (NOW + 5, NOW + 100)


@settings(max_examples=25, deadline=None)
@given(
    telegram=st.builds(
        Telegram,
        st.integers(0, 2**32 - 1),
        st.integers(0, 2**64 - 1),
        st.lists(
            st.builds(
                Reading,
                st.integers(0, 2**32 - 1),
                st.integers(0, 2**32 - 1),
                st.integers(0, 2**64 - 1),
                st.integers(0, 255),
            ),
            min_size=1,
            max_size=64,
        ).map(tuple),
    )
)
def test_the_contract_s_digest_is_ours(deployed, telegram):
    from eth_utils import keccak

    readings_hash = keccak(b"".join(telegram.reading_hashes))

    told = deployed.device_keys.digest(telegram.device, telegram.sequence, readings_hash)

    assert told == domain(deployed).digest(telegram)


def test_nobody_s_account_has_no_key(suite):
    device = suite.device()
    add(suite, devices=[device])

    assert suite.device_keys.key_of("0x" + "00" * 20, device, NOW) == 0


def test_sixty_four_devices_are_let_sign_in_one_call_and_no_more(suite):
    keys, device = suite.device_keys, suite.device()
    number = add(suite, key=account_of(GATEWAY_KEY), gateway=True, devices=[device])

    keys.let_sign(number, [device] * 64, sender=suite.device_keeper)

    call = keys.let_sign.prepare_calldata(number, [device] * 64)
    longer = call[:99] + bytes([65]) + call[100:] + call[-32:]  # the list's length, and one more
    assert outcome(keys, call, suite.device_keeper) is None
    assert outcome(keys, longer, suite.device_keeper) == ""
