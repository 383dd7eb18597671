"""Alerts of the program, told to a real Alertmanager, a web server, and by mail.

usage: check.py SIDETONE_BINARY
"""

import base64
import contextlib
import email
import email.policy
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

from servers import PASSWORD, Alertmanager, Mail, Web, certificate

ACCOUNT, TOKEN = "AC0123456789abcdef0123456789abcdef", "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
PATIENCE_S = 60
RECEIVERS = "/v1/Voice/Alerts/Receivers"


def expect(holds, what):
    if not holds:
        raise SystemExit(f"alerts: {what}")


def until(what, holds):
    """Waits for something that comes of itself, and returns it."""
    end = time.monotonic() + PATIENCE_S
    while True:
        found = holds()
        if found:
            return found
        expect(time.monotonic() < end, f"{what}: not within {PATIENCE_S} s")
        time.sleep(0.1)


class Sidetone:
    def __init__(self, binary, work, mail, authority=None):
        password = os.path.join(work, "password")
        with open(password, "w") as file:
            file.write(PASSWORD + "\n")
        settings = os.path.join(work, "sidetone.toml")
        with open(settings, "w") as file:
            file.write(
                "public_url = 'https://insights.example.com'\n"
                f"[mail]\nserver = 'localhost'\nport = {mail.port}\ntls = '{mail.tls}'\nfrom = 'sidetone@insights.example.com'\n"
            )
            if mail.tls != "none":
                file.write(f"user = 'sidetone'\npassword_file = '{password}'\n")
        environment = dict(
            os.environ, SIDETONE_ACCOUNT_SID=ACCOUNT, SIDETONE_AUTH_TOKEN=TOKEN, SIDETONE_SETTLE="1s",
            SIDETONE_WEBHOOK_ALLOW_PRIVATE="1", SSL_CERT_FILE=authority or mail.authority,
        )
        self.errors = os.path.join(work, "sidetone.err")
        self.process = subprocess.Popen(
            [binary, "serve", "--config", settings, "--listen", "127.0.0.1:0", "--data", f"{work}/data", "--hep-udp", "off",
             "--hep-tcp", "off"],
            env=environment, stdout=subprocess.PIPE, stderr=open(self.errors, "wb"), text=True,
        )
        for line in self.process.stdout:
            if line.startswith("listening on "):
                self.url = line.split()[2].rstrip("/")
                return
        raise SystemExit(f"alerts: the server did not start: {open(self.errors).read()}")

    def ask(self, method, path, form=None):
        login = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        request = urllib.request.Request(self.url + path, data, {"Authorization": f"Basic {login}"}, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def receiver(self, kind, configuration):
        form = {"Description": f"a {kind}", "Type": kind, "Configuration": json.dumps(configuration)}
        return self.ask("POST", RECEIVERS, form)["sid"]

    def stop(self):
        self.process.terminate()
        expect(self.process.wait(20) == 0, "the server did not end well")


    def test(self, *receivers):
        for sid in receivers:
            self.ask("POST", f"{RECEIVERS}/{sid}/Test", {})
        is_active = lambda sid: self.ask("GET", f"{RECEIVERS}/{sid}")["status"] == "active"
        until("tests arrive", lambda: all(map(is_active, receivers)))


def tell(sidetone, alertmanager, web, mail):
    receivers = {
        "alertmanager": sidetone.receiver("alertmanager", {"url": alertmanager.url}),
        "webhook": sidetone.receiver("webhook", {"url": f"{web.url}/alone"}),
        "email": sidetone.receiver("email", {"to": ["noc@example.com", "gone@example.com", "grey@example.com", "lead@example.com"]}),
    }
    sidetone.test(*receivers.values())
    active = lambda: json.load(urllib.request.urlopen(f"{alertmanager.url}/api/v2/alerts?active=true"))
    named = lambda alerts: sorted(it["labels"]["alertname"] for it in alerts)
    until("Alertmanager knows the test", lambda: "Sidetone test" in named(active()))
    expect(mail.refusals > 0, "nobody was refused")
    tests = len(mail.messages)
    web.received.clear()
    mail.put_off = 2

    rules = []
    for name, more in (("Many calls", {"GroupBy": "To"}), ("Very many calls", {})):
        form = {"Name": name, "Measure": "calls", "Window": "10m", "Above": "2", "Severity": "error", **more}
        form = list(form.items()) + [("Receivers", sid) for sid in receivers.values()]
        rules.append(sidetone.ask("POST", "/v1/Voice/Alerts/Rules", form)["sid"])
    for number in range(5):
        for status in ("initiated", "completed"):
            call = {"CallSid": f"CA{number:032x}", "CallStatus": status, "From": "+12025550143", "To": "+12025550176"}
            sidetone.ask("POST", "/ingest/v1/status-callback", call)

    # Alertmanager knows both, and puts them into one group.
    both = ["Many calls", "Very many calls"]
    of_ours = lambda: [it for it in active() if it["labels"]["severity"] == "error"]
    until("Alertmanager knows the alerts", lambda: named(of_ours()) == both)
    grouped = lambda status: [it for it in web.bodies("/grouped") if it["status"] == status and named(it["alerts"]) == both]
    group = until("the group is told", lambda: grouped("firing"))[-1]
    expect(group["groupLabels"] == {"severity": "error"}, f"another group: {group['groupLabels']}")
    alone = until("a webhook is told of both", lambda: len(web.bodies("/alone")) == 2 and web.bodies("/alone"))
    by_name = lambda bodies: {it["labels"]["alertname"]: it for body in bodies for it in body["alerts"]}
    theirs, ours = by_name([group]), by_name(alone)
    for name in both:
        # What we say ourselves is what Alertmanager makes of it.
        for member in ("labels", "annotations", "generatorURL", "fingerprint", "status"):
            expect(ours[name][member] == theirs[name][member], f"{member}: {ours[name][member]} and {theirs[name][member]}")
        expect(ours[name]["generatorURL"].startswith("https://insights.example.com/calls?"), "no link to the calls")
    group_label = ours["Many calls"]["labels"]["group"]
    expect(group_label.startswith("party_") and "2025550176" not in group_label, f"a number is in a label: {group_label}")
    missing = {"groupKey", "groupLabels", "commonLabels", "commonAnnotations", "externalURL", "receiver", "version"} - set(alone[0])
    expect(not missing and group.keys() == alone[0].keys(), f"other members: {sorted(group.keys() ^ alone[0].keys())}")
    expect(alone[0]["version"] == group["version"] == "4", "another version")

    read = lambda: [email.message_from_bytes(body, policy=email.policy.default) for _, body, _ in mail.messages[tests:]]
    of = lambda status: [it for it in read() if it["Subject"].startswith(f"[{status}]")]
    # Each rule's goes to two at once, and to who was put off when it is tried again; one is refused.
    until("mail has come to all", lambda: len(of("FIRING")) == 4)
    expect(len({it["Message-ID"] for it in of("FIRING")}) == 2, "it has several names")
    to = sorted(it["To"] for it in of("FIRING"))
    expect(to == ["grey@example.com"] * 2 + ["noc@example.com, lead@example.com"] * 2, f"to others: {to}")
    expect(all(is_secure for _, _, is_secure in mail.messages), "mail in clear text")
    for message in of("FIRING"):
        expect(message["Auto-Submitted"] == "auto-generated", "it may be answered by machines")
        expect(message["From"].endswith("<sidetone@insights.example.com>"), f"from {message['From']}")
        expect("https://insights.example.com/calls?" in message.get_content(), "no link to the calls")

    # Without their rules the alerts are over.
    for sid in rules:
        sidetone.ask("DELETE", f"/v1/Voice/Alerts/Rules/{sid}")
    until("Alertmanager's are over", lambda: not of_ours())
    until("that the group is over is told", lambda: [it for it in web.bodies("/grouped") if it["status"] == "resolved"])
    until("a webhook is told that both are over", lambda: [it["status"] for it in web.bodies("/alone")][2:] == ["resolved"] * 2)
    until("mail says that they are over", lambda: len(of("RESOLVED")) == 2)
    begun = {it["Message-ID"] for it in of("FIRING")}
    expect({it["References"] for it in of("RESOLVED")} == begun, "it refers to no other")
    expect(not {it["Message-ID"] for it in of("RESOLVED")} & begun, "it has another's name")
    for sid in receivers.values():
        sidetone.ask("DELETE", f"{RECEIVERS}/{sid}")
    dead = sidetone.ask("GET", "/v1/Voice/Deliveries?Status=dead")
    expect(not dead["deliveries"], f"given up: {dead}")
    log = open(sidetone.errors).read()
    expect(PASSWORD not in log, "the log has the password")
    expect("one of several addresses of a receiver was refused" in log, "that one was refused is not logged")
    expect("gone@" not in log and "noc@" not in log, "the log has addresses")


def distrust(binary, work, mail):
    """Nothing is told a mail server that another authority vouches for, nor the password."""
    os.mkdir(f"{work}/other")
    sidetone = Sidetone(binary, f"{work}/other", mail, authority=certificate(f"{work}/other")[0])
    try:
        sid = sidetone.receiver("email", {"to": ["noc@example.com"]})
        sidetone.ask("POST", f"{RECEIVERS}/{sid}/Test", {})
        waiting = lambda: sidetone.ask("GET", "/v1/Voice/Deliveries")["deliveries"]
        failed = until("a test fails", lambda: [it for it in waiting() if it["last_error"]])
        expect("certificate" in failed[0]["last_error"], f"another reason: {failed}")
        expect(not mail.messages and not mail.logins, "somebody was trusted")
    finally:
        sidetone.process.kill()


def refuse_login(sidetone, mail):
    """A login that is refused is the operator's to mend: it is shown, and what waits goes out when it is mended."""
    sid = sidetone.receiver("email", {"to": ["noc@example.com"]})
    mail.password = "another"
    sidetone.ask("POST", f"{RECEIVERS}/{sid}/Test", {})
    status = lambda: sidetone.ask("GET", f"{RECEIVERS}/{sid}")["status"]
    until("the test fails", lambda: status() == "failed")
    waiting = until("it waits", lambda: sidetone.ask("GET", "/v1/Voice/Deliveries")["deliveries"])
    expect("the login was refused" in waiting[0]["last_error"], f"another reason: {waiting}")
    expect("535" in waiting[0]["last_error"], f"another code: {waiting}")
    mail.password = PASSWORD
    until("the test arrives", lambda: status() == "active")


def main(binary):
    web = Web()
    for tls in ("starttls", "tls", "none"):
        with tempfile.TemporaryDirectory() as work, contextlib.ExitStack() as servers:
            mail = Mail(work, tls)
            servers.callback(mail.stop)
            if tls != "none":
                distrust(binary, work, mail)
            sidetone = Sidetone(binary, work, mail)
            servers.callback(sidetone.process.kill)
            try:
                if tls == "starttls":
                    alertmanager = Alertmanager(work, web)
                    servers.callback(alertmanager.stop)
                    tell(sidetone, alertmanager, web, mail)
                else:
                    sidetone.test(sidetone.receiver("email", {"to": ["noc@example.com"]}))
                    expect(len(mail.messages) == 2, f"{tls}: a test came {len(mail.messages)} times")
                if tls == "tls":
                    refuse_login(sidetone, mail)
                sidetone.stop()
            except BaseException:
                print(open(sidetone.errors).read()[-4000:], file=sys.stderr)
                raise
    print("alerts: Alertmanager took, grouped and resolved them; mail went out")


main(sys.argv[1])
