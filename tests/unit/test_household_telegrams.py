"""Telegrams of households without a chain: their hashes, forms, parts, and what is held of them."""

import json
from dataclasses import replace

import cbor2
import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from hypothesis import given
from hypothesis import strategies as st

from ledger import household_telegrams as homes
from ledger.channels import METER
from ledger.device_keys import message
from ledger.errors import BadRecord
from ledger.grades import GATEWAY
from ledger.household_telegrams import MOST_HOMES, TYPES, Home, Households, Sent, opened, part
from ledger.keys import SECP256K1, Key
from oracle import households, signed
from oracle.config import Config, load
from oracle.household_rows import HouseholdMapping
from oracle.household_telegrams import gathered, signed_rows
from oracle.quarantine import held
from oracle.sources.telegrams import MQTT, whole
from tests.unit.oracle_rows import NOW, by_name, channel, journal, written
from tests.unit.test_signed import AT, DOMAIN, OWNER

DAY_S = 86_400
COMMUNITY = channel(METER, 1, device_id=3)
CHANNELS = {1: COMMUNITY}
HOURS = [f"registers.{hour}" for hour in range(24)]
MAPPING = {
    **{"title": "homes", "files": ["homes/#"], "timezone": "UTC", "community": "community"},
    **{"day": "day", "household": "household", "opening": "opening", "registers": HOURS},
    "unit": "L",
}
DAY = "2023-11-15"  # in UTC, the first whole day after the channel opened
ENDS = 1_700_092_800
ACCOUNT = bytes.fromhex(OWNER.address[2:])
KEYS = signed.Keys(1, DOMAIN, {1: Key(1, SECP256K1, ACCOUNT, True, AT, 2**32 - 1, 0, {3: AT})})

numbers = st.text(
    st.characters(min_codepoint=32, exclude_categories=["Cs"]), min_size=1, max_size=64
)
registers = st.integers(0, 2**64 - 1)
days = st.builds(
    Home,
    numbers,
    registers,
    st.one_of(st.tuples(registers), st.tuples(*[registers] * 24)),
    st.binary(min_size=32, max_size=32).map(lambda salt: "0x" + salt.hex()),
)


def home(number="account 1", opening=100, *closing, salt=1):
    return Home(number, opening, tuple(closing) or (opening + 24,), f"0x{salt:064x}")


def told(*of, sequence=1, **changed):
    about = {"device": 3, "sequence": sequence, "channel": 1, "begins": ENDS - DAY_S, "ends": ENDS}
    return Households(**(about | changed), households=of or (home(),))


def sealed(telegram, key=1, owner=OWNER):
    signature = owner.sign_message(message(DOMAIN, telegram.about())).signature
    return Sent(telegram, key, "0x" + bytes(signature).hex())


def raw(telegram, **about):
    return json.dumps(sealed(telegram, **about).as_json()).encode()


def unsigned(number="account 1", opening=100, **changed):
    closing = [opening + hour for hour in range(1, 25)]
    one = {"community": "DEV-1", "day": DAY, "household": number, "opening": opening}
    return one | {"registers": closing} | changed


@pytest.fixture
def kept(tmp_path):
    made = journal(tmp_path / "journal", COMMUNITY)
    yield made
    made.close()


def heard(kept, *messages, **changed):
    """What messages without a signature give, put into the journal."""
    raws = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in messages]
    mapping = HouseholdMapping.model_validate(MAPPING | changed)
    source = kept.source("homes/here", mapping, 0)
    households.take(kept, source, *gathered(source.rows, raws, mapping, by_name(COMMUNITY), NOW))


def heard_signed(kept, *raws):
    checked = signed.check(raws, KEYS, CHANNELS, kept, NOW)
    run = [one for one in checked if one.homes and not one.again]
    source = kept.stranger("signed/mqtt/here")
    chunk = signed_rows(source.rows, signed.homes_of(run))
    households.take(kept, source, *chunk, [one.sent for one in run if one.sent])
    return [one.reason for one in checked]


def reasons(kept):
    return [entry["reason"] for entry in held(kept)]


def recorded(kept, number, ends_at=ENDS):
    found, _ = households.home(kept, 1, ends_at, number)
    return found


@given(st.lists(days, min_size=1, max_size=5))
def test_the_digest_is_that_of_eip_712_typed_data(of):
    telegram = told(*of)
    about = telegram.about()
    domain = {
        **{"name": "Waterline", "version": "1", "chainId": DOMAIN.chain_id},
        "verifyingContract": DOMAIN.contract,
    }
    data = {
        **{"device": 3, "sequence": 1, "channel": 1, "begins": about.begins, "ends": about.ends},
        "root": bytes.fromhex(about.root[2:]),
    }

    assert encode_typed_data(domain, TYPES, data) == message(DOMAIN, about)


@given(st.lists(days, min_size=1, max_size=9))
def test_each_household_s_part_leads_to_what_was_signed_and_holds_no_other(of):
    sent = sealed(told(*of))

    parts = opened(sent)

    assert [one.household for one in parts] == of
    assert all(one.is_under_root for one in parts)
    assert [part(one.as_bytes()) for one in parts] == parts


def test_a_changed_part_is_not_under_the_root():
    one = opened(sealed(told(home(), home("account 2", salt=2))))[0]

    changed = [
        replace(one, household=replace(one.household, registers=(125,))),
        replace(one, household=replace(one.household, opening=99)),
        replace(one, household=replace(one.household, household="account 3")),
        replace(one, household=replace(one.household, salt=f"0x{9:064x}")),
        replace(one, siblings=()),
    ]

    assert not any(each.is_under_root for each in changed)


def test_json_and_cbor_are_read_alike_and_keys_in_bytes_too():
    sent = sealed(told(home(), home("account 2", salt=2)))
    loose = sent.as_json()
    loose["signature"] = bytes.fromhex(sent.signature[2:])
    for one in loose["telegram"]["households"]:
        one["salt"] = bytes.fromhex(one["salt"][2:])

    assert homes.parse(json.dumps(sent.as_json()).encode()) == sent
    assert homes.parse(cbor2.dumps(loose)) == sent
    assert whole(MQTT, "homes/1", cbor2.dumps(loose)).signed


@pytest.mark.parametrize(
    "change",
    [
        {"households": []},
        {"households": [{"household": "a", "opening": 1, "registers": [1, 2], "salt": "0x00"}]},
        {"ends": "soon"},
        {"device": -1},
        {"more": 1},
    ],
)
def test_what_is_no_telegram_is_told_where_and_without_what_was_sent(change):
    document = sealed(told(home("a person's number"))).as_json()
    document["telegram"] |= change

    with pytest.raises(BadRecord) as refused:
        homes.parse(json.dumps(document).encode())

    assert "telegram" in refused.value.message
    assert "person" not in refused.value.message


def test_a_message_without_households_or_a_signature_is_no_such_telegram():
    document = sealed(told()).as_json()

    assert homes.parse(json.dumps({"telegram": document["telegram"]}).encode()) is None
    assert homes.parse(json.dumps(document | {"telegram": {"readings": []}}).encode()) is None
    assert homes.parse(b"{") is None


def test_one_message_is_one_household_s_day_of_24_registers(kept):
    heard(kept, unsigned())

    one = recorded(kept, "account 1")
    assert (one.register_l, one.volume_l, one.grade) == (124, 24, 3)
    assert one.telegram == json.dumps(unsigned()).encode()


def test_a_community_s_message_gives_each_household_a_part_of_its_own(kept):
    own = [{"household": f"account {n}", "opening": 10 * n, "closing": 10 * n + 5} for n in (1, 2)]
    telegram = json.dumps({"community": "DEV-1", "day": DAY, "households": own}).encode()

    heard(kept, telegram, registers=["closing"])

    one, two = (recorded(kept, f"account {n}") for n in (1, 2))
    assert [(each.register_l, each.volume_l) for each in (one, two)] == [(15, 5), (25, 5)]
    assert b"account 2" not in one.telegram
    assert json.loads(one.telegram)["household"] == "account 1"
    assert kept.segment(1).telegrams[0] == telegram  # as it came


def test_what_breaks_a_message_is_held_and_the_others_are_taken_in(kept):
    one = unsigned()
    heard(
        kept,
        b"25",
        {"community": "DEV-1", "day": DAY, "households": {}},
        {"community": "DEV-1", "day": DAY, "households": [1]},
        {"community": "DEV-1", "day": DAY, "households": [{"day": DAY}]},
        {"community": "DEV-1", "households": [one]},
        unsigned("account 2", registers=[1] * 23),
        unsigned("account 3", day="yesterday"),
        unsigned("account 4", community="elsewhere"),
        one,
    )

    assert sorted(reasons(kept)) == sorted(
        ["broken_telegram"] * 5 + ["not_a_number", "no_moment", "unknown_community"]
    )
    assert recorded(kept, "account 1").volume_l == 24


def test_two_spellings_of_a_day_are_one_day(kept):
    heard(kept, unsigned(), unsigned("account 2", day=DAY.replace("-", "")))

    assert [recorded(kept, f"account {n}").volume_l for n in (1, 2)] == [24, 24]
    assert [tuple(row) for row in kept.db.execute("SELECT ends_at, count FROM home")] == [(ENDS, 2)]


def test_a_broker_and_a_bus_name_the_mappings_of_households(tmp_path):
    written(tmp_path / "homes.yaml", MAPPING)
    broker = {"port": 9, "client_id": "one", "topics": ["homes/#"], "households": ["homes.yaml"]}
    bus = {"servers": ["nats://127.0.0.1:4222"], "subjects": ["homes.>"], "durable": "lane"}
    bus |= {"lane_subjects": ["homes.>"], "households": ["homes.yaml"]}
    written(tmp_path / "waterline.toml", {"brokers": [broker], "bus": bus})

    feeds = load(tmp_path / "waterline.toml")

    assert [one.title for one in feeds.homes] == ["homes", "homes"]
    assert feeds.named == []


def test_a_leased_lane_has_households_on_a_server_s_journal_alone():
    bus = {"servers": ["nats://127.0.0.1:4222"], "subjects": ["a"], "lane_subjects": ["a"]}
    bus |= {"durable": "lane", "households": ["homes.yaml"]}
    bus |= {"lease": {"contract": "QuotaTracker", "relay_group": 1}}

    for folder in ({}, {"journal": "journal"}):
        with pytest.raises(ValueError, match="a leased lane changes its folder"):
            Config.model_validate({"bus": bus} | folder)
    assert Config.model_validate({"bus": bus, "journal": "postgresql://u@127.0.0.1/db"})


def test_a_broker_has_some_mapping():
    broker = {"port": 9, "client_id": "one", "topics": ["homes/#"]}

    with pytest.raises(ValueError, match="name mappings, or households"):
        Config.model_validate({"brokers": [broker]})


def test_a_community_s_message_has_at_most_as_many_households_as_a_signed_one(kept):
    own = [{"household": str(n)} for n in range(MOST_HOMES + 1)]

    heard(kept, {"community": "DEV-1", "day": DAY, "households": own})

    assert reasons(kept) == ["broken_telegram"]


def test_what_a_gateway_signed_is_recorded_under_its_grade(kept):
    found = heard_signed(kept, raw(told(home(), home("account 2", 7, *range(8, 32), salt=2))))

    one, two = recorded(kept, "account 1"), recorded(kept, "account 2")
    assert found == [""]
    assert [(each.register_l, each.volume_l) for each in (one, two)] == [(124, 24), (31, 24)]
    assert {one.grade, two.grade} == {GATEWAY}
    assert part(one.telegram).is_under_root
    assert b"account 2" not in one.telegram


def test_a_sequence_stands_for_one_content_and_rises(kept):
    first, next_day = told(sequence=5), {"begins": ENDS, "ends": ENDS + DAY_S}
    heard_signed(kept, raw(first))

    found = [
        *heard_signed(kept, raw(first)),
        *heard_signed(kept, raw(told(home(opening=101), sequence=5))),
        *heard_signed(kept, raw(told(home(opening=124), sequence=4, **next_day))),
        *heard_signed(kept, raw(told(home("account 1", 124), sequence=6, **next_day))),
        *heard_signed(kept, raw(first)),
    ]

    assert found == ["", "sequence_again", "sequence_falls", "", ""]
    assert reasons(kept) == []  # what came again is neither recorded nor held
    assert kept.db.execute("SELECT sum(count) FROM home").fetchone()[0] == 2


def test_what_no_gateway_of_the_community_signed_is_refused(kept):
    good = sealed(told())
    stranger = Account.from_key(b"\x42" * 32)
    wrong = [
        raw(told(), owner=stranger),
        json.dumps(replace(good, telegram=told(home(opening=99))).as_json()).encode(),
        raw(told(), key=2),
        raw(told(device=4)),
        raw(told(channel=2)),
        raw(told(begins=ENDS - 2 * DAY_S)),
        raw(told(begins=ENDS - 3_600)),
        raw(told(begins=NOW, ends=NOW + DAY_S)),
        raw(told(begins=AT - DAY_S - 60, ends=AT - 60)),
    ]

    assert heard_signed(kept, *wrong) == [
        *("bad_signature", "bad_signature", "unknown_key", "key_not_valid", "no_lane"),
        *("no_moment", "no_moment", "future", "key_not_valid"),
    ]


def test_a_register_that_no_meter_has_is_held_and_its_neighbours_are_recorded(kept):
    heard_signed(
        kept,
        raw(
            told(
                home("account 1", 2**64 - 1, 2**64 - 1),
                home("account 2", 5, 4, salt=2),
                home("account 3", salt=3),
            )
        ),
    )

    assert reasons(kept) == ["impossible", "falling_register"]
    assert recorded(kept, "account 3").volume_l == 24
