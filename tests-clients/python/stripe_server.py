"""Stripe, as `localstripe` plays it: the unmodified program, with a port and a memory of a test's own.

    stripe_server.py PORT

By itself the program listens on every address, keeps its state in a file that all share, and refuses `off_session` where
a payment is confirmed, which Stripe takes there (and without which Stripe would take the payer for present). So from outside:
it listens on 127.0.0.1 only, its file is nowhere, and `off_session` is taken out of a confirmation before it is read. One that
does not say so is refused, as it would be wrong.
"""

import builtins
import os
import runpy
import sys
from urllib.parse import parse_qsl, urlencode

from aiohttp import web

port = int(sys.argv[1])
run_app, open_file = web.run_app, builtins.open


def open_elsewhere(file, *more, **named):
    return open_file(os.devnull if file == "/tmp/localstripe.pickle" else file, *more, **named)


@web.middleware
async def off_session(request, handler):
    if request.method == "POST" and request.path.endswith("/confirm"):
        form = parse_qsl((await request.read()).decode())
        if ("off_session", "true") not in form:
            return web.json_response({"error": {"type": "invalid_request_error", "param": "off_session"}}, status=400)
        # Where the request keeps its body once it was read.
        request._read_bytes = urlencode([field for field in form if field[0] != "off_session"]).encode()
    return await handler(request)


def run_here(app, sock, access_log):
    sock.close()
    app.middlewares.insert(0, off_session)
    run_app(app, host="127.0.0.1", port=port, access_log=None, print=None)


builtins.open, web.run_app = open_elsewhere, run_here
sys.argv = ["localstripe", "--port", "0", "--from-scratch"]
runpy.run_module("localstripe", run_name="__main__")
