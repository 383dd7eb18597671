"""A sidetone of its own to kill: start, stop, and plain requests to it."""

import base64
import http.client
import json
import os
import shutil
import subprocess
import tempfile
import urllib.parse

ACCOUNT = "AC" + "d" * 32
TOKEN = "t" * 32


class Server:
    def __init__(self, binary, prefix=()):
        self.binary = os.path.abspath(binary)
        self.prefix = list(prefix)
        self.data = tempfile.mkdtemp(prefix="sidetone-durability-")
        self.process = None
        self.port = None

    def start(self, stderr=None):
        env = dict(
            os.environ,
            SIDETONE_ACCOUNT_SID=ACCOUNT,
            SIDETONE_AUTH_TOKEN=TOKEN,
            SIDETONE_SETTLE="1s",
            SIDETONE_LOG="warn",
        )
        command = self.prefix + [
            self.binary, "serve", "--listen", "127.0.0.1:0", "--data", self.data,
            "--hep-udp", "off", "--hep-tcp", "off",
        ]
        self.process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=stderr, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("listening on http://"):
            raise SystemExit(f"the server did not start: {line!r}")
        self.port = int(line.rsplit(":", 1)[1])

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

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
