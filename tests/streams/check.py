"""Events of calls, streamed to real receivers.

usage: check.py SIDETONE_BINARY PROGRAMS
"""

import contextlib
import sys
import tempfile

import collector
import s3
from server import Sidetone


def main(binary, programs):
    with tempfile.TemporaryDirectory() as work, contextlib.ExitStack() as servers:
        receivers = [collector.Collector(work, programs), s3.S3(work, programs)]
        for receiver in receivers:
            servers.callback(receiver.stop)
        sidetone = Sidetone(binary, work)
        servers.callback(sidetone.process.kill)
        try:
            sinks = [receiver.sink(sidetone) for receiver in receivers]
            numbers = range(1, 31)
            sidetone.calls(numbers)
            for receiver, sid in zip(receivers, sinks):
                receiver.check(sidetone, sid, numbers)
            sidetone.stop()
            log = open(sidetone.errors).read()
            for receiver in receivers:
                if receiver.secret in log:
                    raise SystemExit(f"streams: the log has a secret of {receiver.name}")
        except BaseException:
            print(open(sidetone.errors).read()[-4000:], file=sys.stderr)
            raise
    print("streams: taken by", ", ".join(receiver.name for receiver in receivers))


main(sys.argv[1], sys.argv[2])
