"""Events and metrics of one SDK call: enough for several small pages, on more than one edge."""

from datetime import datetime, timedelta, timezone

from calls import stamp


def _times(summary):
    start = datetime.strptime(summary["start_time"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    return lambda second: stamp(start + timedelta(seconds=second))


def _item(summary, timestamp, edge, data, **fields):
    edges = {name: None for name in ("carrier_edge", "sip_edge", "sdk_edge", "client_edge")}
    edges[edge] = data
    return {"timestamp": timestamp, "call_sid": summary["call_sid"], "account_sid": summary["account_sid"],
            "edge": edge, **fields, **edges}


def events(summary):
    at = _times(summary)
    gateway = {"metadata": {"region": "us1", "twilio_ip": "198.51.100.7", "external_ip": "203.0.113.9",
                            "edge_location": "ashburn"}}
    device = {"client_name": "agent_0", "city": "Mountain View", "country_code": "US",
              "location": {"lat": 37.4192, "lon": -122.0574}, "ip_address": "203.0.113.9",
              "sdk": {"type": "twilio-js-sdk", "version": "2.11.2", "platform": "WebRTC"}}

    def sdk(second, group, name, level, **data):
        return _item(summary, at(second), "sdk_edge", {**data, "metadata": device}, group=group, name=name, level=level)

    def edge(second, name):
        return _item(summary, at(second), "client_edge", gateway, group="call", name=name, level="INFO")

    return [
        sdk(0, "settings", "init", "INFO"),
        edge(1, "call.initiated"),
        sdk(2, "connection", "outgoing", "INFO"),
        edge(3, "call.ringing"),
        edge(5, "call.connected"),
        sdk(6, "network-quality-warning-raised", "high-rtt", "WARNING",
            metric={"threshold": 400, "values": [420, 431, 455]}),
        sdk(8, "network-quality-warning-cleared", "high-rtt", "INFO"),
        sdk(9, "connection", "error", "ERROR", error={"code": 31600, "message": "gone"}),
        sdk(10, "feedback", "received", "INFO", feedback={"score": 4, "reason": "echo"}),
        edge(11, "call.completed"),
    ]


def metrics(summary):
    at = _times(summary)
    found = []
    for n in range(1, 5):
        second, packets = 10 * n, 500 * n
        found.append(_item(
            summary, at(second), "sdk_edge",
            {"interval": {"codec_name": "opus", "packets_received": 500, "packets_lost": n, "jitter": {"value": 4 + n},
                          "rtt": {"value": 81}, "mos": {"value": 4.39}, "audio_in": {"value": 81.0},
                          "audio_out": {"value": 5237.0}},
             "cumulative": {"packets_received": packets, "packets_lost": n * (n + 1) // 2, "packets_sent": packets,
                            "bytes_received": 160 * packets, "bytes_sent": 160 * packets}},
            direction="both"))
        # One second apart: the order within one timestamp is not promised.
        for step, way in enumerate(("inbound", "outbound"), start=1):
            found.append(_item(
                summary, at(second + step), "client_edge",
                {"interval": {"codec": 0, "codec_name": "pcmu", "packets_lost": 0, "packets_loss_percentage": 0.0,
                              "jitter": {"value": 0.5}, "packets_" + ("received", "sent")[step - 1]: 500},
                 "cumulative": {"packets_" + ("received", "sent")[step - 1]: packets, "packets_lost": 0,
                                "jitter": {"max": 1.5, "avg": 0.5}}},
                direction=way))
    return found
