"""The sidetone under test: where HEP goes to, and what is asked over its API."""

import base64
import hashlib
import json
import os
import re
import time
import urllib.error
import urllib.request

from network import wait_until
from programs import HEP_PORT, Program

ACCOUNT, TOKEN = "AC" + "c" * 32, "t" * 32
# It settles for two seconds.
COMPLETE_WITHIN_S = 10


class Server:
    def __init__(self, binary, work):
        os.environ.update(SIDETONE_ACCOUNT_SID=ACCOUNT, SIDETONE_AUTH_TOKEN=TOKEN, SIDETONE_SETTLE="2s", SIDETONE_LOG="warn")
        command = [
            binary, "serve", "--listen", "127.0.0.1:0", "--data", os.path.join(work, "data"),
            "--hep-udp", f"127.0.0.1:{HEP_PORT}", "--hep-tcp", "off",
        ]
        self.program = Program("sidetone", command, work)
        url = re.compile(r"^listening on (http://[\d.:]+)", re.M)
        wait_until(lambda: self.program.is_alive() and url.search(self.program.said()), "sidetone")
        self.url = url.search(self.program.said())[1]

    def get(self, path):
        token = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        request = urllib.request.Request(self.url + path, headers={"Authorization": "Basic " + token})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read()

    def summary(self, call_id):
        """The summary of a call, once it is complete; else what there is after some time."""
        deadline, found = time.monotonic() + COMPLETE_WITHIN_S, {}
        while found.get("processing_state") != "complete" and time.monotonic() < deadline:
            try:
                found = json.loads(self.get(f"/v1/Voice/{call_sid(call_id)}/Summary?ProcessingState=partial"))
            except urllib.error.HTTPError as error:
                if error.code != 404:
                    raise
            time.sleep(0.1)
        return found

    def metrics(self):
        """Every sample of /metrics by its name and labels."""
        lines = self.get("/metrics").decode().splitlines()
        samples = (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
        return {name: float(value) for name, value in samples}


def call_sid(call_id):
    """The CallSid that a SIP Call-ID becomes."""
    return "CA" + hashlib.sha256(f"{ACCOUNT}\n{call_id}".encode()).hexdigest()[:32]
