"""Attacks, one after the other, each on a server of its own that may take only so much memory.

    main.py BINARY [--measure] [ATTACK…]

During each a normal client goes on with its work. Afterwards the server must be the same process,
answer, have kept all that it acknowledged, and be clean. --measure prints how long the normal
client waited (bench/attacks.sh), of several runs: one has too few requests to tell the slowest
hundredth of them.
"""

import os
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "durability"))

from attacks import ATTACKS, wait_until_folded  # noqa: E402
from normal import Normal, waited  # noqa: E402
from server import Server  # noqa: E402

# Address space, of which a server at rest takes a third.
LIMIT_BYTES = 1_200_000_000
# Runs that are measured.
RUNS = 10


def run(binary, attack):
    log = tempfile.TemporaryFile("w+")
    prefix = ["prlimit", f"--as={LIMIT_BYTES}"]
    server = Server(binary, prefix, settings=attack.settings, hep=True, log=log)
    try:
        server.start()
        normal = Normal(server)
        normal.start()
        began = time.monotonic()
        try:
            attack.run(server)
        finally:
            taken = time.monotonic() - began
            normal.stop()
        if server.process.poll() is not None:
            raise SystemExit(f"{attack.name}: the server ended with {server.process.returncode}")
        normal.check()
        wait_until_folded(server, others=0)
        most = server.memory("VmHWM")
        server.stop()
        found = server.check()
        if found:
            raise SystemExit(f"{attack.name}: check found: {found}")
        return taken, most, normal
    finally:
        if server.process and server.process.poll() is None:
            server.kill()
        server.remove()


def main():
    arguments = sys.argv[1:]
    measures = "--measure" in arguments
    binary, *wanted = [argument for argument in arguments if argument != "--measure"]
    passed = 0
    for attack in ATTACKS:
        if wanted and attack.name not in wanted:
            continue
        runs = [run(binary, attack) for _ in range(RUNS if measures else 1)]
        waits = [wait for _, _, normal in runs for wait in normal.waits]
        p50, p99, longest = waited(waits)
        most = max(most for _, most, _ in runs)
        if measures:
            print(f"{p99:.1f}\t{p50:.1f}\t{longest:.1f}\t{len(waits)}\t{most:.0f}\t{attack.title}", flush=True)
        else:
            print(
                f"attacks: {attack.title}: {runs[0][0]:.1f} s, at most {most:.0f} MB; a normal client: {len(waits)} requests,"
                f" p99 {p99:.0f} ms, longest {longest:.0f} ms",
                flush=True,
            )
        passed += 1
    if not measures:
        print(f"{passed} passed, 0 failed")


main()
