"""Meets the refusals, by the client's own exception class, and the two other ways in: new consumer keys and OAuth2."""

import os

import ovh
import requests
from ovh import exceptions as refused
from checks import expect, report
from sandbox import client, delivered, months_later

# The sandbox speaks plain HTTP; the OAuth2 library refuses that unless told.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"

NAME = "vps112233.ovh.net"
PAYPAL = {"paymentMean": "paypal", "paymentMeanId": 1234}

seen = {}


def refuses(name, kind, call, *args, code=None, **kwargs):
    """Makes a call that must be refused with exactly this exception class, and writes down what it said."""
    try:
        answer = call(*args, **kwargs)
    except refused.APIError as error:
        response = error.response
        expect(response is not None, f"{name} is answered in JSON", repr(error))
        body = response.json()
        seen[name] = {
            "exception": type(error).__name__,
            "status": response.status_code,
            "class": body.get("class"),
            "errorCode": body.get("errorCode"),
            "message": body.get("message"),
        }
        expect(kind is None or type(error) is kind, f"{name} raises {kind and kind.__name__}", seen[name])
        expect(400 <= response.status_code < 500, f"{name} is the caller's fault", seen[name])
        expect(body.get("message"), f"{name} has a message", body)
        expect(error.query_id, f"{name} has a query id", dict(response.headers))
        expect(code is None or body.get("errorCode") == code, f"{name} has errorCode {code}", body)
    else:
        expect(False, f"{name} is refused", answer)


def credentials():
    """Wrong keys, each with its own word."""
    wrong = client(application_secret="0" * 32)
    refuses("wrong secret", refused.BadParametersError, wrong.get, "/me", code="INVALID_SIGNATURE")
    wrong = client(consumer_key="0" * 32)
    refuses("unknown consumer key", refused.NotCredential, wrong.get, "/me", code="NOT_CREDENTIAL")
    wrong = client(application_key="0" * 16)
    refuses("unknown application key", refused.InvalidKey, wrong.get, "/me", code="INVALID_KEY")


def consumer_keys():
    """A new consumer key is worth nothing until its owner allows it, and then only what was asked for."""
    narrow = client()
    request = narrow.new_consumer_key_request()
    request.add_recursive_rules(ovh.API_READ_ONLY, "/vps")
    pending = request.request()
    expect(pending["state"] == "pendingValidation", "a new consumer key waits for its owner", pending)
    expect(pending["consumerKey"] != os.environ["OVH_CONSUMER_KEY"], "a new consumer key is new")
    refuses("pending consumer key", refused.InvalidCredential, narrow.get, "/vps", code="INVALID_CREDENTIAL")

    # What the page's form sends. The password is the demo customer's, as the sandbox says at its start.
    answer = {"account": api.get("/me")["nichandle"], "password": "demo", "validity": "P1D", "answer": "approve"}
    wrong = requests.post(pending["validationUrl"], data=answer | {"password": "guess"}, timeout=20)
    expect(wrong.status_code >= 400, "nobody but the owner can allow the key", wrong.status_code)
    refuses("still pending", refused.InvalidCredential, narrow.get, "/vps", code="INVALID_CREDENTIAL")
    allowed = requests.post(pending["validationUrl"], data=answer, timeout=20)
    expect(
        allowed.status_code < 400, "the owner can allow the key at its validationUrl", allowed.status_code, allowed.text
    )
    expect(NAME in narrow.get("/vps"), "the allowed key reads what it asked for")
    current = narrow.get("/vps/" + NAME)
    expect(current["name"] == NAME, "and below it", current)
    refuses("not granted path", refused.NotGrantedCall, narrow.get, "/me", code="NOT_GRANTED_CALL")
    refuses(
        "not granted method", refused.NotGrantedCall, narrow.post, f"/vps/{NAME}/terminate", code="NOT_GRANTED_CALL"
    )
    return pending["state"]


def oauth2(api):
    """A service account gets in with its secret, and only with that."""
    account = api.post(
        "/me/api/oauth2/client",
        callbackUrls=[],
        flow="CLIENT_CREDENTIALS",
        name="renewals",
        description="made by a test",
    )
    keys = {"application_key": None, "application_secret": None, "consumer_key": None}
    # The client refuses both families of keys at once, so those in the environment go first.
    for name in ("OVH_APPLICATION_KEY", "OVH_APPLICATION_SECRET", "OVH_CONSUMER_KEY"):
        os.environ.pop(name)
    right = ovh.Client("sandbox", client_id=account["clientId"], client_secret=account["clientSecret"], **keys)
    expect(right.get("/me")["nichandle"] == api.get("/me")["nichandle"], "the service account is the same customer")
    wrong = ovh.Client("sandbox", client_id=account["clientId"], client_secret="wrong", **keys)
    try:
        wrong.get("/me")
    except refused.OAuth2FailureError as error:
        seen["wrong OAuth2 secret"] = {"exception": type(error).__name__, "message": str(error)}
        expect("invalid_client" in str(error), "a wrong secret is an invalid client", str(error))
    else:
        expect(False, "a wrong OAuth2 secret is refused")


def renewals(api):
    """Renewals that cannot be, and paying for one twice."""
    before = api.get(f"/vps/{NAME}/serviceInfos")
    service = before["serviceId"]
    orders_before = api.get("/me/order")

    def renew(path_id=service, **changes):
        body = {"duration": "P1M", "dryRun": False, "services": [path_id], **changes}
        return api.post(f"/service/{path_id}/renew", **{k: v for k, v in body.items() if v != "absent"})

    bad, unknown = refused.BadParametersError, refused.ResourceNotFoundError
    refuses("unknown service", unknown, api.get, "/service/999999999/renew")
    refuses("unknown service, renewing", unknown, renew, 999999999)
    refuses("unknown name", unknown, api.get, "/vps/vps999999.ovh.net/serviceInfos")
    refuses("unknown order", unknown, api.get, "/me/order/999999999")
    refuses("unknown bill", unknown, api.get, "/me/bill/FR999999999")
    refuses("unknown route", unknown, api.get, "/no/such/route")
    refuses("period not offered", bad, renew, duration="P7M")
    refuses("not a period", bad, renew, duration="a month")
    refuses("zero period", bad, renew, duration="P0M")
    refuses("no period", bad, renew, duration="absent")
    refuses("period of the wrong type", bad, renew, duration=1)
    refuses("set not offered", bad, renew, services=[service, 12345])
    refuses("set without the service", bad, renew, services=[12345])
    refuses("empty set", bad, renew, services=[])
    refuses("no set", bad, renew, services="absent")
    refuses("set of the wrong type", bad, renew, services="all")
    refuses("dry run of the wrong type", bad, renew, dryRun="perhaps")
    expect(sorted(api.get("/me/order")) == sorted(orders_before), "a refusal stores no order")

    order_id = renew()["orderId"]
    pay = f"/me/order/{order_id}/payWithRegisteredPaymentMean"
    # Which class these two get on the real API is not known; the caller's fault it is.
    refuses("unknown payment mean", None, api.post, pay, paymentMean="paypal", paymentMeanId=999999999)
    refuses("mean without its id", None, api.post, pay, paymentMean="paypal")
    refuses("not a mean", bad, api.post, pay, paymentMean="shells", paymentMeanId=1234)
    expect(api.get(f"/me/order/{order_id}/status") == "notPaid", "a refused payment pays nothing")
    api.post(pay, **PAYPAL)
    delivered(api, order_id)
    refuses("paying twice", None, api.post, pay, **PAYPAL)
    after = api.get(f"/vps/{NAME}/serviceInfos")
    expect(months_later(before["expiration"], after["expiration"], 1), "the expiry moved once", before, after)
    expect(len(api.get("/me/bill", orderId=order_id)) == 1, "there is one bill")


api = client()
credentials()
state = consumer_keys()
renewals(api)
oauth2(api)
report(["ovh"], {"newConsumerKey": state, "refusals": seen})
