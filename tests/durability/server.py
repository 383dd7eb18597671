"""A sidetone of its own to kill: start, stop, and plain requests to it."""

import atexit
import base64
import http.client
import json
import os
import random
import shutil
import socket
import subprocess
import tempfile
import urllib.parse

ACCOUNT = "AC" + "d" * 32
TOKEN = "t" * 32


def event(call, name):
    """A line of NDJSON."""
    return json.dumps({
        "id": name, "call_sid": call, "at": "2026-06-01T00:00:00Z",
        "kind": "edge", "edge": "sip_edge", "group": "durability", "name": name,
    })


class Server:
    """settings: by their names in the configuration. hep: whether it takes HEP over TCP. log: where
    its log goes."""

    def __init__(self, binary, prefix=(), settings=None, hep=False, log=None):
        self.binary = os.path.abspath(binary)
        self.prefix = list(prefix)
        self.data = tempfile.mkdtemp(prefix="sidetone-durability-")
        self.settings = settings or {}
        self.log = log
        self.process = None
        self.port = None
        self.hep_port = free_port() if hep else None
        # A test that fails leaves its data to be looked at, and no server.
        atexit.register(self.end)

    def start(self):
        env = dict(
            os.environ,
            SIDETONE_ACCOUNT_SID=ACCOUNT,
            SIDETONE_AUTH_TOKEN=TOKEN,
            SIDETONE_SETTLE="1s",
            SIDETONE_LOG="warn",
            **{f"SIDETONE_{name.upper()}": value for name, value in self.settings.items()},
        )
        command = self.prefix + [
            self.binary, "serve", "--listen", "127.0.0.1:0", "--data", self.data,
            "--hep-udp", "off", "--hep-tcp", f"127.0.0.1:{self.hep_port}" if self.hep_port else "off",
        ]
        self.process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=self.log, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("listening on http://"):
            raise SystemExit(f"the server did not start: {line!r}")
        self.port = int(line.rsplit(":", 1)[1])

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.kill()

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()

    def memory(self, what):
        """VmHWM, VmPeak, … in MB."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) / 1000 for line in status if line.startswith(what + ":"))

    def metric(self, name):
        """A figure of its metrics page, without labels."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith(name + " "))

    def check(self):
        """What `sidetone check` finds; empty when clean."""
        done = subprocess.run(
            [self.binary, "check", "--data", self.data], capture_output=True, text=True
        )
        return "" if done.returncode == 0 else done.stdout + done.stderr

    def remove(self):
        shutil.rmtree(self.data, ignore_errors=True)

    def connect(self):
        return Connection(self.port)


def free_port():
    """A port below those that the system gives to connections, so that none takes it before the
    server does."""
    while True:
        port = random.randrange(16_384, 32_768)
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue


class Connection:
    def __init__(self, port):
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        token = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        self.headers = {"Authorization": "Basic " + token}

    def request(self, method, path, body=None, kind=None):
        headers = dict(self.headers)
        if kind:
            headers["Content-Type"] = kind
        self.http.request(method, path, body=body, headers=headers)
        response = self.http.getresponse()
        text = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {text[:300]!r}")
        return json.loads(text) if text else None

    def post_form(self, path, **fields):
        body = urllib.parse.urlencode(fields)
        return self.request("POST", path, body, "application/x-www-form-urlencoded")

    def pages(self, path, key):
        """Every row of a list, page by page."""
        rows = []
        while path:
            page = self.request("GET", path)
            rows += page[key]
            following = page["meta"]["next_page_url"]
            path = following and following.split("/", 3)[3]
            path = path and "/" + path
        return rows
