"""Fills a running server through its doors and writes down what clients must find.

usage: python3 seed --url URL --accounts FILE --manifest FILE

FILE of accounts: {"parent": {"account_sid","auth_token"}, "subaccount": {...}, "api_key": {"key_sid","secret"}}
"""

import argparse
import email.utils
import json

import calls
import filters
import samples
from door import Door, cloud_event, wait_until

CLIENTS = ("python7", "python8", "python9", "node3", "node4", "node6", "go", "java9", "java10", "schemathesis")
SCRATCH_EACH = 4
# Clients that know Call Feedback, and the calls that each one rates and sums up.
RATERS = ("python7", "python8", "node3", "node40", "java9")
RATED_EACH, RATED_BELOW = 4, 2
SUMMED_EACH, SUMMED_BELOW = 5, 2
RUNNING = 3


def main():
    ask = argparse.ArgumentParser()
    ask.add_argument("--url", required=True)
    ask.add_argument("--accounts", required=True)
    ask.add_argument("--manifest", required=True)
    options = ask.parse_args()
    with open(options.accounts) as file:
        accounts = json.load(file)
    at = calls.now()
    parent, child = accounts["parent"], accounts["subaccount"]
    own = Door(options.url, parent["account_sid"], parent["auth_token"])
    under = Door(options.url, child["account_sid"], child["auth_token"])

    listed = calls.listed(parent["account_sid"], at)
    scratch = {client: [calls.scratch(parent["account_sid"], at, "%s %d" % (client, n), SCRATCH_EACH * turn + n)
                        for n in range(SCRATCH_EACH)] for turn, client in enumerate(CLIENTS)}
    below = {client: calls.scratch(child["account_sid"], at, "below " + client, turn)
             for turn, client in enumerate(CLIENTS)}
    ratings = {client: to_rate(parent["account_sid"], child["account_sid"], at, client, turn)
               for turn, client in enumerate(RATERS)}
    detailed = next(c for c in listed if c["call_type"] == "client")
    events, metrics = samples.events(detailed), samples.metrics(detailed)

    batch = [("call-summary.complete", "CallSummary/2", c) for c in listed + sum(scratch.values(), [])]
    batch += [("call-summary.complete", "CallSummary/2", c) for own_calls, _ in ratings.values() for c in own_calls]
    batch += [(gateway_or_sdk("call-event", e), "CallEvent/3", e) for e in events]
    batch += [(gateway_or_sdk("call-metrics", m), "CallMetric/2", m) for m in metrics]
    stream(own, batch, 0)
    under_calls = list(below.values()) + [c for _, calls_below in ratings.values() for c in calls_below]
    stream(under, [("call-summary.complete", "CallSummary/2", c) for c in under_calls], 100000)

    running = [start_call(own, parent["account_sid"], n, at) for n in range(RUNNING)]
    complete = len(listed) + sum(map(len, scratch.values())) + len(RATERS) * (RATED_EACH + SUMMED_EACH)
    for door, count in ((own, complete), (under, len(under_calls))):
        wait_until("%d complete calls" % count, lambda: len(door.get(
            "/v1/Voice/Summaries", StartTime="52w", ProcessingState="completed", PageSize=1000)["call_summaries"]) >= count)
    wait_until("%d running calls" % RUNNING, lambda: len(own.get(
        "/v1/Voice/Summaries", ProcessingState="partial", PageSize=1000)["call_summaries"]) >= RUNNING)

    notes = {call["call_sid"]: calls.annotation(i) for i, call in enumerate(listed)}
    for call_sid, note in notes.items():
        if note:
            own.form("/v1/Voice/%s/Annotation" % call_sid, note)

    with open(options.manifest, "w") as file:
        json.dump({
            "url": options.url.rstrip("/"),
            **accounts,
            "calls": {c["call_sid"]: c for c in listed},
            "annotations": notes,
            "newest_first": [c["call_sid"] for c in sorted(listed, key=lambda c: c["end_time"], reverse=True)],
            "recent": [c["call_sid"] for c in listed[:len(calls.RECENT)]],
            "filters": filters.cases(listed, notes, parent["account_sid"]),
            "detailed": {"call_sid": detailed["call_sid"], "events": events, "metrics": metrics},
            "running": running,
            "scratch": {client: [c["call_sid"] for c in found] for client, found in scratch.items()},
            "subaccount_calls": {client: c["call_sid"] for client, c in below.items()},
            "feedback": {client: sorted_out(*pair, calls.summed_day(at, turn))
                         for turn, (client, pair) in enumerate(ratings.items())},
            "unknown": calls.sid("a call that never was"),
        }, file, indent=1)
    print("seeded %d calls, %d events, %d metrics, %d running calls" % (
        complete + len(under_calls), len(events), len(metrics), RUNNING))


def to_rate(parent, child, at, client, turn):
    """Calls of the account and of the one below: those to be rated, then those to be summed up."""
    day = calls.summed_day(at, turn)
    return [[calls.rated(account, at, "%s %s %d" % (client, account, n)) for n in range(rated)]
            + calls.summed(account, day, "%s %s" % (client, account), summed)
            for account, rated, summed in ((parent, RATED_EACH, SUMMED_EACH), (child, RATED_BELOW, SUMMED_BELOW))]


def sorted_out(own, below, day):
    own, below = [c["call_sid"] for c in own], [c["call_sid"] for c in below]
    return {"rated": own[:RATED_EACH], "rated_below": below[:RATED_BELOW], "day": calls.stamp(day)[:10],
            "summed": own[RATED_EACH:], "summed_below": below[RATED_BELOW:]}


def gateway_or_sdk(kind, item):
    return kind + (".sdk" if item["edge"] == "sdk_edge" else ".gateway")


def stream(door, rows, first):
    batch = [cloud_event(kind, schema, first + n, data, as_text=n == 1) for n, (kind, schema, data) in enumerate(rows)]
    for again in (False, True):
        reply = door.json("/ingest/v1/event-streams", batch)
        # Deliveries are repeated in real life: the second one must change nothing.
        expected = {"accepted": 0 if again else len(batch), "duplicates": len(batch) if again else 0,
                    "rejected": 0, "ignored": 0, "errors": []}
        if reply != expected:
            raise SystemExit("seed: event streams answered %s, expected %s" % (reply, expected))


def start_call(door, account, n, at):
    call = calls.sid("running %d" % n)
    for number, status in enumerate(("initiated", "ringing", "in-progress")):
        door.form("/ingest/v1/status-callback", {
            "CallSid": call, "AccountSid": account, "ApiVersion": "2010-04-01", "Direction": "outbound-api",
            "From": "+15550001111", "To": "+1555000222%d" % n, "CallStatus": status, "SequenceNumber": number,
            "CallbackSource": "call-progress-events", "Timestamp": email.utils.format_datetime(at),
        })
    return call


main()
