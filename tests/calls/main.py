"""The calls themselves: builds the network, starts everything, lets people talk, and asks what
became of it."""

import argparse
import os
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import check
import network
import programs
import record
import server
import truth
import wire
from phones import CALLEE_NUMBER, CALLER_NUMBER, Phone, rtp_port, sip_port

LOSS = 0.08


@dataclass
class Call:
    name: str
    line: int
    ring_s: float
    # Who ends it; before it was answered if nobody talks.
    ended_by: str
    talk_s: float = 0
    codec: str = "PCMU/8000/1"
    callee: Phone = None
    caller: Phone = None

    def make(self):
        self.caller.tell("dial", f"sip:{self.callee.number}@{network.PROXY}")
        network.wait_until(self.callee.rings, f"the phone of {self.callee.number} to ring")
        time.sleep(self.ring_s)
        if self.talk_s:
            self.callee.tell("accept")
            time.sleep(self.talk_s)
        if self.ended_by:
            getattr(self, self.ended_by).tell("hangup")


# Reports come every five seconds from the answer on: no call ends at such a time.
CALLS = [
    Call("clean", 1, ring_s=2, talk_s=17, ended_by="callee"),
    Call("lossy", 2, ring_s=1, talk_s=32, ended_by="caller", codec="PCMA/8000/1"),
    Call("busy", 3, ring_s=1, ended_by="callee"),
    Call("cancelled", 4, ring_s=2, ended_by="caller"),
    # The proxy gives up after six seconds.
    Call("no-answer", 5, ring_s=8, ended_by=None),
    Call("no-rtcp", 6, ring_s=1, talk_s=12, ended_by="caller", codec="G722/16000/1"),
]
CLEAN, LOSSY, NO_RTCP = CALLS[0], CALLS[1], CALLS[5]


def impair(callee):
    # A part of what the caller says is lost before the relay; every packet of it is counted.
    network.drop(
        "--in-interface", "caller-proxy", "--sport", str(rtp_port(LOSSY.line)),
        "--match", "statistic", "--mode", "random", "--probability", str(LOSS),
    )
    # A firewall that lets no RTCP through.
    network.drop("--sport", str(rtp_port(NO_RTCP.line) + 1))
    # The callee does not get the first INVITE: half a second of delay after dialling.
    network.drop(
        "--dport", str(sip_port(CLEAN.line)), "--match", "statistic", "--mode", "nth", "--every", "1000000", "--packet", "0",
        at=callee,
    )


def make_calls(caller, callee, work):
    for call in CALLS:
        call.caller = Phone(caller, CALLER_NUMBER.format(call.line), call.line, call.codec, work)
        call.callee = Phone(callee, CALLEE_NUMBER.format(call.line), call.line, call.codec, work)
    for call in CALLS:
        # Nobody dials before everybody can be reached.
        call.callee.tell("help")
    with ThreadPoolExecutor(len(CALLS)) as people:
        list(people.map(Call.make, CALLS))


def logs(work):
    """The ends of what everything between the phones said."""
    for name in ("kamailio", "rtpengine", "sidetone"):
        path = os.path.join(work, f"{name}.log")
        if os.path.exists(path):
            with open(path, errors="replace") as file:
                print(f"--- {name}\n{file.read()[-3000:]}", flush=True)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--work", required=True)
    options.add_argument("--record", default="")
    options.add_argument("--binary", default="")
    given = options.parse_args()
    try:
        checks = run(given)
    except BaseException:
        logs(given.work)
        raise
    if checks.failures:
        logs(given.work)
    # Nothing here is to be tidied up: this is the first process, and with it ends all the rest.
    sys.exit(checks.verdict())


def run(given):
    began = time.monotonic()
    caller, callee = network.build()
    if given.binary:
        sidetone = server.Server(given.binary, given.work)
    else:
        # Somewhere to send to; nobody reads it.
        sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sink.bind(("127.0.0.1", programs.HEP_PORT))
    mirrored = programs.Capture("hep", "lo", f"udp dst port {programs.HEP_PORT}", given.work)
    at_caller = programs.Capture("caller", "caller", "udp", given.work, caller)
    at_callee = programs.Capture("callee", "callee", "udp", given.work, callee)
    between = [programs.start_rtpengine(given.work), programs.start_kamailio(given.work)]
    impair(callee)
    make_calls(caller, callee, given.work)
    # The last answer to the last BYE.
    time.sleep(1)
    for program in between:
        program.is_alive()
    for capture in (at_caller, at_callee, mirrored):
        capture.stop()

    seen = [list(wire.read(capture.path)) for capture in (at_caller, at_callee)]
    truths = {call.name: truth.of_line(*seen, call.line) for call in CALLS}
    hep = list(wire.read(mirrored.path))
    if given.record:
        record.calls(given.record, truths, hep)
    checks = check.Checks()
    check.truths(checks, truths, network.dropped())
    if given.binary:
        check.summaries(checks, truths, sidetone)
        check.counters(checks, sidetone, len(hep))
    print(f"calls: {len(CALLS)} calls, {len(hep)} packets mirrored, {time.monotonic() - began:.0f} s", flush=True)
    return checks


main()
