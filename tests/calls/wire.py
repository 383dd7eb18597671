"""What stands in a capture: SIP, RTP and RTCP of the phones, as RFC 3261 and RFC 3550 have them."""

import struct
from typing import NamedTuple

MAGIC_US, ETHERNET = 0xA1B2C3D4, 1


class Datagram(NamedTuple):
    at: float
    source: tuple
    target: tuple
    payload: bytes
    frame: bytes


def read(path):
    """The UDP datagrams of a pcap file of Ethernet frames. Ours are never fragments."""
    with open(path, "rb") as file:
        data = file.read()
    magic, *_, link = struct.unpack_from("<IHHiIII", data)
    if (magic, link) != (MAGIC_US, ETHERNET):
        raise SystemExit(f"{path}: not a capture of ours")
    place = 24
    while place + 16 <= len(data):
        seconds, micros, size, _ = struct.unpack_from("<IIII", data, place)
        frame = data[place + 16 : place + 16 + size]
        place += 16 + size
        if frame[12:14] != b"\x08\x00" or frame[23] != 17:
            continue
        ip = frame[14:]
        udp = ip[(ip[0] & 15) * 4 :]
        source, target, length, _ = struct.unpack_from("!HHHH", udp)
        address = [".".join(map(str, ip[start : start + 4])) for start in (12, 16)]
        yield Datagram(seconds + micros / 1e6, (address[0], source), (address[1], target), udp[8:length], frame)


def write(path, datagrams):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", MAGIC_US, 2, 4, 0, 0, 262144, ETHERNET))
        for datagram in datagrams:
            size = len(datagram.frame)
            file.write(struct.pack("<IIII", *divmod(round(datagram.at * 1e6), 10**6), size, size) + datagram.frame)


class Sip:
    """A message, with the headers that the truth is told by. Phones of ours fold no lines."""

    def __init__(self, datagram):
        self.at, self.source, self.target = datagram.at, datagram.source, datagram.target
        head = datagram.payload.partition(b"\r\n\r\n")[0].decode(errors="replace").split("\r\n")
        self.headers = {}
        for line in head[1:]:
            name, _, value = line.partition(":")
            self.headers.setdefault(name.strip().lower(), value.strip())
        first = head[0].split(" ")
        self.status = int(first[1]) if first[0] == "SIP/2.0" else None
        self.method = self.headers["cseq"].split()[1] if self.status else first[0]
        self.call_id = self.headers["call-id"]

    def user(self, header):
        return self.headers[header].partition("sip:")[2].partition("@")[0]

    def software(self):
        return self.headers.get("user-agent") or self.headers.get("server")


def is_sip(payload):
    return b"SIP/2.0" in payload.partition(b"\r\n")[0]


class Rtp(NamedTuple):
    at: float
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int


def rtp(datagram):
    _, kind, sequence, timestamp, ssrc = struct.unpack_from("!BBHII", datagram.payload)
    return Rtp(datagram.at, kind & 127, sequence, timestamp, ssrc)


class Block(NamedTuple):
    """What a receiver reports of a stream."""

    at: float
    kind: int
    reporter: int
    ssrc: int
    fraction: int
    lost: int
    highest: int
    jitter: int


class Sent(NamedTuple):
    """What a sender reports of its own stream."""

    at: float
    ssrc: int
    packets: int


def rtcp(datagram):
    """The reports of a compound packet."""
    data, reports = datagram.payload, []
    while len(data) >= 8:
        first, kind, words = struct.unpack_from("!BBH", data)
        packet, data = data[: 4 * words + 4], data[4 * words + 4 :]
        if kind not in (200, 201):
            continue
        (reporter,), blocks = struct.unpack_from("!I", packet, 4), packet[8:]
        if kind == 200:
            reports.append(Sent(datagram.at, reporter, *struct.unpack_from("!12xI", blocks)))
            blocks = packet[28:]
        for number in range(first & 31):
            ssrc, loss, highest, jitter = struct.unpack_from("!IIII", blocks, 24 * number)
            lost = loss & 0xFFFFFF
            lost -= lost >> 23 << 24
            reports.append(Block(datagram.at, kind, reporter, ssrc, loss >> 24, lost, highest, jitter))
    return reports
