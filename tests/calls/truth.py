"""What happened in a call: told by the phones' own interfaces, never by what was mirrored."""

from dataclasses import dataclass

import wire
from network import CALLEE, CALLER
from phones import rtp_port, sip_port

CODECS = {0: ("pcmu", 8000), 8: ("pcma", 8000), 9: ("g722", 8000)}
STATES = {200: "completed", 486: "busy", 487: "canceled", 408: "noanswer"}


@dataclass
class Stream:
    """What one phone sent to the other."""

    ssrc: int
    codec: str
    clock_rate: int
    sent: int
    received: int
    # What the receiving phone reported while the call stood, and the sending one.
    blocks: list
    senders: list

    def __str__(self):
        average, largest = self.jitter_ms
        return (
            f"{self.codec}: {self.sent} sent, {self.lost} lost; {len(self.blocks)} reports, the last of {self.reported_sent} sent, "
            f"{self.reported_lost} lost; jitter {average:.2f} ms, at most {largest:.2f}"
        )

    @property
    def lost(self):
        """With what was on its way at the end."""
        return self.sent - self.received

    @property
    def reported_lost(self):
        return self.blocks[-1].lost

    @property
    def reported_sent(self):
        return self.senders[-1].packets

    @property
    def jitter_ms(self):
        """Mean and largest of the reports."""
        readings = [block.jitter / self.clock_rate * 1000 for block in self.blocks]
        return sum(readings) / len(readings), max(readings)


@dataclass
class Truth:
    call_id: str
    state: str
    status: int
    caller: str
    callee: str
    caller_software: str
    callee_software: str
    pdd_ms: float
    duration_s: float
    connect_duration_s: float
    disconnected_by: str
    caller_stream: Stream = None
    callee_stream: Stream = None
    # Every report that passed a phone's interface, with the address it came from.
    at_caller: list = None
    at_callee: list = None

    def __str__(self):
        ended = f", ended by the {self.disconnected_by}" if self.disconnected_by else ""
        return (
            f"{self.state} {self.status}, PDD {self.pdd_ms:.0f} ms, {self.duration_s:.1f} s, "
            f"{self.connect_duration_s:.1f} s of them connected{ended}"
        )


class Side:
    """One phone's packets, in and out."""

    def __init__(self, datagrams, address, line):
        self.sip_at, self.rtp_at = (address, sip_port(line)), (address, rtp_port(line))
        self.rtcp_at = (address, rtp_port(line) + 1)
        mine = lambda place: [one for one in datagrams if place in (one.source, one.target)]
        self.sip = [wire.Sip(one) for one in mine(self.sip_at) if wire.is_sip(one.payload)]
        self.rtp, self.rtcp = mine(self.rtp_at), mine(self.rtcp_at)

    def requests(self, method):
        return [message for message in self.sip if message.method == method and not message.status]

    def sent(self):
        return [wire.rtp(one) for one in self.rtp if one.source == self.rtp_at]

    def received(self):
        return [wire.rtp(one) for one in self.rtp if one.target == self.rtp_at]

    def blocks(self):
        """All reports in and out, each with where it comes from."""
        found = [(one.source[0], report) for one in self.rtcp for report in wire.rtcp(one)]
        return [(source, report) for source, report in found if isinstance(report, wire.Block)]

    def reports(self, kind, end):
        """What it reported before the end; afterwards there is nothing to report."""
        found = [report for one in self.rtcp if one.source == self.rtcp_at for report in wire.rtcp(one)]
        return [report for report in found if isinstance(report, kind) and report.at < end]


def of_line(at_caller, at_callee, line):
    caller, callee = Side(at_caller, CALLER, line), Side(at_callee, CALLEE, line)
    invite = caller.requests("INVITE")[0]
    answers = [message for message in caller.sip if message.status and message.method == "INVITE"]
    final = next(message for message in answers if message.status >= 200)
    heard = next((message for message in answers if message.status >= 180), final)
    byes = [(side.requests("BYE"), name) for side, name in ((caller, "caller"), (callee, "callee"))]
    byes = [(bye.at, name) for found, name in byes for bye in found]
    end, disconnected_by = min(byes, default=(final.at, None))
    answered = final.status == 200
    truth = Truth(
        call_id=invite.call_id,
        state=STATES.get(final.status, "fail"),
        status=final.status,
        caller=invite.user("from"),
        callee=invite.user("to"),
        caller_software=invite.software(),
        callee_software=next(message.software() for message in callee.sip if message.status),
        pdd_ms=(heard.at - invite.at) * 1000,
        duration_s=end - invite.at,
        connect_duration_s=end - final.at if answered else 0,
        disconnected_by=disconnected_by,
        at_caller=caller.blocks(),
        at_callee=callee.blocks(),
    )
    if answered:
        truth.caller_stream, truth.callee_stream = stream(caller, callee, end), stream(callee, caller, end)
    return truth


def stream(sender, receiver, end):
    packets = sender.sent()
    ssrc = packets[0].ssrc
    if any(packet.ssrc != ssrc for packet in packets):
        raise SystemExit("calls: a phone changed its SSRC")
    codec, clock_rate = CODECS[packets[0].payload_type]
    return Stream(
        ssrc=ssrc,
        codec=codec,
        clock_rate=clock_rate,
        sent=len(packets),
        received=len({packet.sequence for packet in receiver.received() if packet.ssrc == ssrc}),
        blocks=[block for block in receiver.reports(wire.Block, end) if block.ssrc == ssrc],
        senders=[report for report in sender.reports(wire.Sent, end) if report.ssrc == ssrc],
    )
