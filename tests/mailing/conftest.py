"""What tests of mail providers share."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest


@pytest.fixture
def api():
    """A server that takes whatever is posted, and answers with what `api.answer` says."""

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.taken.append((self.path, dict(self.headers), body))
            status, told = server.answer
            sent = told if isinstance(told, bytes) else json.dumps(told).encode() if told is not None else b""
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.send_header("X-Message-Id", "1")
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Taking)
    server.taken, server.answer = [], (200, {})
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()
