"""Keeps calls as fixtures/hep has them: what was mirrored of each, and what happened, by the same
names."""

import json
import os

import wire


def calls(place, truths, hep):
    os.makedirs(place, exist_ok=True)
    for name, truth in truths.items():
        path = os.path.join(place, name)
        wire.write(path + ".pcap", [packet for packet in hep if truth.call_id.encode() in packet.payload])
        with open(path + ".json", "w") as file:
            json.dump({"name": name, **told(truth)}, file, indent=1)


def told(truth):
    return {
        "call_state_expected": truth.state,
        "hangup_by": truth.disconnected_by,
        "caller_leg": {
            "call_id": truth.call_id,
            "from_user": truth.caller,
            "to_user": truth.callee,
            "user_agent_caller": truth.caller_software,
            "server_header": truth.callee_software,
            "pdd_ms": round(truth.pdd_ms, 1),
            "final_status": truth.status,
            "duration_s": round(truth.connect_duration_s, 3),
        },
        "end_to_end": {
            "caller_to_callee": stream(truth.caller_stream),
            "callee_to_caller": stream(truth.callee_stream),
        },
        "rtcp_on_wire_at_caller": [block(*one) for one in truth.at_caller],
        "rtcp_on_wire_at_callee": [block(*one) for one in truth.at_callee],
    }


def stream(one):
    if not one:
        return []
    counts = {"ssrc": one.ssrc, "codec": one.codec.upper(), "sent": one.sent, "received": one.received, "lost": one.lost}
    return [{**counts, "lost_pct": round(100 * one.lost / one.sent, 3)}]


def block(source, report):
    return {
        "t": report.at,
        "src": source,
        "pt": str(report.kind),
        "reporter_ssrc": f"0x{report.reporter:08x}",
        "block_ssrc": f"0x{report.ssrc:08x}",
        "fraction": str(report.fraction),
        "cum": str(report.lost),
        "jitter": str(report.jitter),
        "ext_high": str(report.highest),
    }
