"""Assertions, and the document that a script prints at its end; no client in particular."""

import importlib.metadata
import json
import sys


def expect(holds, what, *seen):
    """Stops the script with `what` and the values seen, unless `holds`."""
    if not holds:
        sys.exit(f"not as expected: {what}" + "".join(f"\n  saw: {value!r}" for value in seen))


def report(packages, document):
    """Prints the one JSON document of the script, with the clients' names and versions."""
    clients = [f"{package} {importlib.metadata.version(package)}" for package in packages]
    json.dump({"clients": clients, **document}, sys.stdout, indent=1)
    print()
