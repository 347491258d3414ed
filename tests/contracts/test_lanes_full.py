"""A measurement is never refused for being too large, and no group stops the lane it came in."""

from tests.contracts.answers import events
from tests.contracts.intake_words import meter_group, packed
from tests.contracts.suite import HASH, METER, T0

LARGEST_L = 2**48 - 1
REGISTER_L = 100


def recorded(suite, lane, *groups):
    book = suite.quota_tracker
    words = packed([word for group in groups for word in group])
    batch_id = book.lane(lane).next_id
    book.record_meters(lane, batch_id, HASH, words, b"", sender=suite.relay)
    assert events(book, "GroupRefused") == []


def test_the_largest_volume_a_register_can_show_does_not_stop_the_lane_of_the_other_meters(suite):
    broken, sound = suite.channel(METER, "QuotaTracker"), suite.channel(METER, "QuotaTracker")
    lane, book = suite.lane(suite.quota_tracker), suite.quota_tracker
    recorded(suite, lane, meter_group(broken, REGISTER_L, T0, [(LARGEST_L - REGISTER_L, 60)]))

    recorded(suite, lane, meter_group(sound, REGISTER_L, T0, [(REGISTER_L + 7, 60)]))

    assert book.meter(sound).register_l == 2 * REGISTER_L + 7
    assert book.lane(lane).next_id == 2


def test_the_litres_of_a_lane_stay_at_their_end_and_touch_nothing_beside_them(suite):
    channels = [suite.channel(METER, "QuotaTracker", register_l=0) for _ in range(3)]
    lane, book = suite.lane(suite.quota_tracker), suite.quota_tracker

    totals = []
    for channel, volume_l in zip(channels, (LARGEST_L - 1, 1, LARGEST_L), strict=True):
        recorded(suite, lane, meter_group(channel, 0, T0, [(volume_l, 60)]))
        totals.append(book.lane(lane).total_l)

    assert totals == [LARGEST_L - 1, LARGEST_L, LARGEST_L]
    assert tuple(book.lane(lane)) == (suite.relay, 7, 3, LARGEST_L, False)
