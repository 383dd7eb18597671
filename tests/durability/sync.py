"""Trace the system calls of acknowledged annotations: a data sync of the log stands between the
last write and the reply."""

import os
import re
import sys
import tempfile
import time

from server import Server

POSTS = 20


def main():
    trace = tempfile.NamedTemporaryFile(suffix=".strace")
    calls = "trace=pwrite64,write,writev,sendto,sendmsg,fdatasync,fsync"
    # -D: the server stays our child, the tracer does not.
    server = Server(sys.argv[1], ["strace", "-D", "-f", "-y", "-qq", "-s", "16", "-e", calls, "-o", trace.name])
    server.start()
    connection = server.connect()
    call = "CA" + "5" * 32
    connection.post_form("/ingest/v1/status-callback", CallSid=call, CallStatus="completed", From="a", To="b")
    # Until the summary is complete, the server writes for itself.
    for _ in range(100):
        summary = connection.request("GET", "/v1/Voice/Summaries?ProcessingState=all")["call_summaries"]
        if summary and summary[0]["processing_state"] == "complete":
            break
        time.sleep(0.1)
    else:
        raise SystemExit("the call did not become complete")
    time.sleep(0.5)
    mark = os.path.getsize(trace.name)
    for number in range(POSTS):
        connection.post_form(f"/v1/Voice/{call}/Annotation", Comment=f"number {number}")
    server.process.terminate()
    server.process.wait()
    time.sleep(0.5)
    server.remove()
    with open(trace.name, errors="replace") as file:
        file.seek(mark)
        replies = judge(file)
    if replies < POSTS:
        raise SystemExit(f"only {replies} of {POSTS} replies were seen in the trace")
    print(f"durability: {replies} replies, each after a data sync of the log's last write")
    print("1 passed, 0 failed")


def judge(lines):
    """Goes through the trace in order. A sync counts when it has returned."""
    replies = 0
    unsynced = wrote = False
    # Threads whose sync of the log has begun and not returned: a resumed line does not name the
    # file.
    syncing = set()
    for line in lines:
        thread = line.split(maxsplit=1)[0]
        if re.search(r"f(data)?sync\(\d+<[^>]*-wal>.*<unfinished", line):
            syncing.add(thread)
            continue
        resumed = re.search(r"<\.\.\. f(data)?sync resumed>", line) and thread in syncing
        if resumed:
            syncing.discard(thread)
        if re.search(r"pwrite64\(\d+<[^>]*-wal>", line):
            unsynced = wrote = True
        elif re.search(r"f(data)?sync\(\d+<[^>]*-wal>\)\s+= 0", line) or (resumed and re.search(r"= 0", line)):
            unsynced = False
        elif "HTTP/1.1 200" in line and re.search(r"(write|writev|sendto|sendmsg)\(", line):
            if not wrote:
                raise SystemExit("a reply without a write to the log")
            if unsynced:
                raise SystemExit(f"a reply before the sync: {line}")
            replies += 1
            wrote = False
    return replies


main()
