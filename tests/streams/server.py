"""The program as it is shipped, and calls for it."""

import base64
import json
import os
import socket
import subprocess
import time
import urllib.parse
import urllib.request

ACCOUNT, TOKEN = "AC0123456789abcdef0123456789abcdef", "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
PATIENCE_S = 60
PREFIX = "com.twilio.voice.insights."


def expect(holds, what):
    if not holds:
        raise SystemExit(f"streams: {what}")


def until(what, holds):
    """Waits for something that comes of itself, and returns it."""
    end = time.monotonic() + PATIENCE_S
    while True:
        found = holds()
        if found:
            return found
        expect(time.monotonic() < end, f"{what}: not within {PATIENCE_S} s")
        time.sleep(0.1)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def call_sid(number):
    return f"CA{number:032x}"


class Sidetone:
    def __init__(self, binary, work, **more):
        environment = dict(
            os.environ, SIDETONE_ACCOUNT_SID=ACCOUNT, SIDETONE_AUTH_TOKEN=TOKEN, SIDETONE_SETTLE="1s",
            SIDETONE_WEBHOOK_ALLOW_PRIVATE="1", **more,
        )
        self.errors = os.path.join(work, "sidetone.err")
        self.process = subprocess.Popen(
            [binary, "serve", "--listen", "127.0.0.1:0", "--data", f"{work}/data", "--hep-udp", "off", "--hep-tcp", "off"],
            env=environment, stdout=subprocess.PIPE, stderr=open(self.errors, "wb"), text=True,
        )
        for line in self.process.stdout:
            if line.startswith("listening on "):
                self.url = line.split()[2].rstrip("/")
                return
        raise SystemExit(f"streams: the server did not start: {open(self.errors).read()}")

    def ask(self, method, path, form=None):
        login = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        request = urllib.request.Request(self.url + path, data, {"Authorization": f"Basic {login}"}, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def make(self, kind, configuration):
        form = {"Description": f"a {kind}", "SinkType": kind, "SinkConfiguration": json.dumps(configuration)}
        return self.ask("POST", "/v1/Sinks", form)["sid"]

    def sink(self, kind, configuration):
        """Makes a sink, has it tested, and subscribes it to everything."""
        sid = self.make(kind, configuration)
        self.ask("POST", f"/v1/Sinks/{sid}/Test", {})
        until(f"{kind} takes a test", lambda: self.ask("GET", f"/v1/Sinks/{sid}")["status"] == "active")
        types = [it["type"] for it in self.ask("GET", "/v1/Types?PageSize=1000")["types"]]
        form = [("Description", "everything"), ("SinkSid", sid)] + [("Types", json.dumps({"type": it})) for it in types]
        self.ask("POST", "/v1/Subscriptions", form)
        return sid

    def calls(self, numbers):
        for number in numbers:
            for status in ("initiated", "ringing", "completed"):
                call = {"CallSid": call_sid(number), "CallStatus": status, "From": "+12025550143", "To": "+12025550176"}
                self.ask("POST", "/ingest/v1/status-callback", call)

    def settled(self, sid):
        """Nothing is owed to a sink any more, and nothing was given up."""
        owed = lambda: self.ask("GET", f"/v1/Sinks/{sid}/Deliveries")
        until("nothing waits", lambda: owed()["waiting"]["count"] == 0)
        last = owed()
        expect(last["dead"]["count"] == 0, f"given up: {last['last_deliveries'][:3]}")
        return last

    def stop(self):
        self.process.terminate()
        expect(self.process.wait(20) == 0, "the server did not end well")


def whole(what, read, numbers):
    """Waits until every call is told to its end: `read` has (call, type, event id) in the order in which they arrived. Each
    call's are in order, and none comes twice."""
    calls = {call_sid(number) for number in numbers}
    complete = f"{PREFIX}call-summary.complete"
    ended = lambda told: {sid for sid, kind, _ in told if kind == complete} == calls and told
    told = until(f"{what} is told of every call's end", lambda: ended(read()))
    for call in calls:
        types = [kind for sid, kind, _ in told if sid == call]
        summaries = [kind.removeprefix(f"{PREFIX}call-summary.") for kind in types if "call-summary" in kind]
        order = ["partial", "predicted-complete", "complete"]
        places = [order.index(kind) for kind in summaries]
        expect(places == sorted(places), f"{what}: out of order: {summaries}")
        expect(f"{PREFIX}call-event.gateway" in types, f"{what}: no events: {types}")
    ids = [event for _, _, event in told]
    expect(len(ids) == len(set(ids)), f"{what}: an event came twice")
