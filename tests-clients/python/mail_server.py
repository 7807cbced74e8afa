"""A mail server of a test's own: keeps what it takes, and refuses what it is told to refuse.

    mail_server.py PORT FOLDER [CERTIFICATE KEY]

Each mail that it takes becomes a file in the folder, `00001.json`, as a mail program reads it. The file `rules.json` in
the folder says what becomes of the next mails, each rule once, of the first that fits: {"to": part of the address, "do":
"450" or "550" (the answer to the address), "451" or "554" (the answer to the message), "drop" or "hang" (the
mail is kept, and before that is said the connection is cut, or nothing more is said)}. With a certificate it speaks TLS from the first byte, and wants the user `shop`
with the password `hunter2`.
"""

import asyncio
import email
import email.policy
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

port, folder = int(sys.argv[1]), sys.argv[2]
rules_file = os.path.join(folder, "rules.json")
count = 0


def rule_for(to, words):
    """Takes the rule that fits away, and tells what it wants done."""
    try:
        with open(rules_file) as file:
            rules = json.load(file)
    except FileNotFoundError:
        return None
    for rule in rules:
        if rule["to"] in to and rule["do"] in words:
            rules.remove(rule)
            write(rules_file, rules)
            return rule["do"]
    return None


def write(name, document):
    with open(name + ".partial", "w") as file:
        json.dump(document, file)
    os.rename(name + ".partial", name)


def part(message, kind):
    body = message.get_body((kind,))
    return body.get_content().replace("\r\n", "\n") if body else None


def keep(envelope):
    global count
    message = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert not message.defects, message.defects
    attached = [
        {"name": it.get_filename(), "type": it.get_content_type(), "start": it.get_content()[:5].decode()}
        for it in message.iter_attachments()
    ]
    seen = {
        "sender": envelope.mail_from,
        "readers": envelope.rcpt_tos,
        "headers": [[name, str(value)] for name, value in message.items()],
        "subject": message["Subject"],
        "id": message["Message-ID"],
        "date": message["Date"].datetime.isoformat(),
        "text": part(message, "plain"),
        "html": part(message, "html"),
        "attached": attached,
    }
    count += 1
    write(os.path.join(folder, f"{count:05}.json"), seen)


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        code = rule_for(address, ["450", "550"])
        if code:
            return f"{code} not this one"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        wanted = rule_for(envelope.rcpt_tos[0], ["451", "554", "drop", "hang"])
        if wanted in ("451", "554"):
            return f"{wanted} not this one"
        keep(envelope)
        if wanted == "drop":
            server.transport.abort()
        if wanted == "hang":
            await asyncio.sleep(3600)
        return "250 OK"


def allowed(server, session, envelope, mechanism, data):
    return AuthResult(success=(data.login, data.password) == (b"shop", b"hunter2"))


async def main():
    tls, more = None, {}
    if len(sys.argv) > 3:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(sys.argv[3], sys.argv[4])
        # It is TLS already, which the library does not see where it did not begin it.
        more = {"authenticator": allowed, "auth_required": True, "auth_require_tls": False}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(Handler(), hostname="mail.example.net", **more), "127.0.0.1", port, ssl=tls
    )
    await server.serve_forever()


count = sum(name.endswith(".json") and name != "rules.json" for name in os.listdir(folder))
asyncio.run(main())
