"""Reads `/me` and rehearses a renewal from the command line, by HTTPie and its OVHcloud plugin.

The plugin signs by this machine's clock and never asks the server's, so the sandbox's clock must be at the present.
"""

import json
import os
import subprocess
import sys

from checks import expect, report
from sandbox import ENDPOINT, amount


def http(method, path, *fields):
    """Runs HTTPie for one signed request and returns the JSON it printed."""
    keys = {
        # The plugin has its own names for the application's key and secret.
        "OVH_CLIENT_ID": os.environ["OVH_APPLICATION_KEY"],
        "OVH_CLIENT_SECRET": os.environ["OVH_APPLICATION_SECRET"],
    }
    command = [sys.executable, "-m", "httpie", "--ignore-stdin", "--check-status", "--body", "--pretty=none"]
    command += ["--timeout=20", "--auth-type=ovh", method, ENDPOINT + path, *fields]
    done = subprocess.run(command, check=False, env={**os.environ, **keys}, capture_output=True, text=True)
    expect(done.returncode == 0, f"{method} {path} succeeds", done.stdout, done.stderr)
    return json.loads(done.stdout)


me = http("GET", "/me")
expect(me["currency"]["code"] == "EUR", "the demo customer pays in euros", me)
offers = http("GET", "/service/12345/renew", "includeOptions==false")
orders = http("GET", "/me/order")
# HTTPie writes JSON with spaces after the colons, and it is that text which is signed.
rehearsed = http("POST", "/service/12345/renew", "duration=P1Y", "dryRun:=true", "services:=[12345]")
expect(amount(rehearsed["priceWithoutTax"], 1.99), "a year of the domain costs 1.99", rehearsed)
expect(http("GET", "/me/order") == orders, "a dry run stores no order")

report(
    ["httpie"],
    {
        "nichandle": me["nichandle"],
        "periods": [each["renewPeriod"] for each in offers],
        "priceWithTax": rehearsed["priceWithTax"],
    },
)
