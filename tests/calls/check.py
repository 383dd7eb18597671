"""What must hold of the truth, and of the summaries against it."""

# The two phones disagree by what is on its way when one of them hangs up; little, but on a busy
# machine.
UNDERWAY = 25
REPORT_EVERY_S, PACKETS_PER_S = 5, 50
# What may have been sent since the last report; a report is late rather than early.
SINCE_REPORT = (REPORT_EVERY_S + 1) * PACKETS_PER_S


class Checks:
    def __init__(self):
        self.passed, self.failures = 0, []

    def that(self, holds, what):
        if holds:
            self.passed += 1
        else:
            self.failures.append(what)

    def same(self, got, expected, what):
        self.that(got == expected, f"{what} is {got!r}, not {expected!r}")

    def near(self, got, expected, tolerance, what):
        close = isinstance(got, (int, float)) and abs(got - expected) <= tolerance
        self.that(close, f"{what} is {got!r}, not {expected:.3f} ± {tolerance}")

    def verdict(self):
        for failure in self.failures:
            print(f"calls: {failure}")
        print(f"{self.passed} passed, {len(self.failures)} failed", flush=True)
        return 1 if self.failures or not self.passed else 0


def streams(truth):
    """The two streams of a call by the edge and direction where each shows: as it comes from a
    phone, and as it leaves for one."""
    return {
        ("sip_edge", "inbound"): truth.caller_stream,
        ("carrier_edge", "outbound"): truth.caller_stream,
        ("carrier_edge", "inbound"): truth.callee_stream,
        ("sip_edge", "outbound"): truth.callee_stream,
    }


def truths(checks, truths, dropped):
    """That the calls went as they were meant to, and that two ways of counting agree."""
    meant = {
        "clean": ("completed", "callee"),
        "lossy": ("completed", "caller"),
        "busy": ("busy", None),
        "cancelled": ("canceled", None),
        "no-answer": ("noanswer", None),
        "no-rtcp": ("completed", "caller"),
    }
    for name, truth in truths.items():
        print(f"{name}: {truth}")
        checks.same((truth.state, truth.disconnected_by), meant[name], f"truth of {name}: how it ended")
        for stream in filter(None, (truth.caller_stream, truth.callee_stream)):
            print(f"  {stream}")
            # The first rule is the one that loses what the caller of this call says.
            expected = dropped[0] if stream is truths["lossy"].caller_stream else 0
            what = f"truth of {name}: of {stream.sent} packets {stream.lost} lost, {expected} of them on purpose"
            checks.that(0 <= stream.lost - expected <= UNDERWAY, what)
            checks.that(len(stream.blocks) >= 2, f"truth of {name}: {len(stream.blocks)} reports")
            unreported = stream.lost - stream.reported_lost, stream.sent - stream.reported_sent
            checks.that(all(0 <= count <= SINCE_REPORT for count in unreported), f"truth of {name}: {unreported} not reported")
    checks.that(dropped[0] > 50, f"only {dropped[0]} packets were lost on purpose")
    checks.that(dropped[1] >= 4, f"only {dropped[1]} packets of RTCP were kept back")
    checks.that(truths["clean"].pdd_ms > 400, "the first INVITE to the callee was not dropped")


def summaries(checks, truths, server):
    found = {name: server.summary(truth.call_id) for name, truth in truths.items()}
    missing = {name: summary.get("processing_state") for name, summary in found.items()}
    missing = {name: state for name, state in missing.items() if state != "complete"}
    checks.same(missing, {}, "the processing state of summaries")
    if missing:
        return
    for name, truth in truths.items():
        signalling(checks, name, truth, found[name])
    for name in ("clean", "lossy"):
        for (edge, direction), stream in streams(truths[name]).items():
            told = media(found[name], edge, direction)
            measured(checks, f"{name}: {edge}.{direction}", stream, told or {})
    for name in truths.keys() - {"clean", "lossy"}:
        for edge in ("sip_edge", "carrier_edge"):
            checks.same((found[name][edge] or {}).get("metrics"), None, f"{name}: {edge}.metrics")
    for edge, direction in (("sip_edge", "inbound"), ("carrier_edge", "outbound")):
        mos = [(media(found[name], edge, direction) or {}).get("mos", {}).get("avg") for name in ("lossy", "clean")]
        checks.that(None not in mos and 1 <= mos[0] < mos[1] <= 4.5, f"{edge}.{direction}: MOS of lossy and clean are {mos}")


def signalling(checks, name, truth, summary):
    properties = summary["properties"] or {}
    for what, got, expected in (
        ("call_state", summary["call_state"], truth.state),
        ("disconnected_by", properties.get("disconnected_by"), truth.disconnected_by),
        ("last_sip_response_num", properties.get("last_sip_response_num"), truth.status),
        ("from", summary["from"].get("caller"), truth.caller),
        ("to", summary["to"].get("callee"), truth.callee),
        ("sip_edge.user_agent", agent(summary, "sip_edge"), truth.caller_software),
        ("carrier_edge.user_agent", agent(summary, "carrier_edge"), truth.callee_software),
    ):
        # Who ends a call that nobody answered is its state.
        if what != "disconnected_by" or expected:
            checks.same(got, expected, f"{name}: {what}")
    checks.near(properties.get("pdd_ms"), truth.pdd_ms, 30, f"{name}: pdd_ms")
    # Whole seconds, rounded down, by the proxy's view of when it began and ended.
    checks.near(summary["duration"], truth.duration_s, 1.1, f"{name}: duration")
    checks.near(summary["connect_duration"] or 0, truth.connect_duration_s, 1.1, f"{name}: connect_duration")


def measured(checks, where, stream, told):
    checks.same((told.get("codec_name") or "").lower(), stream.codec, f"{where}: codec_name")
    # What was on the wire, exactly.
    checks.same(told.get("packets_lost"), stream.reported_lost, f"{where}: packets_lost")
    checks.same(told.get("packets_sent"), stream.reported_sent, f"{where}: packets_sent")
    average, largest = stream.jitter_ms
    jitter = told.get("jitter") or {}
    checks.near(jitter.get("avg"), average, 0.01, f"{where}: jitter.avg")
    checks.near(jitter.get("max"), largest, 0.01, f"{where}: jitter.max")
    # What was the case, but for what nobody reported any more.
    percent = 100 * stream.lost / stream.sent
    checks.near(told.get("packets_loss_percentage"), percent, 1.5, f"{where}: packets_loss_percentage")
    checks.near(told.get("packets_sent"), stream.sent, SINCE_REPORT, f"{where}: packets_sent, of all")
    checks.near(told.get("packets_lost"), stream.lost, stream.sent - stream.reported_sent, f"{where}: packets_lost, of all")


def agent(summary, edge):
    return (summary[edge] or {}).get("properties", {}).get("user_agent")


def media(summary, edge, direction):
    return ((summary[edge] or {}).get("metrics") or {}).get(direction)


def counters(checks, server, mirrored):
    """Everything that was mirrored was taken, and nothing of it dropped."""
    hep = {name: value for name, value in server.metrics().items() if "hep" in name}
    dropped = {name: value for name, value in hep.items() if "drop" in name and value}
    checks.same(dropped, {}, "what /metrics counts as dropped")
    received = sum(value for name, value in hep.items() if name.startswith("sidetone_hep_packets_total"))
    checks.same(received, mirrored, "what /metrics counts as received")
