"""Exports, read by those who will read them. usage: check.py SIDETONE_BINARY"""

import datetime
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

import duckdb
import pandas
import pyarrow
import pyarrow.csv
import pyarrow.parquet

from server import ACCOUNT, TOKEN, Server

CALLS = 9000
RANGE = {"StartTime": "2026-01-01", "ProcessingState": "all"}
TEXTS = ["fine", "=1+1", "+49 30", "'quoted'", 'say "hi", twice', "two\nlines", "a,b;c|d", "naïve \U0001F600", "@x", "-1"]


def calls():
    """NDJSON of calls that ended, with what makes exports difficult: all kinds of text, and what is not known."""
    chance = random.Random(7)
    began = datetime.datetime(2026, 6, 1, tzinfo=datetime.timezone.utc)
    for number in range(CALLS):
        sid = f"CA{number:032x}"
        at = lambda s: (began + datetime.timedelta(seconds=number * 7 + s, microseconds=number)).isoformat().replace("+00:00", "Z")
        facts = {"call_type": chance.choice(["carrier", "sip"]), "direction": "inbound", "from": {"address": f"+1555{number:07}"}, "to": {"address": "sip:a@example.com"}}
        if chance.random() < 0.5:
            facts["from"]["carrier"] = chance.choice(TEXTS)
        yield {"call_sid": sid, "id": "1", "at": at(0), "kind": "progress", "step": "initiated", "facts": facts}
        yield {"call_sid": sid, "id": "2", "at": at(2), "kind": "progress", "step": "answered"}
        if chance.random() < 0.7:
            yield {"call_sid": sid, "id": "3", "at": at(20), "kind": "media", "edge": "carrier_edge", "direction": "inbound",
                   "cumulative": {"codec_name": "pcmu", "packets_received": 900 + number, "packets_lost": number % 40, "jitter_ms": {"avg": number / 7, "max": number / 3}}}
        yield {"call_sid": sid, "id": "4", "at": at(30), "kind": "progress", "step": "completed", "facts": {"last_sip_response": 200}}


def check(condition, what):
    print(("ok   " if condition else "FAIL ") + what, flush=True)
    if not condition:
        sys.exit(1)


def get(server, path):
    return server.connect().request("GET", path)


def post(server, path, body, kind="application/x-www-form-urlencoded"):
    return server.connect().request("POST", path, body, kind)


def read_export(server, query, limit=None, pause=0.0):
    """The body of an export as far as it was read, and whether it ended as it should."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.sock = socket.socket()
    if pause:  # Else the kernel takes megabytes for a client that reads none.
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
    connection.sock.settimeout(60)
    connection.sock.connect(("127.0.0.1", server.port))
    connection.request("GET", f"/v1/Voice/Export?{urllib.parse.urlencode(query)}", headers=server.connect().headers)
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    body = b""
    try:
        while limit is None or len(body) < limit:
            piece = answer.read(64 * 1024 if pause or limit else 1 << 20)
            if not piece:
                return body, True
            body += piece
            time.sleep(pause)
    except http.client.IncompleteRead as error:
        body += error.partial
    finally:
        connection.close()
    return body[:limit], False


def over_http(server):
    query = {**RANGE, "Format": "ndjson"}
    body, is_whole = read_export(server, query)
    rows = [json.loads(line) for line in body.splitlines()]
    check(is_whole and len(rows) == CALLS, f"HTTP: {CALLS} calls, {len(body)} bytes")
    listed, page = [], "/v1/Voice/Summaries?" + urllib.parse.urlencode({**RANGE, "PageSize": 1000})
    while page:
        found = get(server, page)
        listed += [call["call_sid"] for call in found["call_summaries"]]
        page = (found["meta"]["next_page_url"] or "").removeprefix(f"http://127.0.0.1:{server.port}")
    check([row["call_sid"] for row in rows] == listed, "HTTP: the calls of the list, in its order")
    for cut in (1, 40_000, len(body) // 2, len(body) - 1):
        taken, _ = read_export(server, query, limit=cut)
        whole = taken[: taken.rfind(b"\n") + 1]
        kept = [json.loads(line) for line in whole.splitlines()]
        cursor = {"Cursor": kept[-1]["cursor"]} if kept else {}
        rest, is_whole = read_export(server, {**query, **cursor})
        rest = [json.loads(line) for line in rest.splitlines()]
        sids = [row["call_sid"] for row in kept + rest]
        check(is_whole and sids == listed, f"HTTP: cut after {cut} bytes and gone on with, no call is missing or repeated")
    csv, _ = read_export(server, {**RANGE, "Format": "csv"})
    return body, csv


def slowly(server):
    """Several clients that pause for as long as they may, longer in all than any time-out."""
    before, ends = server.memory("VmRSS"), []
    began = time.monotonic()

    def take():
        try:
            body, is_whole = read_export(server, {**RANGE, "Format": "ndjson"}, pause=0.05)
            ends.append("whole" if is_whole else f"cut after {len(body)} bytes")
        except Exception as error:
            ends.append(repr(error))

    clients = [threading.Thread(target=take) for _ in range(4)]
    for client in clients:
        client.start()
    time.sleep(1)
    try:
        refused = get(server, f"/v1/Voice/Export?{urllib.parse.urlencode(RANGE)}")
    except RuntimeError as error:
        refused = str(error)
    most = before
    while any(client.is_alive() for client in clients):
        most = max(most, server.memory("VmRSS"))
        time.sleep(0.1)
    took = time.monotonic() - began
    check(ends == ["whole"] * 4 and took > 3, f"slow: four clients took {took:.1f} s, time-out 1 s: {', '.join(ends)}")
    check(": 429 " in str(refused), "slow: a fifth export of the account is told to wait")
    check(most - before < 48, f"slow: memory grew by {most - before:.0f} MB")


def as_text(value):
    """A value of any reader, to be compared."""
    if value is None or value is pandas.NA or (isinstance(value, float) and value != value) or value is pandas.NaT:
        return None
    if isinstance(value, (datetime.datetime, pandas.Timestamp)):
        return pandas.Timestamp(value).tz_convert("UTC").strftime("%Y-%m-%dT%H:%M:%SZ")
    if hasattr(value, "tolist") and not isinstance(value, str):
        value = value.tolist()
    return "|".join(value) if isinstance(value, list) else value


def undo_guard(text):
    return text[1:] if isinstance(text, str) and text.startswith("'") else text


def readers(directory, ndjson, csv, parts):
    """The same rows by every reader and format."""
    db = duckdb.connect()
    db.execute("set timezone = 'UTC'")
    rows = [json.loads(line) for line in open(ndjson)]
    names = [name for name in rows[0] if name != "cursor"]
    expected = [{name: as_text(row.get(name)) for name in names} for row in rows]

    def same(found, what, guarded=False):
        for row, right in zip(found, expected, strict=True):
            for name in names:
                value = as_text(row.get(name))
                value = undo_guard(value) if guarded else value
                # Empty lists are nothing in CSV.
                if (value or None) != (right[name] or None) and value != right[name]:
                    check(False, f"{what}: {name} of {row['call_sid']} is {value!r}, not {right[name]!r}")
        print(f"ok   {what}: {len(expected)} rows of {len(names)} columns", flush=True)

    by_duckdb = db.execute(f"select * from read_json('{ndjson}', map_inference_threshold=-1)").df()
    check(list(by_duckdb.columns)[: len(names)] == names, "DuckDB, NDJSON: every column")
    check(str(by_duckdb["end_time"].dtype).startswith("datetime64") if "end_time" in names else True, "DuckDB, NDJSON: times are times")
    by_pandas = pandas.read_json(ndjson, lines=True, dtype=False, convert_dates=False, precise_float=True)
    same(by_pandas.to_dict("records"), "pandas, NDJSON")
    # Text that is digits would be taken for numbers.
    texts = {name: str for name in names if any(isinstance(row[name], str) for row in expected)}
    by_pandas = pandas.read_csv(csv, keep_default_na=False, na_values=[""], float_precision="round_trip", dtype=texts)
    same(by_pandas.to_dict("records"), "pandas, CSV", guarded=True)
    by_arrow = pyarrow.csv.read_csv(csv, parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True))
    check(by_arrow.num_rows == len(rows), "pyarrow, CSV: every row")
    by_duckdb = db.execute(f"select count(*), count(distinct call_sid) from read_csv('{csv}', header=true, quote='\"', escape='\"', new_line='\\n')").fetchone()
    check(by_duckdb[0] == len(rows), "DuckDB, CSV: every row")
    if not parts:
        return
    table = pyarrow.parquet.read_table(parts)
    check(table.schema.names == names, "pyarrow, Parquet: every column")
    same(table.to_pylist(), "pyarrow, Parquet")
    by_duckdb = db.execute(f"select * from '{parts}/*.parquet'")
    columns = [column[0] for column in by_duckdb.description]
    same([dict(zip(columns, row)) for row in by_duckdb.fetchall()], "DuckDB, Parquet")


def export(server, *arguments, kill_when=None):
    command = [server.binary, "export", "--data", server.data, *arguments]
    if kill_when is None:
        return subprocess.run(command, capture_output=True, text=True)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not kill_when():
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    return process.wait()


def size(name):
    """Bytes of a file, or of a directory's files; 0: there is none."""
    if os.path.isdir(name):
        return sum(entry.stat().st_size for entry in os.scandir(name))
    return os.path.getsize(name) if os.path.exists(name) else 0


def killed(server, directory, format, rows_of):
    """An export that is killed again and again, and goes on."""
    name = os.path.join(directory, f"killed-{format}")
    whole = name + "-whole"
    export(server, "--format", format, "--output", whole)
    for share in (0.0, 0.2, 0.7):
        export(server, "--format", format, "--output", name, "--resume", kill_when=lambda: size(name) > share * size(whole))
    check(size(name) < size(whole), f"{format}: killed after {size(name)} of {size(whole)} bytes")
    done = export(server, "--format", format, "--output", name, "--resume")
    check(done.returncode == 0, f"{format}: goes on after kill -9 {done.stderr.strip()}")
    sids = rows_of(name)
    check(len(sids) == CALLS and len(set(sids)) == CALLS, f"{format}: no call is missing or repeated")


def main():
    server = Server(sys.argv[1], settings={"client_timeout": "1s"})
    server.start()
    try:
        lines = "\n".join(json.dumps(event) for event in calls()).encode()
        post(server, "/ingest/v1/events?Settle=true", lines, "application/x-ndjson")
        for _ in range(600):
            if read_export(server, {"StartTime": RANGE["StartTime"]})[0].count(b"\n") == CALLS:
                break
            time.sleep(0.2)
        for number in range(0, 60):
            form = urllib.parse.urlencode({"CallScore": number % 5 + 1, "Comment": TEXTS[number % len(TEXTS)], "QualityIssues": "echo,latency" if number % 2 else ""})
            post(server, f"/v1/Voice/CA{number // 2:032x}/Annotation", form.encode())
            rating = f"QualityScore={number % 5 + 1}&Issue=dropped-call"
            post(server, f"/2010-04-01/Accounts/{ACCOUNT}/Calls/CA{number // 2:032x}/Feedback.json", rating.encode())
        ndjson, csv = over_http(server)
        slowly(server)
        with tempfile.TemporaryDirectory() as directory:
            place = lambda name: os.path.join(directory, name)
            open(place("http.ndjson"), "wb").write(ndjson)
            open(place("http.csv"), "wb").write(csv)
            has_parquet = "without Parquet" not in export(server, "--format", "parquet", "--output", place("probe")).stderr
            for what in ("summaries", "annotations", "feedback"):
                for format in ("ndjson", "csv") + (("parquet",) if has_parquet else ()):
                    done = export(server, "--format", format, "--what", what, "--output", place(f"{what}.{format}"))
                    check(done.returncode == 0, f"{what}, {format}: {done.stderr.strip()}")
                print(f"-- {what}")
                readers(directory, place(f"{what}.ndjson"), place(f"{what}.csv"), place(f"{what}.parquet") if has_parquet else None)
            readers(directory, place("http.ndjson"), place("http.csv"), None)
            of_ndjson = lambda name: [json.loads(line)["call_sid"] for line in open(name)]
            killed(server, directory, "ndjson", of_ndjson)
            killed(server, directory, "csv", lambda name: list(pandas.read_csv(name, low_memory=False)["call_sid"]))
            if has_parquet:
                killed(server, directory, "parquet", lambda name: pyarrow.parquet.read_table(name)["call_sid"].to_pylist())
            else:
                print("skip Parquet: the binary was built without it")
    finally:
        server.stop()
        server.remove()


main()
