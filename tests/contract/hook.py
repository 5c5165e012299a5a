"""A receiver of webhooks, to be killed and frozen: `python hook.py FOLDER PORT`.

It appends what it takes to a file, refuses bodies with a product that it does not like, and
everything without the right signature and password.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

POISON = "com,ma"
SECRET = "sh4red"
PASSWORD = "s3cret"


class Hook(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    file: int

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        user = base64.b64encode(f"shop:{PASSWORD}".encode()).decode()
        if self.headers["Authorization"] != f"Basic {user}":
            self.answer(401, b"who are you")
        elif self.headers["Starwatch-Signature"] != f"sha256={signature}":
            self.answer(403, b"not signed")
        elif any(row["product"] == POISON for row in json.loads(body)):
            self.answer(422, b"not this product")
        else:
            line = {"rows": self.headers["Starwatch-Rows"], "path": self.path}
            line |= {"key": self.headers["Idempotency-Key"], "body": body.decode()}
            os.write(self.file, json.dumps(line).encode() + b"\n")
            self.answer(200, b"")

    def answer(self, status: int, text: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


if __name__ == "__main__":
    Hook.file = os.open(Path(sys.argv[1]) / "taken", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Hook).serve_forever()
