"""A SensorThings service on loopback that answers as OGC 18-088 shows it, page by page."""

import json
import ssl
import subprocess
import threading
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, unquote, urlsplit

PAGE = 2


def observation(number, time, result="70.4", **more):
    """The specification's example, its result as written."""
    told = {
        "@iot.id": number,
        "@iot.selfLink": f"http://example.org/v1.1/Observations({number})",
        "FeatureOfInterest@iot.navigationLink": f"Observations({number})/FeatureOfInterest",
        "Datastream@iot.navigationLink": f"Observations({number})/Datastream",
        "phenomenonTime": time,
        "resultTime": time.split("/")[-1],
        "result": "HERE",
    } | more
    return json.dumps(told).replace('"HERE"', result)


class Service:
    """Observations by datastream, in pages of two; `instead` answers in a datastream's place."""

    def __init__(self, certificate=None):
        self.streams, self.instead, self.asked, self.headers = {}, {}, [], []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                service.asked.append(unquote(self.path))
                service.headers.append(self.headers)
                status, body, *headers = service.answer(self.path)
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1.1"
        if certificate is not None:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(certificate, certificate.with_suffix(".key"))
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
            self.url = self.url.replace("http:", "https:")
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def answer(self, path):
        parts = urlsplit(path)
        name = unquote(parts.path).removeprefix("/v1.1/").removesuffix("/Observations")
        if name in self.instead:
            return self.instead[name]
        if name not in self.streams:
            return 404, b"{}"
        asked = {key: value[0] for key, value in parse_qs(parts.query).items()}
        since = moment(asked["$filter"].removeprefix("phenomenonTime gt "))
        fitting = [one for one in self.streams[name] if moment(self.start(one)) > since]
        fitting.sort(key=lambda one: moment(self.start(one)))
        return 200, self.page(name, fitting, asked)

    def page(self, name, fitting, asked):
        skip = int(asked.get("$skip", 0))
        link = ""
        if len(fitting) > skip + PAGE:
            query = f"$filter={quote(asked['$filter'])}&$orderby={quote(asked['$orderby'])}"
            where = f"{self.url}/{quote(name)}/Observations?{query}&$skip={skip + PAGE}"
            link = f'"@iot.nextLink": "{where}",\n'
        return f'{{{link} "value": [{", ".join(fitting[skip : skip + PAGE])}\n]}}'.encode()

    @staticmethod
    def start(one):
        return json.loads(one)["phenomenonTime"].split("/")[0]


def moment(text):
    return datetime.fromisoformat(text)


def certificate(path):
    """A certificate of this machine that is its own authority, its key beside it."""
    about = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", path.with_suffix(".key"), "-out", path]
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    subprocess.run([*words, *about, *files], check=True, capture_output=True)
    return path
