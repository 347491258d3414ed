# pragma version 0.4.3
# pragma evm-version london
"""
@title Naive batches
@license Apache-2.0
@notice As naive.vy, many readings a transaction, each a struct that the ABI encodes.
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


MOST: constant(uint256) = 400  # what a block of 120 M gas takes twice

relay: public(address)
reading: public(HashMap[uint256, HashMap[uint256, Reading]])
count: public(HashMap[uint256, uint256])
total_l: public(HashMap[uint256, uint256])


@deploy
def __init__(relay: address):
    self.relay = relay


@external
def record(readings: DynArray[Reading, MOST]):
    assert msg.sender == self.relay, "naive: caller is not the relay"
    for one: Reading in readings:
        count: uint256 = self.count[one.channel]
        self.reading[one.channel][count] = one
        self.count[one.channel] = count + 1
        self.total_l[one.channel] += one.volume_l
        log ReadingRecorded(channel=one.channel, at=one.at, volume_l=one.volume_l)
