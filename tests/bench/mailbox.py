"""A mail server on loopback that keeps what it is given: enough SMTP for Django's, with time to be killed in between."""

import email
import random
import socketserver
import threading
import time
from email.message import Message


class Mailbox(socketserver.ThreadingTCPServer):
    """`letters` holds every mail that came in whole, with its address. Each answer to one takes up to `delay` s.

    `refusals` says to which addresses it takes none, with its answer: "550 5.1.1 no such user".
    """

    allow_reuse_address = daemon_threads = True

    def __init__(self, delay: float = 0.0):
        super().__init__(("127.0.0.1", 0), _Session)
        self.letters: list[tuple[str, Message]] = []
        self.delay = delay
        self.refusals: dict[str, str] = {}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return self.server_address[1]

    def handle_error(self, request, client_address) -> None:
        """Whoever writes to us is killed now and then."""


class _Session(socketserver.StreamRequestHandler):
    timeout = 30  # seconds

    def handle(self) -> None:
        address = ""
        self.say("220 loopback")
        for line in iter(self.rfile.readline, b""):
            command = line.decode("ascii", "replace").strip()
            verb = command.upper()
            if verb.startswith("RCPT TO:"):
                address = command.split("<", 1)[1].split(">", 1)[0]
                if refusal := self.server.refusals.get(address):
                    self.say(refusal)
                    continue
            if verb == "DATA":
                self.say("354 go on")
                if not self.receive(address):
                    return
            self.say("221 bye" if verb == "QUIT" else "250 ok")
            if verb == "QUIT":
                return

    def receive(self, address: str) -> bool:
        lines = []
        for line in iter(self.rfile.readline, b""):
            if line == b".\r\n":
                self.server.letters.append((address, email.message_from_bytes(b"".join(lines))))
                time.sleep(random.uniform(0, self.server.delay))
                return True
            lines.append(line[1:] if line.startswith(b"..") else line)
        return False  # Its sender died; what came so far is no mail.

    def say(self, answer: str) -> None:
        self.wfile.write(f"{answer}\r\n".encode())
