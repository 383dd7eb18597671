"""A hundred thousand deliveries to three endpoints (healthy, slow, failing half the time), the
server killed twice while they leave: every one arrives, in order by subject, the healthy endpoint
waits for no other, and what comes twice carries the same id."""

import asyncio
import os
import random
import re
import subprocess
import sys
import time
import urllib.request

from server import Server

HEALTHY, SLOW, FAILING = 94_000, 1_000, 5_000
# What the slow endpoint takes for each answer, seconds.
SLOWNESS = 0.2
# A delivery is refused at most so often: its next attempt would come too late for a test.
REFUSED_MAX = 2
# The healthy endpoint has everything after so long, kills included; all of it ends after this,
# seconds.
HEALTHY_TIME, WHOLE_TIME = 40, 100
OF_A_SUBJECT = 2

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.I)
ID = re.compile(rb"\r\nsidetone-delivery: *([0-9a-f-]{36})", re.I)
NUMBER = re.compile(rb"FeedbackSummarySid=FS([0-9a-f]{32})")
OK = b"HTTP/1.1 204 No Content\r\n\r\n"
ERROR = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n"


class Endpoint:
    """Somebody else's server. `judge` says what a delivery is answered with and after how long."""

    def __init__(self, name, count, judge):
        self.name, self.count, self.judge = name, count, judge
        self.ids = {}
        self.accepted = {}
        self.refusals = {}
        self.again = 0

    async def listen(self):
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(lambda: Connection(self), "127.0.0.1", 0)
        port = self.server.sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}/hook={self.count}"

    def receive(self, number, delivery):
        """Notes a delivery; returns what to answer and when."""
        expect(self.ids.setdefault(number, delivery) == delivery, f"{self.name}: {number} came with two ids")
        if number % OF_A_SUBJECT:
            expect(number - 1 in self.accepted, f"{self.name}: {number} came before {number - 1}")
        answer, delay = self.judge(self, number)
        if answer is OK:
            self.again += number in self.accepted
            self.accepted.setdefault(number, time.monotonic())
        else:
            self.refusals[number] = self.refusals.get(number, 0) + 1
        return answer, delay

    def is_done(self):
        return len(self.accepted) == self.count


class Connection(asyncio.Protocol):
    """HTTP as our client speaks it: one request after the other, with a length."""

    def __init__(self, endpoint):
        self.endpoint, self.buffer = endpoint, b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end]
            length = int(LENGTH.search(head)[1])
            if len(self.buffer) < end + 4 + length:
                return
            body, self.buffer = self.buffer[end + 4 : end + 4 + length], self.buffer[end + 4 + length :]
            try:
                answer, delay = self.endpoint.receive(int(NUMBER.search(body)[1], 16), ID.search(head)[1])
            except SystemExit as error:
                FAILED.append(error)
                raise
            if delay:
                asyncio.get_running_loop().call_later(delay, self.transport.write, answer)
            else:
                self.transport.write(answer)


FAILED = []


def expect(holds, what):
    if not holds:
        raise SystemExit(f"deliveries: {what}")


def waiting(server):
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=10) as page:
        return int(re.search(r"^sidetone_deliveries_waiting (\d+)", page.read().decode(), re.M)[1])


async def until(holds, what, deadline):
    while not holds():
        expect(time.monotonic() < deadline, f"{what} did not happen in time")
        if FAILED:
            raise FAILED[0]
        await asyncio.sleep(0.02)


async def main():
    binary, deliveries = sys.argv[1:3]
    seed = random.randrange(2**32)
    print(f"deliveries: seed {seed}", flush=True)
    rng = random.Random(seed)

    def fail_half(endpoint, number):
        fails = rng.random() < 0.5 and endpoint.refusals.get(number, 0) < REFUSED_MAX
        return (ERROR if fails else OK), 0

    healthy = Endpoint("healthy", HEALTHY, lambda *_: (OK, 0))
    slow = Endpoint("slow", SLOW, lambda *_: (OK, SLOWNESS))
    failing = Endpoint("failing", FAILING, fail_half)
    endpoints = [healthy, slow, failing]
    shares = [await endpoint.listen() for endpoint in endpoints]

    os.environ["SIDETONE_WEBHOOK_ALLOW_PRIVATE"] = "1"
    server = Server(binary)
    # The first start makes the account.
    await asyncio.to_thread(server.start)
    server.kill()
    await asyncio.to_thread(subprocess.run, [deliveries, "fill", server.data, *shares], check=True)

    began = time.monotonic()
    deadline = began + WHOLE_TIME
    await asyncio.to_thread(server.start)
    for share in (0.3, 0.6):
        await until(lambda: len(healthy.accepted) >= HEALTHY * share, "the next kill", deadline)
        server.kill()
        await asyncio.to_thread(server.start)
    for endpoint in endpoints:
        await until(endpoint.is_done, f"the last delivery to the {endpoint.name} endpoint", deadline)
    while await asyncio.to_thread(waiting, server):
        expect(time.monotonic() < deadline, "deliveries are left although all have arrived")
        await asyncio.sleep(0.1)
    server.process.terminate()
    expect(await asyncio.to_thread(server.process.wait) == 0, "the server did not stop as it was asked to")
    server.process.stdout.close()
    found = await asyncio.to_thread(server.check)
    expect(not found, f"check found: {found}")
    server.remove()

    for endpoint in endpoints:
        took = max(endpoint.accepted.values()) - began
        print(
            f"deliveries: {endpoint.name}: {endpoint.count} arrived in {took:.1f} s ({endpoint.count / took:.0f}/s), "
            f"{sum(endpoint.refusals.values())} refused, {endpoint.again} came twice, with the same id"
        )
    took = max(healthy.accepted.values()) - began
    expect(took < HEALTHY_TIME, f"the healthy endpoint had to wait {took:.1f} s")
    print("deliveries: killed twice; nothing is lost, stuck or out of order")
    print("1 passed, 0 failed")


asyncio.run(main())
