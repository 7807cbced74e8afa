"""A program that is told of events: verifies each with the library of Standard Webhooks, and takes it.

Wants `WEBHOOK_PORT`, `WEBHOOK_SECRET`, and in `WEBHOOK_EVENTS` how many events to wait for.
"""

import base64
import http.server
import json
import os

from checks import expect, report
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

SECRET = os.environ["WEBHOOK_SECRET"]
WANTED = int(os.environ["WEBHOOK_EVENTS"])
OTHER = "whsec_" + base64.b64encode(bytes(32)).decode()
seen = {}


def refuses(secret, body, headers):
    """Whether the library refuses a message."""
    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError:
        return True
    return False


class Program(http.server.BaseHTTPRequestHandler):
    """Takes what is signed, and nothing else."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            event = Webhook(SECRET).verify(body, headers)
        except WebhookVerificationError as error:
            print(error)
            self.send_response(401)
            self.end_headers()
            return
        expect(headers["content-type"] == "application/json", "it is JSON", headers)
        expect(refuses(OTHER, body, headers), "another secret does not verify it")
        expect(refuses(SECRET, body.replace(b"acme", b"evil"), headers), "a changed body is noticed")
        expect(refuses(SECRET, body, {**headers, "webhook-id": "msg_other"}), "a changed id is noticed")
        late = str(int(headers["webhook-timestamp"]) - 600)
        expect(refuses(SECRET, body, {**headers, "webhook-timestamp": late}), "a changed time is noticed")
        expect(headers["webhook-id"] not in seen, "it comes once", headers["webhook-id"])
        seen[headers["webhook-id"]] = event
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        """Says nothing."""


server = http.server.HTTPServer(("127.0.0.1", int(os.environ["WEBHOOK_PORT"])), Program)
while len(seen) < WANTED:
    server.handle_request()
report(["standardwebhooks"], {"events": seen})
