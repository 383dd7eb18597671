"""The OpenTelemetry Collector's own receiver of OTLP."""

import json
import os
import socket
import subprocess
import time

from server import ACCOUNT, PREFIX, expect, free_port, until, whole


def value(any_value):
    """A value of any type, of the Collector's JSON."""
    if not any_value:
        return None
    [(kind, held)] = any_value.items()
    match kind:
        case "intValue":
            return int(held)
        case "arrayValue":
            return [value(it) for it in held.get("values", [])]
        case "kvlistValue":
            return attributes(held.get("values", []))
    return held


def attributes(pairs):
    return {it["key"]: value(it["value"]) for it in pairs}


class Collector:
    name = "the OpenTelemetry Collector"
    secret = "s3cret-of-the-collector"

    def __init__(self, work, programs):
        self.taken = os.path.join(work, "collector.ndjson")
        self.port = free_port()
        self.process = subprocess.Popen(
            [f"{programs}/collector/collector", f"127.0.0.1:{self.port}", self.secret],
            stdout=open(self.taken, "wb"), stderr=open(os.path.join(work, "collector.err"), "wb"),
        )
        until("the collector listens", self.listens)

    def listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def sink(self, sidetone):
        headers = {"authorization": f"Bearer {self.secret}"}
        return sidetone.sink("otlp", {"endpoint": f"http://127.0.0.1:{self.port}", "headers": headers})

    def read(self):
        """Attributes and record of each that came."""
        records = []
        for line in open(self.taken):
            if not line.endswith("\n"):
                break
            for resource in json.loads(line)["resourceLogs"]:
                expect(attributes(resource["resource"]["attributes"])["service.name"] == "sidetone", "another service")
                records += [(attributes(it["attributes"]), it) for it in resource["scopeLogs"][0]["logRecords"]]
        return records

    def check(self, sidetone, sid, numbers):
        named = lambda it: (it["sidetone.call.sid"], it["cloudevents.event_type"], it["cloudevents.event_id"])
        whole(self.name, lambda: [named(it) for it, _ in self.read()[1:]], numbers)
        sidetone.settled(sid)
        (_, test), *told = self.read()
        expect(test["eventName"] == "com.twilio.eventstreams.test-event", f"no test: {test}")
        for named, record in told:
            data = value(record["body"])
            expect(record["eventName"] == named["cloudevents.event_type"], "two types")
            expect(data["call_sid"] == named["sidetone.call.sid"] and data["account_sid"] == ACCOUNT, f"another call: {data}")
            expect(abs(int(record["timeUnixNano"]) / 1e9 - time.time()) < 600, f"another time: {record}")
            is_summary = record["eventName"].startswith(f"{PREFIX}call-summary")
            expect(not is_summary or data["from"]["caller"] == "+12025550143", f"another caller: {data}")
