"""Points generated requests at things that exist; without it nearly every case would be a 404."""

import atexit
import base64
import collections
import hashlib
import hmac
import json
import os
import re
import time
import urllib.parse
import urllib.request
import zlib

import schemathesis

with open(os.environ["SIDETONE_MANIFEST"]) as file:
    MANIFEST = json.load(file)

# Only calls set aside for this: no other suite looks at their annotations.
CALLS = MANIFEST["scratch"]["schemathesis"] + [MANIFEST["detailed"]["call_sid"], MANIFEST["running"][1]]
PARENT, CHILD = MANIFEST["parent"], MANIFEST["subaccount"]["account_sid"]
SUMMARIES = "/2010-04-01/Accounts/%s/Calls/FeedbackSummary.json" % PARENT["account_sid"]
STATUSES = collections.defaultdict(collections.Counter)
WELL_FORMED = re.compile(r"^((AF|AR|BA|CA|DF|DG|FS|AC)[0-9a-fA-F]{32}|voiceinsights_report_[0-9a-z]{26})$")
# Words of closed sets that the document tells in prose, since any two of them may stand together.
WORDS = {
    "TimeZone": ["UTC", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe"],
    "GroupBy": ["CallState", "Carrier,Tag", "From", "UserAgent,SipResponse", "Comment"],
    "OrderBy": ["-calls", "mos", "-packet_loss"],
    "Measures": ["calls", "answered,pdd,mos", "duration,connect_duration,jitter,packet_loss,rtt", "call_score,spam"],
}
# Nobody listens there: whoever is named in a generated request must not be called.
NOWHERE = "http://127.0.0.1:9/"
FORM = "application/x-www-form-urlencoded"
COMPLETE = "com.twilio.voice.insights.call-summary.complete"
SINK = {"Description": "hook", "SinkType": "webhook", "SinkConfiguration": json.dumps({"destination": NOWHERE})}
RECEIVER = {"Description": "hook", "Type": "webhook", "Configuration": json.dumps({"url": NOWHERE})}
RULE = {"Name": "hook", "Measure": "calls", "Above": "1000000"}
# Parts of paths that are words of the server's own.
OF_STREAMS = {"Type": COMPLETE, "Id": "VoiceInsights.CallMetric", "Version": 2}
# What is generated is hardly ever a good event, a packet or a line of a batch; a body without one is
# refused. The shortest there are.
WELL_FORMED_BODIES = {
    "/ingest/v1/events": (
        "application/json",
        [{"call_sid": CALLS[0], "at": "2026-06-01T10:00:00Z", "kind": "edge", "edge": "sip_edge", "group": "test", "name": "test"}],
    ),
    "/ingest/v1/hep": ("application/octet-stream", b"HEP3\x00\x06"),
    "/v1/Voice/Annotations": ("text/csv", "call_sid,call_score\n%s,1" % CALLS[0]),
    "/v1/Voice/Alerts/Receivers": (FORM, RECEIVER),
    "/v1/Voice/Alerts/Rules": (FORM, RULE),
    "/v1/Voice/Alerts/Rules/{Sid}": (FORM, {"Above": "2000000"}),
    "/v1/Sinks": (FORM, SINK),
    "/v1/Subscriptions/{Sid}/SubscribedEvents": (FORM, {"Type": COMPLETE}),
    "/v4/EndpointEvents": ("application/json", {"group": "test", "name": "test", "payload": {"call_sid": CALLS[0]}}),
    "/v4/EndpointMetrics": (
        "application/json",
        {"group": "test", "name": "test", "payload": [{"call_sid": CALLS[0], "timestamp": "2026-06-01T10:00:00Z"}]},
    ),
}
alive = []
people = []
subscribed = []
kept = {}
lent = []
reports = {}
turns = collections.Counter()


def is_well_formed(value):
    return isinstance(value, str) and WELL_FORMED.match(value)


def existing(kind, operation, turn):
    if kind == "vo":
        return report_alive(operation.partition(" ")[2])
    if operation == "DELETE /v1/Voice/{CallSid}/Summary" and kind == "CA":
        # One of its own: the others are still asked for.
        return new_call()
    if kind == "CA":
        return CALLS[turn % len(CALLS)]
    if kind == "AC":
        # Mostly the parent: its calls are not found in the path of the account below.
        return CHILD if turn % 8 == 3 else PARENT["account_sid"]
    if kind == "BA":
        return new_batch()
    if kind == "AF":
        return kept_alive("alert", new_alert)
    if kind == "AR":
        return new_rule() if operation.startswith("DELETE") else kept_alive("rule", new_rule)
    if kind == "DG" and "Receivers" in operation:
        return new_receiver() if operation.startswith("DELETE") else kept_alive("receiver", new_receiver)
    if kind == "DG":
        return new_sink() if operation.startswith("DELETE") else subscription_alive()[0]
    if kind == "DF":
        return lent_subscription() if operation == "DELETE /v1/Subscriptions/{Sid}" else subscription_alive()[1]
    return summary_alive()


def post(path, body, media_type=FORM, method="POST"):
    logins = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    logins.add_password(None, MANIFEST["url"], PARENT["account_sid"], PARENT["auth_token"])
    opener = urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(logins))
    request = urllib.request.Request(MANIFEST["url"] + path, body, {"Content-Type": media_type}, method=method)
    return opener.open(request, timeout=10)


def new_call():
    sid = "CA" + os.urandom(16).hex()
    event = {"call_sid": sid, "at": "2026-06-01T10:00:00Z", "kind": "progress", "step": "initiated"}
    post("/ingest/v1/events", json.dumps([event]).encode(), "application/json").close()
    return sid


def new_batch():
    line = json.dumps({"call_sid": CALLS[0], "call_score": 1}).encode()
    with post("/v1/Voice/Annotations", line, "application/x-ndjson") as answer:
        return answer.headers["Sidetone-Batch"]


def summary_alive():
    """A feedback summary that can be read or removed."""
    if not alive:
        with post(SUMMARIES, b"StartDate=2026-01-01&EndDate=2026-12-31") as answer:
            alive.append(json.load(answer)["sid"])
    return alive[-1]


def report_alive(path):
    """A report that can be read at a path. It is made anew now and then: only the latest are kept."""
    place = path.rpartition("/")[0]
    age, report = reports.get(place, (0, None))
    if age % 20 == 0:
        with post(place, b"") as answer:
            report = json.load(answer)["report_id"]
    reports[place] = (age + 1, report)
    return report


def made(path, form):
    with post(path, urllib.parse.urlencode(form, doseq=True).encode()) as answer:
        return json.load(answer)["sid"]


def new_rule():
    return made("/v1/Voice/Alerts/Rules", {**RULE, "Name": os.urandom(8).hex()})


def new_alert():
    """One that fires: there are no such calls."""
    rule = {"Measure": "calls", "Filters": "Incident=none", "Below": "1", "Window": "60s"}
    made("/v1/Voice/Alerts/Rules", {"Name": os.urandom(8).hex(), **rule})
    for _ in range(100):
        with post("/v1/Voice/Alerts?State=firing", None, method="GET") as answer:
            alerts = json.load(answer)["alerts"]
        if alerts:
            return alerts[0]["sid"]
        time.sleep(0.1)
    raise AssertionError("no alert fires")


def new_receiver():
    return made("/v1/Voice/Alerts/Receivers", RECEIVER)


def kept_alive(what, new):
    """What may be read and changed, and is not deleted."""
    if what not in kept:
        kept[what] = new()
    return kept[what]


def new_sink():
    return made("/v1/Sinks", SINK)


def subscription(sink):
    return {"Description": "hook", "SinkSid": sink, "Types": [json.dumps({"type": COMPLETE})]}


def new_subscription():
    """Sink and subscription."""
    sink = new_sink()
    return sink, made("/v1/Subscriptions", subscription(sink))


def subscription_alive():
    """Sink and subscription."""
    if not subscribed:
        subscribed.extend(new_subscription())
    return subscribed


def lent_subscription():
    """A subscription to be deleted; its sink is forgotten then."""
    sink, sid = new_subscription()
    lent.append(sink)
    return sid


def restore(operation, response):
    """What was made goes at once, as an account has a hundred sinks at most, and a type that was taken out comes back."""
    sinks = []
    if operation == "DELETE /v1/Subscriptions/{Sid}/SubscribedEvents/{Type}" and response.status_code == 204:
        post("/v1/Subscriptions/%s/SubscribedEvents" % subscribed[1], ("Type=" + COMPLETE).encode()).close()
    elif operation == "DELETE /v1/Subscriptions/{Sid}" and response.status_code == 204:
        sinks = [lent.pop()]
    elif operation == "POST /v1/Sinks" and response.status_code == 201:
        sinks = [response.json()["sid"]]
    elif operation in ("POST /v1/Voice/Alerts/Rules", "POST /v1/Voice/Alerts/Receivers") and response.status_code == 201:
        post(operation.partition(" ")[2] + "/" + response.json()["sid"], None, method="DELETE").close()
    elif operation == "POST /v1/Subscriptions" and response.status_code == 201:
        post("/v1/Subscriptions/" + response.json()["sid"], None, method="DELETE").close()
        sinks = [response.json()["sink_sid"]]
    for sink in sinks:
        post("/v1/Sinks/" + sink, None, method="DELETE").close()


def person_alive():
    """Somebody who may be changed."""
    if not people:
        people.append("hook" + os.urandom(8).hex())
        post("/v1/Voice/People", ("Name=%s&Role=viewer" % people[0]).encode()).close()
    return people[0]


def access_token():
    """Allows to tell of one call what an SDK observes."""
    grants = {"sidetone": {"call_sid": CALLS[0], "allow": ["observe"]}}
    sid = PARENT["account_sid"]
    claims = {"iss": sid, "sub": sid, "exp": int(time.time()) + 3600, "grants": grants}

    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    signed = b".".join(part(json.dumps(it).encode()) for it in ({"alg": "HS256"}, claims))
    signature = hmac.digest(PARENT["auth_token"].encode(), signed, hashlib.sha256)
    return (signed + b"." + part(signature)).decode()


TOKEN = access_token()


@schemathesis.hook
def map_query(context, query):
    # What is generated hardly ever makes a rule.
    if context.operation.path == "/v1/Voice/Alerts/Preview" and zlib.crc32(str(query).encode()) % 4:
        return {"Measure": "pdd.p95", "Above": "4000", "GroupBy": "Carrier"}
    # A foreign account is refused before anything else is looked at.
    for name in ("Subaccount", "SubaccountSid"):
        value = (query or {}).get(name)
        if is_well_formed(value) and value.startswith("AC") and zlib.crc32(value.encode()) % 8:
            query[name] = CHILD
    for name, words in WORDS.items():
        if isinstance((query or {}).get(name), str) and re.fullmatch("[A-Za-z0-9_+/,-]+", query[name]):
            query[name] = words[zlib.crc32(query[name].encode()) % len(words)]
    return query


@schemathesis.hook
def before_call(context, case, kwargs):
    # Malformed values stay as they are, and so does every eighth case.
    path = case.path_parameters or {}
    formed = [name for name, value in path.items() if is_well_formed(value)]
    if formed:
        turn = turns[case.operation.label]
        turns[case.operation.label] += 1
        for name in formed if turn % 8 != 7 else ():
            path[name] = existing(path[name][:2], case.operation.label, turn)
    if "Name" in path and zlib.crc32(str(path["Name"]).encode()) % 8:
        path["Name"] = person_alive()
    for name in OF_STREAMS.keys() & path.keys():
        if case.operation.path.startswith(("/v1/Types", "/v1/Schemas", "/v1/Subscriptions")):
            path[name] = OF_STREAMS[name] if zlib.crc32(str(path[name]).encode()) % 8 else path[name]
    if (case.method.upper(), case.operation.path) == ("POST", "/v1/Subscriptions") and turns["subscribed"] % 4 == 3:
        case.media_type, case.body = FORM, subscription(new_sink())
    turns["subscribed"] += case.operation.label == "POST /v1/Subscriptions"
    if case.method == "DELETE" and path.get("Sid") in alive:
        alive.clear()
    if case.operation.path in WELL_FORMED_BODIES and case.method == "POST":
        turn = turns[case.operation.path]
        turns[case.operation.path] += 1
        if turn % 4 == 3:
            case.media_type, case.body = WELL_FORMED_BODIES[case.operation.path]
    if case.operation.path.startswith("/v4/"):
        case.headers["X-Twilio-Token"] = TOKEN
    if isinstance(case.body, dict) and re.match("(?i)https?:", str(case.body.get("StatusCallback", ""))):
        case.body["StatusCallback"] = NOWHERE


@schemathesis.hook
def after_call(context, case, response):
    # Not those with another method, which are tried on the same path.
    if case.method.upper() == case.operation.method.upper():
        restore(case.operation.label, response)
        STATUSES[case.operation.label][response.status_code] += 1


@atexit.register
def write_statuses():
    with open("statuses.json", "w") as out:
        json.dump(STATUSES, out)
