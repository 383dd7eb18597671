"""Phones: a baresip for each, told what to do over its control port."""

import json
import os
import socket
import time

from network import PROXY
from programs import Program

CONFIG = """
poll_method epoll
sip_listen {address}:{sip_port}
sip_trans_def udp
call_local_timeout 120
audio_source ausine,440
audio_player aufile,{home}/heard.wav
audio_alert aufile,{home}/alert.wav
ausrc_srate 48000
ausrc_channels 2
auplay_srate {rate}
auplay_channels 1
rtp_ports {rtp_port}-{rtcp_port}
rtcp_mux no
jitter_buffer_type fixed
jitter_buffer_delay 5-10
module_path /usr/lib/baresip/modules
module g711.so
module g722.so
module ausine.so
module aufile.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen {address}:{control_port}
"""
# One pair of phones a line: the digit tells their numbers and ports.
CALLER_NUMBER, CALLEE_NUMBER = "+1202555010{}", "+1202555019{}"


def sip_port(line):
    return 5000 + 10 * line


def rtp_port(line):
    return 20000 + 10 * line


class Phone:
    def __init__(self, machine, number, line, codec, work):
        self.number = number
        self.control = (machine.address, 4440 + line)
        home = os.path.join(work, number)
        os.mkdir(home)
        config = CONFIG.format(
            address=machine.address, home=home, sip_port=sip_port(line), control_port=self.control[1], rate=codec.split("/")[1],
            rtp_port=rtp_port(line), rtcp_port=rtp_port(line) + 1,
        )
        account = f"<sip:{number}@{PROXY}>;regint=0;audio_codecs={codec};answermode=manual"
        account += f';outbound="sip:{PROXY}:5060;transport=udp;lr"'
        # It asks for a UUID, and would draw one each time.
        files = {"config": config, "accounts": account + "\n", "contacts": "\n", "uuid": "00000000-0000-4000-8000-000000000000"}
        for name, text in files.items():
            with open(os.path.join(home, name), "w") as file:
                file.write(text)
        command = machine.inside(["env", f"HOME={home}", "baresip", "-f", home, "-v"])
        self.program = Program(f"phone-{number}", command, work)

    def rings(self):
        return "Incoming call" in self.program.said()

    def tell(self, command, text=""):
        """A command of baresip's menu. Waits for a phone that has just been started."""
        message = json.dumps({"command": command, "params": text, "token": "calls"}).encode()
        deadline = time.monotonic() + 15
        while True:
            try:
                with socket.create_connection(self.control, timeout=5) as control:
                    control.sendall(b"%d:%s," % (len(message), message))
                    return control.recv(65536).decode(errors="replace")
            except ConnectionRefusedError:
                self.program.is_alive()
                if time.monotonic() > deadline:
                    raise SystemExit(f"calls: phone {self.number} does not answer:\n{self.program.said()[-4000:]}") from None
                time.sleep(0.1)
