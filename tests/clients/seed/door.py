"""Plain HTTP to the doors that fill the server; the standard library only."""

import base64
import json
import time
import urllib.error
import urllib.parse
import urllib.request


class Door:
    def __init__(self, base, user, password):
        self.base = base.rstrip("/")
        self.login = "Basic " + base64.b64encode(("%s:%s" % (user, password)).encode()).decode()

    def _send(self, method, path, body=None, kind=None):
        request = urllib.request.Request(self.base + path, data=body, method=method)
        request.add_header("Authorization", self.login)
        if kind:
            request.add_header("Content-Type", kind)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                text = answer.read().decode()
        except urllib.error.HTTPError as refused:
            raise SystemExit("seed: %s %s: %d %s" % (method, path, refused.code, refused.read().decode()))
        return json.loads(text) if text else None

    def get(self, path, **query):
        return self._send("GET", path + "?" + urllib.parse.urlencode(query))

    def form(self, path, fields):
        return self._send("POST", path, urllib.parse.urlencode(fields).encode(), "application/x-www-form-urlencoded")

    def json(self, path, value):
        return self._send("POST", path, json.dumps(value).encode(), "application/json")


def cloud_event(kind, schema, number, data, as_text=False):
    """One event as the stream delivers it; `as_text` is the older form, with the payload encoded as
    a string."""
    resource = {"CallSummary": "Summary", "CallEvent": "Events", "CallMetric": "Metrics"}[schema.split("/")[0]]
    return {
        "specversion": "1.0",
        "type": "com.twilio.voice.insights." + kind,
        "source": "/v1/Voice/%s/%s" % (data["call_sid"], resource),
        "id": "EZ%032x" % number,
        "dataschema": "https://events-schemas.twilio.com/VoiceInsights." + schema,
        "datacontenttype": "application/json",
        "time": (data.get("timestamp") or data["end_time"]).replace("Z", ".000Z"),
        "data": json.dumps(data) if as_text else data,
    }


def wait_until(what, ready, seconds=30):
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise SystemExit("seed: gave up waiting for " + what)
        time.sleep(0.2)
