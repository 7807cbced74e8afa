"""The sandbox's control API, and what its server has counted: for scripts that need a bad day, or the truth."""

import json
import os
import re
import urllib.request

# The pages' port is the first of five, Alibaba Cloud's the last.
_HOST, _, _PORT = os.environ["ALIYUN_ENDPOINT"].rpartition(":")
PAGES = f"http://{_HOST}:{int(_PORT) - 4}"

# Proxies of the shell's environment lead away from loopback.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _answer(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    with _opener.open(PAGES + path, data, timeout=20) as response:
        return response.read().decode()


def arm(fault, count, **more):
    """Arms a fault for the next `count` renewals by Alibaba Cloud's API."""
    wanted = {"provider": "aliyun", "operation": "renew", "fault": fault, "count": count, **more}
    _answer("/_sandbox/faults", wanted)


def faults_left():
    """Returns how many calls are still to meet a fault."""
    return sum(each["left"] for each in json.loads(_answer("/_sandbox/faults"))["faults"])


def advance(span):
    """Moves the sandbox's clock on, by a span such as `PT5M`."""
    _answer("/_sandbox/clock", {"advance": span})


def ledger():
    """Returns all that the sandbox's ledger holds."""
    return json.loads(_answer("/_sandbox/ledger"))


def answered(operation):
    """Returns how many requests for an operation of Alibaba Cloud's were answered, though the answer was lost.

    A request whose client hung up before is not among them.
    """
    lines = re.findall(r"^perennial_requests_total\{(.*)\} (\d+)$", _answer("/metrics"), re.MULTILINE)
    named = ('dialect="aliyun"', f'operation="{operation}"')
    return sum(int(count) for labels, count in lines if all(label in labels for label in named))
