"""The older SDK, pointed at the sandbox: making a request, sending it, and the exception it must raise."""

import json

from aliyun_sandbox import ENDPOINT, KEY_ID, KEY_SECRET, REGION, is_request_id
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.client import AcsClient
from checks import expect


def client(secret=KEY_SECRET, key_id=KEY_ID):
    """Returns a client as its users make it: plain HTTP and up to three repeats, both by default."""
    return AcsClient(key_id, secret, REGION)


def asking(request_class, method="POST", **fields):
    """Returns a request for the sandbox with these fields set by the class's own setters."""
    request = request_class()
    request.set_endpoint(ENDPOINT)
    request.set_method(method)
    for name, value in fields.items():
        getattr(request, f"set_{name}")(value)
    return request


def answer(api, request):
    """Returns the parsed answer of a request that must succeed."""
    body = json.loads(api.do_action_with_exception(request))
    expect(is_request_id(body.get("RequestId")), "an answer has a request id", body)
    return body


def refusal(api, request, what, status, code):
    """Sends a request that must be refused with exactly this status and code, and returns what it said."""
    try:
        body = api.do_action_with_exception(request)
    except ServerException as error:
        said = {"status": error.http_status, "code": error.error_code, "message": error.message}
        expect((error.http_status, error.error_code) == (status, code), f"{what} is refused as {code}", said)
        expect(error.message, f"{what} has a message", said)
        expect(is_request_id(error.request_id), f"{what} has a request id", error.request_id)
        return said
    return expect(False, f"{what} is refused", body)
