"""Who is told: an Alertmanager as Debian has it, a mail server, and a web server that notes what comes."""

import http.server
import json
import logging
import os
import socket
import ssl
import subprocess
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

PASSWORD = "two words"
# It warns of itself at each login, and tells who turned away from it.
logging.getLogger("mail.log").setLevel(logging.CRITICAL)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Web:
    """A web server that notes what is posted to it."""

    def __init__(self):
        self.received = []
        received = self.received

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                received.append((self.path, json.loads(body)))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def bodies(self, path):
        return [body for at, body in list(self.received) if at == path]


class Alertmanager:
    """Groups alerts by severity, and tells the web server of groups."""

    def __init__(self, work, web):
        settings = os.path.join(work, "alertmanager.yml")
        with open(settings, "w") as file:
            file.write(
                "route: {receiver: web, group_by: [severity], group_wait: 2s, group_interval: 1s, repeat_interval: 1h}\n"
                f"receivers: [{{name: web, webhook_configs: [{{url: '{web.url}/grouped'}}]}}]\n"
            )
        self.url = f"http://127.0.0.1:{free_port()}"
        self.process = subprocess.Popen(
            ["prometheus-alertmanager", f"--config.file={settings}", f"--storage.path={work}/alertmanager",
             f"--web.listen-address={self.url.removeprefix('http://')}", "--cluster.listen-address="],
            stdout=subprocess.DEVNULL, stderr=open(os.path.join(work, "alertmanager.err"), "wb"),
        )

    def stop(self):
        self.process.terminate()
        self.process.wait()


def certificate(work):
    """A certificate of localhost, by an authority of our own. Returns the files of authority, certificate and key."""
    at = lambda name: os.path.join(work, name)
    run = lambda *words: subprocess.run(["openssl", *words], check=True, capture_output=True)
    key = ["-newkey", "rsa:2048", "-nodes"]
    run("req", "-x509", *key, "-keyout", at("ca.key"), "-out", at("ca.pem"), "-days", "2", "-subj", "/CN=Test authority")
    run("req", *key, "-keyout", at("mail.key"), "-out", at("mail.csr"), "-subj", "/CN=localhost")
    with open(at("mail.ext"), "w") as file:
        file.write("subjectAltName = DNS:localhost\nbasicConstraints = CA:FALSE\n")
    run("x509", "-req", "-in", at("mail.csr"), "-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial",
        "-days", "2", "-extfile", at("mail.ext"), "-out", at("mail.pem"))
    return at("ca.pem"), at("mail.pem"), at("mail.key")


class Mail:
    """A mail server, encrypted in one of three ways; with a password, unless it is not. It knows nobody called `gone`, is
    busy at first, and puts off mail to somebody called `grey` as often as it is told to."""

    def __init__(self, work, tls):
        self.tls = tls
        self.messages = []
        self.refusals = 0
        self.logins = 0
        self.password = PASSWORD
        self.put_off = 0
        self.authority, own, key = certificate(work)
        # One of both sides: the controller connects by it, too.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS)
        context.load_cert_chain(own, key)
        login = {"auth_required": True, "authenticator": self.authenticate}
        how = {
            "starttls": {"tls_context": context, "require_starttls": True, **login},
            "tls": {"ssl_context": context, "auth_require_tls": False, **login},
            "none": {},
        }
        self.controller = Controller(self, hostname="127.0.0.1", port=free_port(), **how[tls])
        self.controller.start()
        self.port = self.controller.port

    def authenticate(self, server, session, envelope, mechanism, login):
        self.logins += 1
        # What is not handled here is answered as a refused login is.
        return AuthResult(success=(login.login, login.password) == (b"sidetone", self.password.encode()), handled=False)

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("gone@"):
            self.refusals += 1
            return f"550 5.1.1 <{address}> is nobody"
        if address.startswith("grey@") and self.put_off:
            self.put_off -= 1
            return "450 4.7.1 later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.messages.append((list(envelope.rcpt_tos), bytes(envelope.content), session.ssl is not None or self.tls == "tls"))
        # As after greylisting: the first comes again.
        return "451 4.7.1 later" if len(self.messages) == 1 else "250 OK"

    def stop(self):
        self.controller.stop()
