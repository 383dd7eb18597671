"""A client that goes on with its work, keeps a ledger of what was acknowledged, and notes how long
it waited.

It is a process of its own: as a thread it would wait for the attacker's JSON to be read, and that
would be taken for the server.
"""

import http.client
import multiprocessing
import time
import uuid

from server import event

# Between two requests: what is measured is waiting, not how much the client can do.
PAUSE_S = 0.005


class Normal:
    """Annotates a call of its own, reads it, and sends an event now and then."""

    def __init__(self, server):
        self.server = server
        self.call = "CA" + uuid.uuid4().hex
        self.comments = []
        self.events = []
        self.waits = []
        self.failure = None
        fork = multiprocessing.get_context("fork")
        self.is_over = fork.Event()
        self.told, tell = fork.Pipe(duplex=False)
        self.process = fork.Process(target=self.run, args=(tell,), daemon=True)
        self.connection = server.connect()
        self.connection.post_form(
            "/ingest/v1/status-callback", CallSid=self.call, CallStatus="in-progress", From="+15550100", To="+15550101"
        )

    def start(self):
        self.process.start()

    def run(self, tell):
        try:
            number = 0
            while not self.is_over.is_set():
                number += 1
                began = time.monotonic()
                self.step(number)
                self.waits.append(1000 * (time.monotonic() - began))
                time.sleep(PAUSE_S)
        except (OSError, RuntimeError, http.client.HTTPException) as failure:
            self.failure = repr(failure)
        tell.send((self.comments, self.events, self.waits, self.failure))

    def step(self, number):
        path = f"/v1/Voice/{self.call}/Annotation"
        if number % 20 == 1:
            name = f"n{number}"
            line = event(self.call, name)
            answer = self.retried(lambda it: it.request("POST", "/ingest/v1/events", line, "application/x-ndjson"))
            if answer["accepted"] + answer["duplicates"] != 1:
                raise RuntimeError(f"an event was answered {answer}")
            self.events.append(name)
        elif number % 4 == 2:
            comment = f"round trip {number}"
            self.retried(lambda it: it.post_form(path, Comment=comment))
            self.comments.append(comment)
        else:
            self.retried(lambda it: it.request("GET", path))

    def retried(self, ask):
        """Asks; once more on a new connection when this one was closed meanwhile, as clients do."""
        try:
            return ask(self.connection)
        except (ConnectionError, http.client.HTTPException):
            self.connection = self.server.connect()
            return ask(self.connection)

    def stop(self):
        self.is_over.set()
        self.comments, self.events, self.waits, self.failure = self.told.recv()
        self.process.join()
        if self.failure is not None:
            raise SystemExit(f"a normal client failed: {self.failure}")

    def check(self):
        """Whether all that was acknowledged is there."""
        connection = self.server.connect()
        history = connection.pages(f"/v1/Voice/{self.call}/Annotation/History?PageSize=1000", "history")
        comments = [change["after"]["comment"] for change in reversed(history)]
        if comments != self.comments:
            raise SystemExit(f"{len(self.comments)} annotations were acknowledged, {len(comments)} are there")
        rows = connection.pages(f"/v1/Voice/{self.call}/Events?PageSize=1000", "events")
        names = [row["name"] for row in rows if row["group"] == "durability"]
        if sorted(names) != sorted(self.events):
            raise SystemExit(f"{len(self.events)} events were acknowledged, {len(names)} are there")


def waited(waits):
    """The median, the 99th percentile and the longest of waits, in ms."""
    waits = sorted(waits) or [0.0]
    return waits[len(waits) // 2], waits[len(waits) * 99 // 100], waits[-1]
