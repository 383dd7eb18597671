"""The seeded calls. Pure: the same `now` gives the same calls, so every expectation can be
computed."""

import hashlib
import random
from datetime import datetime, timedelta, timezone

# Minutes ago, within the default 4 h.
RECENT = [5 + 6.5 * i for i in range(14)] + [150 + 4.5 * i for i in range(12)]
OLDER = [60 * h for h in (6, 9, 13, 21, 30, 50, 76, 110, 160, 240, 330, 460)]  # up to 20 days
SCRATCH_DAYS = 25  # annotated by tests: older than every filter window in use (3w), younger than 4w
RATED_DAYS = 36  # rated by tests: older than every window of a list
# Rated and summed up: older still, three days apart, so that nobody counts another's calls.
SUMMED_DAYS = 40

TYPES = ("carrier", "sip", "trunking", "client")
EDGES = {
    "carrier": ("carrier_edge",),
    "sip": ("sip_edge",),
    "trunking": ("sip_edge", "carrier_edge"),
    "client": ("client_edge", "sdk_edge"),
}
STATES = ("completed", "completed", "completed", "busy", "noanswer", "fail", "canceled")
SIP_CODES = {"completed": 200, "busy": 486, "noanswer": 480, "fail": 503, "canceled": 487}
AMD = ("unknown", "human", "machine_start", "machine_end_beep", "machine_end_silence", "machine_end_other", "fax")
TAGS = ([], [], ["high_jitter"], ["silence", "high_pdd"], ["high_packet_loss"])
CARRIERS = (("AT&T Wireless", "US", "1555"), ("Vodafone GmbH", "DE", "49151"), ("Telkom SA", "ZA", "2782"))
BUNDLES = ("BU" + "5c" * 16, "BU" + "6d" * 16)


def sid(name, prefix="CA"):
    return prefix + hashlib.sha256(("sidetone clients " + name).encode()).hexdigest()[:32]


def stamp(moment):
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def now():
    return datetime.now(timezone.utc).replace(microsecond=0)


def listed(account, at):
    """Calls that the filters of a list are tried on."""
    dice = random.Random(1876)
    return [summary(account, "listed %d" % i, i, at, ago, dice) for i, ago in enumerate(RECENT + OLDER)]


def scratch(account, at, name, turn):
    dice = random.Random(name)
    return summary(account, "scratch " + name, 0, at, SCRATCH_DAYS * 24 * 60 + 7 * turn, dice)


def rated(account, at, name):
    return summary(account, "rated " + name, 0, at, RATED_DAYS * 24 * 60, random.Random(name))


def summed_day(at, turn):
    return at.replace(hour=0, minute=0, second=0) - timedelta(days=SUMMED_DAYS + 3 * turn)


def summed(account, day, name, count):
    """Calls of one day: the first starts with it, the last one in its last second."""
    starts = [day + n * timedelta(hours=4) for n in range(count - 1)] + [day + timedelta(hours=24, seconds=-1)]
    return [summary(account, "summed %s %d" % (name, n), 0, start, 0, random.Random(name))
            for n, start in enumerate(starts)]


def summary(account, name, i, at, minutes_ago, dice):
    kind = TYPES[i % 4]
    state = dice.choice(STATES)
    start = at - timedelta(minutes=minutes_ago)
    # Durations beyond the distance between starts make the two sort orders differ.
    duration = 20 + (i * 353) % (240 if i < 3 else 520)
    ring = 4 + i % 9
    answered = state == "completed"
    queue_ms = (i % 3) * 1000
    return {
        "account_sid": account,
        "call_sid": sid(name),
        "parent_account_sid": None,
        "parent_call_sid": sid("parent of " + name) if i % 5 == 0 else None,
        "call_type": kind,
        "call_state": state,
        "answered_by": dice.choice(AMD),
        "processing_state": "complete",
        "processing_version": 3,
        "created_time": stamp(start - timedelta(milliseconds=queue_ms)),
        "start_time": stamp(start),
        "end_time": stamp(start + timedelta(seconds=duration)),
        "duration": duration,
        "connect_duration": duration - ring if answered else 0,
        "from": party("caller", kind, i, dice),
        "to": party("callee", kind, i + 1, dice),
        **{edge: None for edge in ("carrier_edge", "client_edge", "sdk_edge", "sip_edge")},
        **{edge: measured(edge, i) for edge in EDGES[kind]},
        "tags": dice.choice(TAGS),
        "attributes": {"conference_participant": i % 6 == 0},
        "properties": {
            "pdd_ms": 80 + 13 * i,
            "last_sip_response_num": SIP_CODES[state],
            "direction": direction(kind, i),
            "disconnected_by": ("caller", "callee")[i % 2],
            "queue_time": queue_ms,
        },
        "trust": trust(i),
        "annotation": None,
    }


def direction(kind, i):
    if kind == "trunking":
        return ("trunking_originating", "trunking_terminating")[i // 4 % 2]
    return ("inbound", "outbound_api", "outbound_dial")[i // 4 % 3]


def party(role, kind, i, dice):
    if kind == "client" and role == "caller":
        return {
            role: "client:agent_%d" % (i // 4 % 2),
            "connection": "twilio_sdk",
            "country_code": "US",
            "ip_address": "203.0.113.%d" % (i + 1),
            "location": {"lat": 37.4192, "lon": -122.0574},
            "sdk": {"type": "twilio-js-sdk", "version": "2.11.2", "platform": "WebRTC", "edge_location": "ashburn",
                    "browser": {"name": "Firefox", "major": "128", "version": "128.0"},
                    "os": {"name": "Linux", "version": "6.1"}},
        }
    if kind == "sip" and role == "callee":
        return {role: "sip:desk%d@pbx.example.com" % (i // 4 % 2), "connection": "sip_interface", "country_code": "US"}
    carrier, country, prefix = dice.choice(CARRIERS)
    return {
        role: "+%s%07d" % (prefix, 5550100 + i % 3),
        "carrier": carrier,
        "connection": ("mobile", "landline", "voip")[i % 3],
        "country_code": country,
        "number_prefix": prefix[:4],
        "location": {"lat": 40.83885, "lon": -74.04568},
    }


def measured(edge, i):
    received = 900 + 11 * i
    inbound = {
        "codec": 0, "codec_name": "pcmu", "packets_received": received, "packets_lost": i % 4,
        "packets_loss_percentage": round(100 * (i % 4) / (received + i % 4), 4),
        "jitter": {"avg": 0.48 + i / 100, "max": 1.48 + i / 10},
    }
    outbound = {
        "codec": 0, "codec_name": "pcmu", "packets_sent": received + 16, "packets_lost": 0,
        "packets_loss_percentage": 0.0, "jitter": {"avg": 0.36, "max": 0.52},
    }
    if edge == "sdk_edge":
        inbound.update({"mos": {"avg": 4.2, "max": 4.4, "min": 3.9}, "rtt": {"avg": 81, "max": 120, "min": 60},
                        "audio_in": {"avg": 812.5, "max": 20011}, "audio_out": {"avg": 1500.25, "max": 30000}})
        return {
            "properties": {"direction": "outbound", "settings": {"dscp": True, "ice_restart_enabled": False,
                                                                 "edge": "roaming", "selected_edges": ["roaming"]}},
            "metrics": {"inbound": inbound, "outbound": {"codec": 111, "codec_name": "opus"}},
            "events": {"levels": {"INFO": 4, "WARNING": 1}, "groups": {"connection": 5}, "errors": {}},
        }
    return {
        "properties": {"direction": ("inbound", "outbound")[i % 2], "media_region": "us1", "signaling_region": "us1",
                       "edge_location": "ashburn"},
        "metrics": {"inbound": inbound, "outbound": outbound},
    }


def trust(i):
    # Each flag is said outright for every call, so that `false` means the same to every reader.
    branded = {"enabled": False, "logo": False}
    if i % 3 == 0:
        branded = {
            "enabled": True, "display_name": "Owl bank", "long_display_name": "Owl bank Ltd",
            "bundle_sid": BUNDLES[i % 2], "logo": i % 2 == 0, "type": ("in_band", "out_of_band")[i // 3 % 2],
            "use_case": ("Customer Care", "Sales")[i // 3 % 2], "call_reason": ("Card blocked", "Call back")[i % 2],
        }
    integrity = {"enabled": False}
    if i % 4 < 2:
        integrity = {"enabled": True, "bundle_sid": BUNDLES[i % 2], "use_case": ("customer_support", "survey/research")[i % 2]}
    return {
        "verified_caller": {"verified": i % 5 != 0},
        "branded": branded,
        "business_profile": {
            "bundle_sid": BUNDLES[i // 2 % 2], "identity": ("direct_customer", "isv_reseller_or_partner")[i % 2],
            "industry": ("banking", "retail", "healthcare")[i % 3], "type": ("primary", "secondary")[i // 3 % 2],
        },
        "voice_integrity": integrity,
    }


def annotation(i):
    """What people say about the i-th listed call; nothing about every third one."""
    if i % 3 == 2:
        return None
    return {
        "AnsweredBy": ("human", "machine")[i % 2],
        "ConnectivityIssue": ("no_connectivity_issue", "dropped_call", "caller_id", "invalid_number")[i // 2 % 4],
        "QualityIssues": ("no_quality_issue", "echo, low_volume", "choppy_robotic", "owa,static_noise", "echo")[i % 5],
        "Spam": ("true", "false")[i // 3 % 2],
        "CallScore": str(1 + i % 5),
        "Comment": "Seeded %d" % i,
        "Incident": "INC-%d" % (i % 7),
    }
