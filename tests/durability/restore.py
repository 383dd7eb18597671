"""Backups of a server under load, which is then killed: what is restored has everything that was
acknowledged before the backup began, and nothing of what was erased after it."""

import http.client
import os
import random
import subprocess
import sys
import tempfile
import threading
import time

from server import Server

ROUNDS, WRITERS = 3, 4
ERASED, COMPARED = 10, 40


def expect(holds, what):
    if not holds:
        raise SystemExit(f"restore: {what}")


class Writer(threading.Thread):
    """Reports calls and comments on them, one after the other."""

    def __init__(self, server, seed):
        super().__init__()
        self.connection, self.rng = server.connect(), random.Random(seed)
        self.acknowledged = []

    def run(self):
        try:
            while True:
                call = f"CA{self.rng.getrandbits(128):032x}"
                self.connection.post_form(
                    "/ingest/v1/status-callback", CallSid=call, CallStatus="completed", From="a", To="b"
                )
                self.connection.post_form(f"/v1/Voice/{call}/Annotation", Comment=f"a word on {call}")
                self.acknowledged.append(call)
        except (OSError, http.client.HTTPException):
            pass


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    expect(done.returncode == 0, f"{command[1]}: {done.stderr}")


def listed(connection):
    rows = connection.pages("/v1/Voice/Summaries?ProcessingState=all&PageSize=1000", "call_summaries")
    return {row["call_sid"] for row in rows}


def round_trip(server, backup, rng):
    """How many calls came back, and how many were acknowledged after the backup began."""
    writers = [Writer(server, rng.getrandbits(64)) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    time.sleep(rng.uniform(0.3, 1))
    before = [call for writer in writers for call in list(writer.acknowledged)]
    run(server.binary, "backup", backup, "--data", server.data)
    erased = set(rng.sample(before, ERASED))
    connection = server.connect()
    for call in erased:
        connection.request("DELETE", f"/v1/Voice/{call}/Summary")
    time.sleep(rng.uniform(0, 0.3))
    server.kill()
    for writer in writers:
        writer.join()
    after = sum(len(writer.acknowledged) for writer in writers) - len(before)

    run(server.binary, "restore", backup, "--data", server.data, "--replace")
    found = server.check()
    expect(not found, f"check found: {found}")
    server.start()
    connection = server.connect()
    kept = set(before) - erased
    deadline = time.monotonic() + 30
    while missing := kept - (there := listed(connection)):
        expect(time.monotonic() < deadline, f"{len(missing)} of {len(kept)} calls did not come back")
        time.sleep(0.1)
    expect(not erased & there, "erased calls came back")
    for call in rng.sample(sorted(kept), min(COMPARED, len(kept))):
        said = connection.request("GET", f"/v1/Voice/{call}/Annotation")["comment"]
        expect(said == f"a word on {call}", f"{call} came back without its annotation")
    return len(kept), after


def main():
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(2**32)
    print(f"restore: seed {seed}", flush=True)
    rng = random.Random(seed)
    server = Server(sys.argv[1])
    server.start()
    kept = after = 0
    with tempfile.TemporaryDirectory(prefix="sidetone-backup-") as directory:
        for number in range(ROUNDS):
            some = round_trip(server, os.path.join(directory, f"{number}.db"), rng)
            kept, after = kept + some[0], after + some[1]
    server.kill()
    server.remove()
    print(
        f"restore: {ROUNDS} backups under load, each followed by a kill; all of {kept} calls from before came back, "
        f"none of {ROUNDS * ERASED} erased since; {after} were acknowledged later"
    )
    print(f"{ROUNDS} passed, 0 failed")


main()
