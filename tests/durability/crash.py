"""A crash at each step: of a commit, of copying the log into the database, of removing what is too
old. The calls by which a server writes are traced; between any two of them its files are put
together as a kill leaves them there, and as a loss of power may: what was not synced is on the disk
or not, in any order, and in part. Started on them, a server has everything that was acknowledged,
nothing of what was erased, and `check` finds nothing."""

import os
import random
import re
import shutil
import sys
import tempfile
import time

from server import Server

BATCHES, CALLS = 80, 25
CUTS_OF_A_KIND = 8
# How long calls are kept after they were acknowledged last, seconds.
KEPT = 4
LEDGER = "CA" + "e" * 32
DATABASE, LOG = b"sidetone.db", b"sidetone.db-wal"
SECTOR = 512

WRITE = re.compile(rb'pwrite64\(\d+<(\S+)>, "(\S*)", \d+, (\d+)')
SYNC = re.compile(rb"f(?:data)?sync\(\d+<(\S+)>(.*)")
RESUMED = re.compile(rb"<\.\.\. f(?:data)?sync resumed>\) += 0")
LENGTH = re.compile(rb"ftruncate\(\d+<(\S+)>, (\d+)")
UNLINK = re.compile(rb'unlink\("(\S+)"')
SEND = re.compile(rb'(?:write|writev|sendto|sendmsg)\(.*?"(\S+?)"')


def expect(holds, what):
    if not holds:
        raise SystemExit(f"crash: {what}")


def decode(text):
    return bytes.fromhex(text.decode().replace("\\x", ""))


class File:
    """What is synced of a file, and what was done to it since. None: it is not there."""

    def __init__(self, content=None):
        self.synced, self.since = content, []

    def sync(self, mark):
        """mark: what was done last when the sync began; None: it began now."""
        if mark is None:
            count = len(self.since)
        else:
            count = self.since.index(mark) + 1 if mark in self.since else 0
        self.synced, self.since = after(self.synced, self.since[:count]), self.since[count:]

    def killed(self):
        return after(copy(self.synced), self.since)

    def without_power(self, rng):
        """With some of what was not synced, and some of that in part."""
        kept = [step for step in self.since if rng.random() < 0.5]
        kept = [in_part(step, rng) if rng.random() < 0.2 else step for step in kept]
        return after(copy(self.synced), kept)


def content_of(path):
    if not os.path.exists(path):
        return None
    with open(path, "rb") as file:
        return bytearray(file.read())


def copy(content):
    return None if content is None else bytearray(content)


def after(content, steps):
    for step in steps:
        content = step(content)
    return content


def writing(data, at):
    def write(content):
        content = bytearray() if content is None else content
        content.extend(bytes(max(0, at - len(content))))
        content[at : at + len(data)] = data
        return content

    write.data, write.at = data, at
    return write


def in_part(step, rng):
    data = getattr(step, "data", b"")
    return writing(data[: SECTOR * rng.randrange(len(data) // SECTOR + 1)], step.at) if data else step


def marking():
    return lambda content: content


def resizing(length):
    return lambda content: (content or bytearray())[:length].ljust(length, b"\0")


def operations(trace):
    """What the server did, in order: when, what, to which file, and how. A sync counts when it has
    returned, for what was done before it began; all else when it begins."""
    syncing = {}
    for line in trace:
        thread, when, call = line.split(maxsplit=2)
        when = float(when)

        def of(path):
            return os.path.basename(decode(path))

        if found := WRITE.match(call):
            yield when, "write", of(found[1]), writing(decode(found[2]), int(found[3]))
        elif found := SYNC.match(call):
            if b"<unfinished" in found[2]:
                mark = marking()
                syncing[thread] = of(found[1]), mark
                yield when, "mark", of(found[1]), mark
            elif b"= 0" in found[2]:
                yield when, "sync", of(found[1]), None
        elif RESUMED.match(call) and thread in syncing:
            yield when, "sync", *syncing.pop(thread)
        elif found := LENGTH.match(call):
            yield when, "length", of(found[1]), resizing(int(found[2]))
        elif found := UNLINK.match(call):
            yield when, "unlink", of(found[1]), lambda _: None
        elif (found := SEND.match(call)) and decode(found[1]).startswith(b"HTTP/1.1 2"):
            yield when, "reply", None, None


def lines(calls):
    """Events of calls that have ended, as NDJSON."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    event = '{{"call_sid":"{}","at":"%s","kind":"progress","step":"{}"}}' % now
    return "\n".join(event.format(call, step) for call in calls for step in ("initiated", "completed"))


def load(server, rng):
    """Writes of all kinds, one after the other. Returns what each acknowledged."""
    connection, facts = server.connect(), []

    def said(call, comment):
        connection.post_form(f"/v1/Voice/{call}/Annotation", Comment=comment)
        facts.append(("said", call, comment))

    connection.post_form("/ingest/v1/status-callback", CallSid=LEDGER, CallStatus="in-progress", From="a", To="b")
    facts.append(("calls", []))
    for batch in range(BATCHES):
        calls = [f"CA{rng.getrandbits(128):032x}" for _ in range(CALLS)]
        connection.request("POST", "/ingest/v1/events", lines(calls), "application/x-ndjson")
        facts.append(("calls", calls))
        for call in calls:
            said(call, f"a word on {call}")
        said(LEDGER, f"batch {batch}")
        connection.request("DELETE", f"/v1/Voice/{calls[-1]}/Summary")
        facts.append(("erased", calls[-1]))
        time.sleep(0.1)
    return facts


def listed(connection):
    rows = connection.pages("/v1/Voice/Summaries?ProcessingState=all&PageSize=1000", "call_summaries")
    return {row["call_sid"] for row in rows}


def until(holds, what):
    deadline = time.monotonic() + 60
    while not holds():
        expect(time.monotonic() < deadline, f"{what} did not happen in time")
        time.sleep(0.1)


def record(binary, rng):
    """Runs a server and traces it. Returns its directory and database as they were before, what it
    acknowledged, and what it did."""
    settings = {"retention_events": "1s", "retention_summaries": f"{KEPT}s"}
    server = Server(binary, settings=settings)
    # The first start makes the account; what is traced begins with what that left.
    server.start()
    server.stop()
    before = Server(binary)
    shutil.copytree(server.data, before.data, dirs_exist_ok=True)
    with tempfile.NamedTemporaryFile(suffix=".strace") as trace:
        calls = "trace=pwrite64,ftruncate,unlink,write,writev,sendto,sendmsg,fdatasync,fsync"
        # -D: the server stays our child, the tracer does not.
        server.prefix = [
            "strace", "-D", "-f", "-y", "-qq", "-ttt", "-xx", "-s", "65536", "-e", "signal=none", "-e", calls,
            "-o", trace.name,
        ]
        server.start()
        facts = load(server, rng)
        connection = server.connect()
        until(lambda: listed(connection) <= {LEDGER}, "expiry")
        server.stop()
        time.sleep(0.5)
        with open(trace.name, "rb") as file:
            done = list(operations(file))
    server.remove()
    return before, facts, done


def verify(binary, before, files, facts, when, about):
    """Starts a server on the files, and expects what was acknowledged until then."""
    server = Server(binary)
    shutil.copytree(before.data, server.data, dirs_exist_ok=True)
    for name, content in files.items():
        path = os.path.join(os.fsencode(server.data), name)
        if content is not None:
            with open(path, "wb") as file:
                file.write(content)
        elif os.path.exists(path):
            os.remove(path)
    found = server.check()
    expect(not found, f"{about}: check found: {found}")
    server.start()
    connection = server.connect()
    # Whatever is younger than calls are kept is there.
    young = [fact for at, fact in facts if when - at < KEPT]
    calls = {call for kind, *rest in young if kind == "calls" for call in rest[0]}
    erased = {fact[1] for _, fact in facts if fact[0] == "erased"}
    # The last call of a batch may be erased already.
    may_be_erased = {fact[1][-1] for _, fact in facts if fact[0] == "calls" and fact[1]}
    until(lambda: calls - may_be_erased <= listed(connection), f"{about}: listing what was acknowledged")
    expect(not erased & listed(connection), f"{about}: erased calls came back")
    for kind, *rest in young:
        if kind == "said" and rest[0] not in may_be_erased | {LEDGER}:
            said = connection.request("GET", f"/v1/Voice/{rest[0]}/Annotation")["comment"]
            expect(said == rest[1], f"{about}: an annotation is lost")
    ledger = [fact[2] for _, fact in facts if fact[0] == "said" and fact[1] == LEDGER]
    if ledger:
        history = connection.pages(f"/v1/Voice/{LEDGER}/Annotation/History?PageSize=1000", "history")
        comments = [change["after"]["comment"] for change in reversed(history)]
        more = comments[len(ledger) :]
        expect(comments[: len(ledger)] == ledger and len(more) <= 1, f"{about}: {comments}, acknowledged {ledger}")
    server.kill()
    server.remove()


def main():
    binary = sys.argv[1]
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(2**32)
    print(f"crash: seed {seed}", flush=True)
    rng = random.Random(seed)
    before, facts, done = record(binary, rng)
    replies = [place + 1 for place, it in enumerate(done) if it[1] == "reply"][: len(facts)]
    expect(len(replies) == len(facts), f"{len(replies)} of {len(facts)} replies were seen in the trace")
    # Those beside the commits, not those of the start and the end.
    copies = [place for place, it in enumerate(done) if it[1:3] == ("write", DATABASE)]
    copies = [place for place in copies if replies[0] < place < replies[-1]]
    logged = sum(it[1:3] == ("write", LOG) for it in done)
    begun = sum(it[1:3] == ("write", LOG) and it[3].at == 0 for it in done)
    expect(len(copies) > CUTS_OF_A_KIND, "the log was not copied into the database beside commits")
    expect(begun > 1, "the log did not begin anew")
    facts = [(done[reply - 1][0], fact) for reply, fact in zip(replies, facts)]

    moments = rng.sample(copies, CUTS_OF_A_KIND) + rng.sample(replies, CUTS_OF_A_KIND)
    moments = sorted(moments + [rng.randrange(len(done)) for _ in range(CUTS_OF_A_KIND)])
    files = {name: File(content_of(os.path.join(os.fsencode(before.data), name))) for name in (DATABASE, LOG)}
    place = 0
    for number, moment in enumerate(moments):
        while place < moment:
            _, what, name, step = done[place]
            if name in files:
                files[name].sync(step) if what == "sync" else files[name].since.append(step)
            place += 1
        acknowledged = [fact for reply, fact in zip(replies, facts) if reply <= moment]
        for how in "killed", "without power":
            left = {
                name: file.killed() if how == "killed" else file.without_power(rng) for name, file in files.items()
            }
            about = f"seed {seed}: {how} before step {moment} of {len(done)}"
            verify(binary, before, left, acknowledged, done[max(0, moment - 1)][0], about)
    before.remove()
    print(
        f"crash: killed and without power at {len(moments)} of {len(done)} steps ({logged} writes to the log, which "
        f"began {begun} times, {len(copies)} to the database); what was acknowledged of {len(facts)} writes was there"
    )
    print(f"{2 * len(moments)} passed, 0 failed")


main()
