# pragma version 0.4.3
# pragma evm-version london
"""
@title Naive readings
@license Apache-2.0
@notice The obvious contract that the intake is measured against: one transaction a reading, each
        field in a slot of its own, a count, a sum and an event. It keeps what the intake binds, the
        hash of the telegram with the rest; it checks the sender and nothing else.
"""


struct Reading:
    channel: uint256
    at: uint256
    volume_l: uint256
    grade: uint256
    telegram_hash: bytes32


event ReadingRecorded:
    channel: indexed(uint256)
    at: uint256
    volume_l: uint256


relay: public(address)
reading: public(HashMap[uint256, HashMap[uint256, Reading]])
count: public(HashMap[uint256, uint256])
total_l: public(HashMap[uint256, uint256])


@deploy
def __init__(relay: address):
    self.relay = relay


@external
def record(
    channel: uint256, at: uint256, volume_l: uint256, grade: uint256, telegram_hash: bytes32
):
    assert msg.sender == self.relay, "naive: caller is not the relay"
    count: uint256 = self.count[channel]
    self.reading[channel][count] = Reading(
        channel=channel,
        at=at,
        volume_l=volume_l,
        grade=grade,
        telegram_hash=telegram_hash,
    )
    self.count[channel] = count + 1
    self.total_l[channel] += volume_l
    log ReadingRecorded(channel=channel, at=at, volume_l=volume_l)
