"""Telegrams of HJ 212-2017 as a station writes them: the inverse of `oracle.sources.hj212`."""

from collections.abc import Sequence
from dataclasses import replace

from ledger.errors import UsageError
from oracle.sources.hj212 import LONGEST_CP, SPLIT, Verdict, frame
from oracle.sources.hj212_messages import FIRST_PNO
from oracle.sources.items import Item


def encode(verdict: Verdict) -> bytes:
    """The packet that `decode` reads as this verdict, each item between semicolons of its own.

    UsageError where it is longer than chapter 6 allows.
    """
    cp = _cp(verdict)
    if len(cp) > LONGEST_CP:
        raise UsageError(f"CP of {len(cp)} characters is over {LONGEST_CP}", "split it: `packets`")
    about = f"QN={verdict.qn};ST={verdict.st};CN={verdict.cn};PW={verdict.pw};MN={verdict.mn}"
    split = f"PNUM={verdict.pnum};PNO={verdict.pno};" if verdict.pnum is not None else ""
    return frame(f"{about};Flag={verdict.flag};{split}CP=&&{cp}&&")


def packets(verdict: Verdict, count: int) -> list[bytes]:
    """A message as at least so many packets, as few as hold it; each repeats QN and DataTime.

    No packet is without an item, so a message of one item stays one packet. Unverified, as where
    they are joined: that PNO begins at 1, and that a packet ends between two items.
    """
    most = len(verdict.items)
    for pnum in range(min(count, most), most):
        try:
            return _parted(verdict, pnum)
        except UsageError:
            continue
    return _parted(verdict, max(most, 1))


def _parted(verdict: Verdict, pnum: int) -> list[bytes]:
    if pnum == 1:
        return [encode(verdict)]
    flag = (verdict.flag or 0) | SPLIT
    return [
        encode(replace(verdict, flag=flag, pnum=pnum, pno=FIRST_PNO + place, items=list(items)))
        for place, items in enumerate(_shares(verdict.items, pnum))
    ]


def _shares(items: Sequence[Item], count: int) -> list[Sequence[Item]]:
    edges = [len(items) * place // count for place in range(count + 1)]
    return [items[edges[n] : edges[n + 1]] for n in range(count)]


def _cp(verdict: Verdict) -> str:
    told = [f"DataTime={_digits(verdict.data_time)}"] if verdict.data_time else []
    told += [f"{name}={value}" for name, value in verdict.parameters.items()]
    return ";".join([*told, *(_item(one, verdict.data_time) for one in verdict.items)])


def _item(item: Item, data_time: str) -> str:
    told = [f"{item.code}-{item.field}={item.value}"]
    if item.at and item.at != data_time:
        told.append(f"{item.code}-SampleTime={_digits(item.at)}")
    if item.mark:
        told.append(f"{item.code}-Flag={item.mark}")
    return ",".join(told)


def _digits(moment: str) -> str:
    """ISO 8601 local time as the 14 digits of the standard."""
    return "".join(letter for letter in moment if letter.isdigit())
