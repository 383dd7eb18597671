"""Three machines in one: the caller's, the callee's, and between them the one of the proxy, which
is where this program runs."""

import os
import subprocess
import time

PROXY = "10.77.0.1"
CALLER, CALLEE = "10.77.1.2", "10.77.2.2"


class Machine:
    """A network namespace that lasts as long as its first process."""

    def __init__(self, address, gateway, wire):
        self.address, self.wire = address, wire
        self.holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        ours = os.readlink("/proc/self/ns/net")
        wait_until(lambda: os.readlink(f"/proc/{self.holder.pid}/ns/net") != ours, "a network namespace")
        run("ip", "link", "add", f"{wire}-proxy", "type", "veth", "peer", "name", wire, "netns", str(self.holder.pid))
        run("ip", "address", "add", f"{gateway}/24", "dev", f"{wire}-proxy")
        run("ip", "link", "set", f"{wire}-proxy", "up")
        self.run("ip", "address", "add", f"{address}/24", "dev", wire)
        self.run("ip", "link", "set", "lo", "up")
        self.run("ip", "link", "set", wire, "up")
        self.run("ip", "route", "add", "default", "via", gateway)

    def inside(self, command):
        return ["nsenter", f"--target={self.holder.pid}", "--net", *command]

    def run(self, *command):
        return run(*self.inside(command))


def build():
    run("ip", "link", "set", "lo", "up")
    run("ip", "address", "add", f"{PROXY}/32", "dev", "lo")
    caller = Machine(CALLER, "10.77.1.1", "caller")
    callee = Machine(CALLEE, "10.77.2.1", "callee")
    return caller, callee


def drop(*match, at=None):
    """Drops packets that come in here, or at a machine."""
    rule = ["iptables", "--table", "raw", "--append", "PREROUTING", "--protocol", "udp", *match, "--jump", "DROP"]
    run(*(at.inside(rule) if at else rule))


def dropped():
    """How many packets each rule here dropped, in the order of the rules."""
    table = run("iptables", "--table", "raw", "--verbose", "--exact", "--numeric", "--list", "PREROUTING")
    return [int(line.split()[0]) for line in table.splitlines() if " DROP " in line]


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def wait_until(holds, what, timeout=10):
    deadline = time.monotonic() + timeout
    while not holds():
        if time.monotonic() > deadline:
            raise SystemExit(f"calls: waited in vain for {what}")
        time.sleep(0.02)


def is_bound(port):
    """Whether somebody here listens on a UDP port."""
    with open("/proc/net/udp") as sockets:
        return any(line.split()[1].endswith(f":{port:04X}") for line in list(sockets)[1:])
