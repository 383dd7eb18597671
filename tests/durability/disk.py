"""A disk that is full: writes are refused, reads are answered, /readyz and the log say so; when
there is room again, all goes on by itself, and everything acknowledged is listed within seconds.
Needs root, for a file system of its own."""

import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from server import Server

# What is freed holds the log that all is written to again, and which is not copied into the database before it
# has 32 MiB.
SIZE = "46m"
BALLAST_BYTES = 40 << 20
LINES_OF_A_REFUSAL_MAX = 40


def expect(holds, what):
    if not holds:
        raise SystemExit(f"full disk: {what}")


def ready(server):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/readyz", timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def call(number):
    return f"CA{number:032x}"


def send(connection, number):
    connection.post_form(
        "/ingest/v1/status-callback", CallSid=call(number), CallStatus="completed", CallDuration="1",
        From="+15550100", To="+15550101", StatusText="x" * 2000,
    )


def listed(connection):
    rows = connection.pages("/v1/Voice/Summaries?ProcessingState=all&PageSize=1000", "call_summaries")
    return {row["call_sid"] for row in rows}


def main():
    log = tempfile.TemporaryFile("w+")
    server = Server(sys.argv[1], log=log)
    mount = server.data
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", mount], check=True)
    try:
        ballast = os.path.join(mount, "ballast")
        with open(ballast, "wb") as file:
            file.write(bytes(BALLAST_BYTES))
        server.start()
        connection = server.connect()
        acknowledged, refused = set(), 0
        deadline = time.monotonic() + 120
        number = 0
        while refused < 200:
            expect(time.monotonic() < deadline, "it did not fill up in time")
            number += 1
            try:
                send(connection, number)
                acknowledged.add(call(number))
            except RuntimeError as error:
                expect(": 503 " in str(error), f"a refused write was answered {error}")
                refused += 1
        expect(ready(server) == 503, "/readyz does not say that writes are refused")
        connection.request("GET", f"/v1/Voice/{call(1)}/Annotation")
        os.remove(ballast)
        began = time.monotonic()
        while ready(server) != 200:
            expect(time.monotonic() < began + 20, "it did not recover by itself")
            time.sleep(0.2)
        number += 1
        send(connection, number)
        acknowledged.add(call(number))
        while missing := acknowledged - listed(connection):
            expect(time.monotonic() < began + 20, f"{len(missing)} acknowledged calls are not listed")
            time.sleep(0.2)
        took = time.monotonic() - began
        log.seek(0)
        lines = log.read().splitlines()
        expect(len(lines) <= LINES_OF_A_REFUSAL_MAX, f"{len(lines)} lines of log for {refused} refused writes")
        server.process.terminate()
        server.process.wait()
        server.process.stdout.close()
        found = server.check()
        expect(not found, f"check found: {found}")
        print(
            f"full disk: {len(acknowledged)} calls acknowledged, {refused} refused in {len(lines)} lines of log; "
            f"all listed {took:.1f} s after there was room again"
        )
    finally:
        if server.process and server.process.poll() is None:
            server.kill()
        subprocess.run(["umount", mount], check=True)
        server.remove()
    print("1 passed, 0 failed")


main()
