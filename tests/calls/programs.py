"""The programs between the phones: Kamailio and rtpengine, configured as docs/sources tells,
tcpdump, and sidetone."""

import os
import re
import subprocess

from network import PROXY, is_bound, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = os.path.join(HERE, "..", "..", "docs", "sources")
HEP_PORT = 9060


def snippet(page, language):
    """The one block of a language on a page of docs/sources."""
    with open(os.path.join(SOURCES, page)) as file:
        blocks = re.findall(rf"^```{language}\n(.*?)^```$", file.read(), re.M | re.S)
    if len(blocks) != 1:
        raise SystemExit(f"docs/sources/{page}: {len(blocks)} blocks of {language}, not one")
    return blocks[0]


class Program:
    def __init__(self, name, command, work):
        self.name, self.log = name, os.path.join(work, f"{name}.log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)

    def said(self):
        with open(self.log, errors="replace") as log:
            return log.read()

    def is_alive(self):
        if self.process.poll() is not None:
            raise SystemExit(f"calls: {self.name} ended by itself:\n{self.said()[-4000:]}")
        return True

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def settings(text):
    """What lines for Kamailio set in siptrace."""
    return set(re.findall(r'modparam\("siptrace", "(\w+)", ("[^"]*"|\d+)\)', text))


def check_readme(lines):
    """README's first page says the same as docs/sources, but for the number of the agent, which can
    be left out."""
    with open(os.path.join(SOURCES, "..", "..", "README.md")) as file:
        on_first_page = settings(file.read())
    needed = {(name, value) for name, value in settings(lines) if name != "hep_capture_id"}
    if on_first_page != needed:
        raise SystemExit(f"README.md and docs/sources/kamailio.md differ in {on_first_page ^ needed}")


def start_kamailio(work):
    lines = snippet("kamailio.md", "kamailio")
    check_readme(lines)
    with open(os.path.join(work, "sidetone.cfg"), "w") as file:
        file.write(lines)
    with open(os.path.join(HERE, "kamailio.cfg")) as file:
        config = file.read().replace("SIDETONE_CFG", os.path.join(work, "sidetone.cfg"))
    with open(os.path.join(work, "kamailio.cfg"), "w") as file:
        file.write(config)
    command = ["kamailio", "-f", os.path.join(work, "kamailio.cfg"), "-DD", "-E", "-m", "64", "-M", "8", "-Y", work]
    kamailio = Program("kamailio", command, work)
    wait_until(lambda: kamailio.is_alive() and is_bound(5060), "kamailio")
    return kamailio


def start_rtpengine(work):
    with open(os.path.join(work, "rtpengine.conf"), "w") as file:
        file.write("[rtpengine]\n" + snippet("rtpengine.md", "ini"))
    # No kernel module: all packets go through the daemon.
    command = [
        "rtpengine", f"--config-file={work}/rtpengine.conf", "--table=-1", "--foreground", "--log-stderr", "--log-level=6",
        f"--interface={PROXY}", "--listen-ng=127.0.0.1:2223", "--port-min=30000", "--port-max=30999", "--num-threads=2",
    ]
    rtpengine = Program("rtpengine", command, work)
    wait_until(lambda: rtpengine.is_alive() and is_bound(2223), "rtpengine")
    return rtpengine


class Capture(Program):
    def __init__(self, name, interface, packets, work, machine=None):
        self.path = os.path.join(work, f"{name}.pcap")
        # As root to the end: the user it would become may not write here.
        command = ["tcpdump", "-Z", "root", "-i", interface, "--buffer-size=16384", "-U", "-w", self.path, packets]
        super().__init__(f"tcpdump-{name}", machine.inside(command) if machine else command, work)
        wait_until(lambda: self.is_alive() and "listening on" in self.said(), f"tcpdump on {interface}")

    def stop(self):
        super().stop()
        lost = re.search(r"(\d+) packets? dropped by kernel", self.said())
        if not lost or lost[1] != "0":
            raise SystemExit(f"calls: tcpdump did not see everything: {self.said()}")
