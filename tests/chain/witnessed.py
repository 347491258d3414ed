"""A town whose lane has witnesses: each a journal, a key, and a port where it is asked."""

import json
import threading
import time
import urllib.error
import urllib.request
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

from ledger.settlement import SettlementPolicy
from ledger.witnesses import message_for
from oracle import cosigning, feed
from oracle.cosigners import Cosigners
from oracle.journal import Journal
from oracle.witnesses_config import Address
from oracle.witnessing import Observer, Witness, WitnessServer
from tests.chain.town import CONFIRMATIONS, MOST_ROUNDS, Relay
from tests.contracts.suite import T0
from tests.contracts.witnessing import KEYS, witness
from tests.unit.small_chain import LocalSigner

ROWS = [(T0 + 300 * n, 100 + 40 * n) for n in range(1, 7)]
SOON_S = 120
OTHER = [*ROWS[:2], (ROWS[2][0], ROWS[2][1] + 1), *ROWS[3:]]


class Side:
    """A witness with a journal of its own, and the port where it is asked."""

    def __init__(self, town, name, key, rows):
        self.town, self.signer = town, LocalSigner(key)
        self.journal = Journal(town.folder / name, writing=True)
        self.observer = Observer(
            *(town.ledger, self.journal, {}, SettlementPolicy(CONFIRMATIONS)),
            *(lambda: 2_000_000_000, self.tell),
        )
        self.read(rows)
        about = (town.ledger, self.journal.place, self.signer)
        self.witness = Witness(*about, dissents=True, tell=self.tell)
        self.server = WitnessServer(self.witness, "127.0.0.1", 0)
        self.port = self.server.open()
        self.url = f"http://127.0.0.1:{self.port}"

    def tell(self, event, **keys):
        self.town.told.append((event, keys))

    def read(self, rows):
        name = self.journal.place.name
        for _ in self.observer.read(self.town.file(name, self.town.code, rows), growing=False):
            pass

    def read_homes(self, homes):
        for _ in self.observer.read(homes, growing=False):
            pass

    def close(self):
        self.server.close()
        self.journal.close()


class Liar:
    """A port that answers whatever a test says of the request; None to never answer."""

    def __init__(self, answers):
        class Asked(BaseHTTPRequestHandler):
            def do_POST(self):
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                told = answers(cosigning.parse(raw, ["QuotaTracker"]))
                if told is None:
                    self.connection.settimeout(SOON_S)
                    self.rfile.read(1)  # until whoever asked has enough of it
                    return
                body = json.dumps(told).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Asked)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def bytes_of(request):
    return request if isinstance(request, bytes) else json.dumps(request).encode()


class Witnessed:
    """A town whose one lane has three witnesses and needs two."""

    def __init__(self, town, needed=2):
        self.town = town
        town.code = town.meter()
        self.lane = town.lane()
        self.input = town.file("well", town.code, ROWS)
        self.need(KEYS[:3], needed)
        for key in KEYS[:3]:
            town.chain.sent({"to": key.address, "value": 10**18}, town.chain.w3.eth.accounts[0])
        self.sides = []
        self.ticks = 0.0

    def lies(self, answers):
        """A witness's address where anything is answered."""
        self.sides.append(Liar(answers))
        return self.sides[-1].url

    def need(self, keys, needed):
        """Other witnesses, or another number of them, as the supervisor says."""
        chain_id = self.town.ledger.deployment.chain_id
        about = ("QuotaTracker", self.lane, keys, needed)
        witness(self.town.suite, *about, chain_id=chain_id)

    def message(self, request, **changed):
        """What is signed of a request."""
        one = replace(request, **changed)
        words_hash = cosigning.words_hash(one.words)
        return message_for(self.town.ledger, *one.about, one.root, words_hash)

    def signed(self, request):
        """A request with the relay's signature."""
        return replace(request, signature=Relay().sign_message(self.message(request)))

    def cosigned(self, oracle, batch=0):
        """The accounts whose signatures the relay holds."""
        outbox = oracle.relays.of("QuotaTracker", self.lane).outbox
        return list(outbox.cosigned(batch))

    def stands(self, *rows):
        for place, one in enumerate(rows):
            self.sides.append(Side(self.town, f"w{place}", KEYS[place], one))
        return self

    def clock(self):
        self.ticks += 10
        return self.ticks

    def oracle(self, urls=None):
        named = urls if urls is not None else [side.url for side in self.sides]
        cosigners = Cosigners([Address(url) for url in named], self.clock)
        return self.town.oracle(cosigners=cosigners)

    def settle(self, oracle, inputs=()):
        """As the town does, with the time that an answer takes."""
        clock = count()

        def wait(_):
            time.sleep(0.05)
            self.town.mine()

        feed.replay(oracle, inputs, wait, lambda: next(clock), lambda: None, MOST_ROUNDS)

    def feed(self, oracle):
        for _ in oracle.read(self.input, growing=False):
            pass

    def until_sent(self, oracle):
        until = time.monotonic() + SOON_S
        while not oracle.journal.db.execute("SELECT count(*) FROM attempt").fetchone()[0]:
            assert time.monotonic() < until, "no batch was sent"
            oracle.pump(flush=True)
            time.sleep(0.02)

    def waits(self):
        return [keys["reason"] for event, keys in self.town.told if event == "lane waits"]

    def asks(self, request, url=None):
        asked = urllib.request.Request(
            url or self.sides[0].url, data=bytes_of(request), method="POST"
        )
        try:
            with urllib.request.urlopen(asked) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


def request(witnessed):
    """The relay's own signed request for its first batch."""
    oracle = witnessed.oracle(urls=[])
    for _ in oracle.read(witnessed.input, growing=False):
        pass
    oracle.pump(flush=True)
    relay = oracle.relays.of("QuotaTracker", witnessed.lane)
    batch = relay.outbox.batch(0)
    about = ("QuotaTracker", witnessed.lane, 0)
    plain = cosigning.Request(*about, batch.words, batch.root)
    asked = cosigning.parse(
        cosigning.asked(oracle.journal, replace(plain, signature=bytes(65))), ["QuotaTracker"]
    )
    signed = message_for(
        witnessed.town.ledger, *about, batch.root, cosigning.words_hash(batch.words)
    )
    return asked, relay.signer.sign_message(signed), signed
