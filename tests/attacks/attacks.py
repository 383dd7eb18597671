"""The attacks. Each ends when what it sent is answered, or when it has held on for long enough."""

import base64
import gzip
import http.client
import json
import os
import resource
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import Callable

from server import ACCOUNT, TOKEN, event

HOLD_S = 4


def lines(call, count, **members):
    return "".join(json.dumps({**json.loads(event(call, f"a{n}")), **members}) + "\n" for n in range(count))


def post(server, path, body, **headers):
    """Status and body of the answer, whatever it is; 0 when the connection was closed because much
    of the body was left."""
    connection = server.connect()
    connection.http.timeout = 60
    try:
        connection.http.request("POST", path, body=body, headers={**connection.headers, **headers})
        response = connection.http.getresponse()
        return response.status, response.read().decode()
    except ConnectionError:
        return 0, ""


def get(server, path):
    """The status of the answer, whatever it is."""
    connection = server.connect()
    connection.http.request("GET", path, headers=connection.headers)
    return connection.http.getresponse().status


def together(count, work):
    """Does it so many times at once, and gives what came of each."""
    results = [None] * count

    def one(number):
        results[number] = work(number)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def expect(holds, what):
    if not holds:
        raise SystemExit(f"attacks: {what}")


def wait_until_folded(server, others=1):
    """Waits until no more calls are dirty than those of others: while the normal client works, its
    own is at most times."""
    deadline = time.monotonic() + 100
    while server.metric("sidetone_dirty_calls") > others:
        expect(time.monotonic() < deadline, "calls are not folded")
        time.sleep(0.2)
    expect(server.metric("sidetone_calls_set_aside") == 0, "calls were set aside")


def large_events(server):
    """Events that are small as compressed text and large once they are read."""
    call = "CA" + "1" * 32
    numbers = "[" + ",".join(["1"] * 125_000) + "]"
    status, text = post(server, "/ingest/v1/events", event(call, "one").replace("}", f',"data":{numbers}}}'))
    report = json.loads(text)
    expect(status in (200, 400), f"a large event was answered {status}")
    said = text if status == 400 else report["errors"][0]["message"]
    expect("data" in said and "65536" in said, f"a large event was refused so: {said}")
    member = gzip.compress((event(call, "two").replace("}", f',"data":{numbers}}}') + "\n").encode(), 9)
    for status, _ in together(4, lambda _: post(server, "/ingest/v1/events", member * 300, **{"Content-Encoding": "gzip"})):
        expect(status in (0, 400, 413), f"hundreds of them were answered {status}")
    # As large as they may be, and many small objects.
    full = json.loads(event(call, "full"))
    for data in ([0] * 2_000, [{"a": n} for n in range(80)], "x" * 60_000):
        body = "".join(json.dumps({**full, "id": f"{type(data[0]).__name__}{n}", "data": data}) + "\n" for n in range(200))
        status, text = post(server, "/ingest/v1/events", body)
        expect(status == 200 and json.loads(text)["accepted"] == 200, f"events within the limit were answered {status} {text[:200]}")
    pages = together(8, lambda _: read_pages(server, f"/v1/Voice/{call}/Events?PageSize=1000"))
    expect(pages == [600] * 8, f"pages of large events hold {pages} rows")
    wait_until_folded(server)


def read_pages(server, path):
    connection = server.connect()
    connection.http.timeout = 60
    return len(connection.pages(path, "events"))


def long_calls(server):
    """Long calls that are complete, and one late event for each of them."""
    calls = [f"CA{n:032x}" for n in range(1, 9)]
    end = {"id": "end", "at": "2026-06-01T00:10:00Z", "kind": "progress", "step": "completed"}
    for call in calls:
        body = lines(call, 8_000, edge="sdk_edge") + json.dumps({"call_sid": call, **end}) + "\n"
        status, text = post(server, "/ingest/v1/events?Settle=true", body)
        expect(status == 200 and json.loads(text)["accepted"] == 8_001, f"a long call was answered {status} {text[:200]}")
    wait_until_folded(server)
    for call in calls:
        post(server, "/ingest/v1/events", event(call, "late"))
    wait_until_folded(server)
    found = server.connect().request("GET", f"/v1/Voice/{calls[0]}/Summary")
    expect(found["processing_state"] == "complete", "a long call is not complete")


def refused_lines(server):
    """Bodies of a few hundred kilobytes that unpack to tens of millions of lines, none of them an
    event."""
    for line in (b"{}\n", b"\n", b'{"kind":"edge","data":[[[[[[[[]]]]]]]]}\n'):
        body = gzip.compress(line * 1_000_000, 9) * 67
        for status, _ in together(4, lambda _: post(server, "/ingest/v1/events", body, **{"Content-Encoding": "gzip"})):
            expect(status in (0, 400, 413), f"lines that are none were answered {status}")
    many = b"[" + b"{}," * 1_000_000 + b"{}]"
    for path in ("/ingest/v1/event-streams", "/ingest/v1/cdr/freeswitch", "/ingest/v1/status-callback", "/ingest/v1/hep"):
        for status, _ in together(4, lambda _: post(server, path, many)):
            expect(status in (0, 400, 413), f"{path} answered {status} to nonsense")


def open_many(port, count, say=b""):
    sockets = []
    for _ in range(count):
        try:
            one = socket.create_connection(("127.0.0.1", port), timeout=10)
            one.sendall(say)
        except OSError:
            break
        sockets.append(one)
    return sockets


def idle_connections(server):
    """More connections than there may be, that say nothing: to both doors; and a new client comes
    meanwhile."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    held = open_many(server.port, 700) + open_many(server.hep_port, 700)
    deadline = time.monotonic() + HOLD_S
    while time.monotonic() < deadline:
        expect(get(server, f"/v1/Voice/CA{'9' * 32}/Annotation") == 404, "a new client is not answered")
        with socket.create_connection(("127.0.0.1", server.hep_port), timeout=10) as agent:
            agent.sendall(b"HEP3\x00\x06")
        held += open_many(server.port, 20) + open_many(server.hep_port, 20)
        time.sleep(0.05)  # a fast machine would run out of files itself
    expect(server.metric("sidetone_http_connections_displaced_total") > 0, "no idle connection made room")
    for one in held:
        one.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def slow_clients(server):
    """Heads and bodies that come byte by byte, and answers that nobody takes."""
    call = "CA" + "2" * 32
    text = "".join(json.dumps({**json.loads(event(call, f"s{n}")), "data": os.urandom(20_000).hex()}) + "\n" for n in range(100))
    expect(post(server, "/ingest/v1/events", text)[0] == 200, "events were refused")
    login = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    head = f"HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {login}\r\n"
    heads = open_many(server.port, 60, b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
    bodies = open_many(server.port, 60, f"POST /ingest/v1/events {head}Content-Length: 100000\r\n\r\n{{".encode())
    readers = open_many(server.port, 60, f"GET /v1/Voice/{call}/Events?PageSize=1000 {head}\r\n".encode())
    deadline = time.monotonic() + HOLD_S
    while time.monotonic() < deadline:
        for one in heads + bodies:
            try:
                one.sendall(b"x")
            except OSError:
                pass
        time.sleep(0.3)
    gone = sum(is_closed(one) for one in heads + bodies)
    expect(gone == 120, f"{gone} of 120 slow clients were given up")
    for one in heads + bodies + readers:
        one.close()


def is_closed(one):
    """Whether the other side has ended, within a while."""
    one.settimeout(10)
    try:
        while one.recv(65536):
            pass
        return True
    except TimeoutError:
        return False
    except OSError:
        return True


def failed_logins(server):
    """Wrong passwords as fast as they can be sent."""

    def guess(number):
        statuses = set()
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        wrong = base64.b64encode(f"{ACCOUNT}:guess{number}".encode()).decode()
        for _ in range(250):
            connection.request("GET", f"/v1/Voice/{'CA' + '3' * 32}/Annotation", headers={"Authorization": "Basic " + wrong})
            response = connection.getresponse()
            response.read()
            statuses.add(response.status)
            if response.status == 429:
                expect(int(response.getheader("Retry-After")) > 0, "429 does not say when to come again")
        return statuses

    seen = set().union(*together(4, guess))
    expect(seen == {401, 429}, f"failed logins were answered {seen}")
    expect("sidetone::login: login failed address=127.0.0.1 user=" in read_log(server), "failed logins are not in the log")


def read_log(server):
    server.log.seek(0)
    return server.log.read()


def long_answers(server):
    """A body that takes longer to be settled than a client may be silent: it is answered all the
    same."""
    calls = 4_000
    members = {"at": "2026-06-01T00:10:00Z", "kind": "progress", "step": "completed"}
    body = "".join(json.dumps({"id": f"x{n}", "call_sid": f"long {n}", **members}) + "\n" for n in range(calls))
    results = together(3, lambda _: post(server, "/ingest/v1/events?Settle=true", body))
    for status, text in results:
        expect(status == 200, f"a long body was answered {status} {text[:200]}")
    accepted = sum(json.loads(text)["accepted"] for _, text in results)
    expect(accepted == calls, f"{accepted} of {calls} events were accepted")


@dataclass
class Attack:
    name: str
    title: str
    run: Callable
    settings: dict = field(default_factory=dict)


ATTACKS = [
    Attack("large", "events that are large once they are read", large_events),
    Attack("long", "long calls with a late event each", long_calls),
    Attack("refused", "bodies that unpack to millions of refused lines", refused_lines),
    Attack("idle", "more idle connections than there may be", idle_connections, {"max_connections": "512"}),
    Attack("slow", "slow clients", slow_clients, {"client_timeout": "1s"}),
    Attack("logins", "failed logins", failed_logins),
    Attack("answers", "answers that take longer than a client may be silent", long_answers, {"client_timeout": "300ms"}),
]
