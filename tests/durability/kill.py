"""Kill the server while annotations and NDJSON lines are acknowledged; everything acknowledged must
be there, once."""

import collections
import http.client
import json
import random
import sys
import threading
import time

from server import Server, event

WRITERS = 4
BATCH = 50


class Annotator(threading.Thread):
    """Annotates one call of its own, again and again."""

    def __init__(self, server, call):
        super().__init__()
        self.connection = server.connect()
        self.call = call
        self.acknowledged = []
        self.tried = None

    def run(self):
        try:
            for number in range(1_000_000):
                self.tried = f"round trip {number}"
                self.connection.post_form(f"/v1/Voice/{self.call}/Annotation", Comment=self.tried)
                self.acknowledged.append(self.tried)
        except (OSError, http.client.HTTPException):
            pass


class Sender(threading.Thread):
    """Sends batches of events of one call of its own."""

    def __init__(self, server, call):
        super().__init__()
        self.connection = server.connect()
        self.call = call
        self.acknowledged = []

    def run(self):
        try:
            for batch in range(1_000_000):
                names = [f"b{batch}.{number}" for number in range(BATCH)]
                lines = "\n".join(event(self.call, name) for name in names)
                answer = self.connection.request(
                    "POST", "/ingest/v1/events", lines, "application/x-ndjson"
                )
                if answer["accepted"] != BATCH:
                    raise SystemExit(f"a batch of {BATCH} was answered {answer}")
                self.acknowledged += names
        except (OSError, http.client.HTTPException):
            pass


def round_trip(server, rng, number):
    server.start()
    calls = [f"CA{rng.getrandbits(128):032x}" for _ in range(WRITERS + 1)]
    connection = server.connect()
    for call in calls:
        connection.post_form(
            "/ingest/v1/status-callback", CallSid=call, CallStatus="in-progress", From="+15550100", To="+15550101"
        )
    threads = [Annotator(server, call) for call in calls[:WRITERS]] + [Sender(server, calls[WRITERS])]
    for thread in threads:
        thread.start()
    time.sleep(rng.uniform(0.2, 0.8))
    server.kill()
    for thread in threads:
        thread.join()

    server.start()
    connection = server.connect()
    counted = 0
    for thread in threads[:WRITERS]:
        history = connection.pages(f"/v1/Voice/{thread.call}/Annotation/History?PageSize=1000", "history")
        comments = [change["after"]["comment"] for change in reversed(history)]
        expect(comments[: len(thread.acknowledged)] == thread.acknowledged, number, "annotations are missing")
        more = comments[len(thread.acknowledged):]
        expect(more in ([], [thread.tried]), number, f"annotations nobody made: {more}")
        current = connection.request("GET", f"/v1/Voice/{thread.call}/Annotation")["comment"]
        expect(current == (comments[-1] if comments else None), number, "the current row is not the last of the log")
        counted += len(thread.acknowledged)
    sender = threads[WRITERS]
    rows = connection.pages(f"/v1/Voice/{sender.call}/Events?PageSize=1000", "events")
    times = collections.Counter(row["name"] for row in rows if row["group"] == "durability")
    expect(all(times[name] == 1 for name in sender.acknowledged), number, "events are missing or twice")
    expect(max(times.values(), default=1) == 1, number, "events are there twice")
    server.kill()
    found = server.check()
    expect(not found, number, f"check found: {found}")
    return counted, len(sender.acknowledged)


def expect(holds, number, what):
    if not holds:
        raise SystemExit(f"round {number}: {what}")


def main():
    binary, rounds = sys.argv[1], int(sys.argv[2])
    seed = random.randrange(2**32)
    print(f"durability: seed {seed}", flush=True)
    rng = random.Random(seed)
    server = Server(binary)
    annotations = events = 0
    for number in range(1, rounds + 1):
        some = round_trip(server, rng, number)
        annotations += some[0]
        events += some[1]
    server.remove()
    print(f"durability: killed {rounds} times; {annotations} annotations and {events} events acknowledged, all there once")
    print(f"{rounds} passed, 0 failed")


main()
