"""Renews an instance with Alibaba Cloud's older SDK: RPC signatures in query and form, GET and POST, JSON and XML."""

import json
import xml.etree.ElementTree as ElementTree

from aliyun_legacy_client import answer, asking, client, refusal
from aliyun_sandbox import (
    ENDPOINT,
    LOCKED,
    MONTH,
    PAY_AS_YOU_GO,
    REGION,
    RENEWABLE,
    UNKNOWN,
    WRONG_SECRET,
    ZONE,
    is_minute,
    is_request_id,
    months_later,
    new_token,
    weeks_later,
    yuan,
)
from aliyunsdkcore.request import CommonRequest
from aliyunsdkecs.request.v20140526.DescribeInstancesRequest import DescribeInstancesRequest
from aliyunsdkecs.request.v20140526.DescribeRenewalPriceRequest import DescribeRenewalPriceRequest
from aliyunsdkecs.request.v20140526.RenewInstanceRequest import RenewInstanceRequest
from checks import expect, report

api = client()
seen = {}


def describing(*instances):
    """Returns a request for these instances."""
    return asking(DescribeInstancesRequest, InstanceIds=json.dumps(instances))


def described(instance):
    """Returns an instance as it is now."""
    page = answer(api, describing(instance))
    found = page["Instances"]["Instance"]
    expect(page["TotalCount"] == 1 and len(found) == 1, f"{instance} is there once", page)
    expect(found[0]["InstanceId"] == instance, "and is the one that was asked for", found)
    return found[0]


def renewing(token, instance=RENEWABLE, period=1, unit="Month", **fields):
    """Returns a request to renew."""
    return asking(
        RenewInstanceRequest, InstanceId=instance, Period=period, PeriodUnit=unit, ClientToken=token, **fields
    )


def sent_for_xml(request, root):
    """Returns the XML document that a request was answered with."""
    request.set_accept_format("XML")
    document = ElementTree.fromstring(api.do_action(request))
    expect(document.tag == root, f"the root is {root}", ElementTree.tostring(document))
    expect(is_request_id(document.findtext("RequestId")), "the document has a request id", document.tag)
    return document


def reads():
    """Returns the instance before anything is renewed; all three are as the demo has them."""
    before = described(RENEWABLE)
    expect(before["InstanceChargeType"] == "PrePaid" and before["Status"] == "Running", "a subscription runs", before)
    expect((before["RegionId"], before["ZoneId"]) == (REGION, ZONE), "it is where it was bought", before)
    expect(is_minute(before["ExpiredTime"]), "its expiry has no seconds", before["ExpiredTime"])
    expect(before["OperationLocks"]["LockReason"] == [], "nothing locks it", before["OperationLocks"])

    elastic = described(PAY_AS_YOU_GO)
    expect(elastic["InstanceChargeType"] == "PostPaid", "the second is paid as it goes", elastic)
    expect(elastic["ExpiredTime"] == "2099-12-31T15:59Z", "and never expires", elastic)
    reasons = [lock["LockReason"] for lock in described(LOCKED)["OperationLocks"]["LockReason"]]
    expect(reasons == ["security"], "the third is locked", reasons)

    everything = answer(api, asking(DescribeInstancesRequest))
    names = [each["InstanceId"] for each in everything["Instances"]["Instance"]]
    expect({RENEWABLE, PAY_AS_YOU_GO, LOCKED} <= set(names), "all three are in the region's list", names)

    month = {"ResourceId": RENEWABLE, "ResourceType": "instance", "Period": 1, "PriceUnit": "Month"}
    price = answer(api, asking(DescribeRenewalPriceRequest, **month))["PriceInfo"]["Price"]
    expect(yuan(price["OriginalPrice"]) == MONTH and price["Currency"] == "CNY", "a month costs 240 yuan", price)
    expect(
        yuan(price["TradePrice"]) == yuan(price["OriginalPrice"]) - yuan(price["DiscountPrice"]),
        "the discount is what is taken off",
        price,
    )
    seen["price"] = price
    return before


def renews_once(before):
    """Returns the token and the order of a month's renewal that was asked for again and again."""
    token = new_token()
    order = answer(api, renewing(token))
    expect(isinstance(order["OrderId"], str) and order["OrderId"].isdigit(), "an order id is digits in text", order)
    expect("Code" not in order, "a success has no code", order)
    again = answer(api, renewing(token))
    expect(again["OrderId"] == order["OrderId"], "the same token finds the same order", order, again)
    expect(again["RequestId"] != order["RequestId"], "by another request", order, again)
    # A unit left out is months, so these are the same parameters.
    bare = asking(RenewInstanceRequest, InstanceId=RENEWABLE, Period=1, ClientToken=token)
    expect(answer(api, bare)["OrderId"] == order["OrderId"], "months are the default unit")

    mismatch = ("a token with another period", 400, "IdempotenceParamNotMatch")
    seen["mismatch"] = refusal(api, renewing(token, period=2), *mismatch)
    refusal(api, renewing(token, unit="Week"), *mismatch)
    refusal(api, renewing(token, instance=LOCKED), *mismatch)

    after = described(RENEWABLE)
    expect(
        months_later(before["ExpiredTime"], after["ExpiredTime"], 1),
        "the expiry moved by exactly one month",
        before["ExpiredTime"],
        after["ExpiredTime"],
    )
    expect(after["Status"] == "Running", "the instance still runs", after)
    seen.update(orderId=order["OrderId"], expiredBefore=before["ExpiredTime"], expiredAfter=after["ExpiredTime"])
    return token, order["OrderId"], after


def speaks_xml(token, order_id, after):
    """The same answers as XML, and a refusal."""
    replayed = sent_for_xml(renewing(token), "RenewInstanceResponse")
    expect(replayed.findtext("OrderId") == order_id, "the same token finds the same order in XML", replayed)

    page = sent_for_xml(describing(RENEWABLE, LOCKED), "DescribeInstancesResponse")
    expect(page.findtext("TotalCount") == "2", "two instances were asked for", ElementTree.tostring(page))
    instances = page.findall("Instances/Instance")
    expiries = {each.findtext("InstanceId"): each.findtext("ExpiredTime") for each in instances}
    expect(len(instances) == 2, "a list is a container with an element for each", ElementTree.tostring(page))
    expect(set(expiries) == {RENEWABLE, LOCKED}, "two instances are there", expiries)
    expect(expiries[RENEWABLE] == after["ExpiredTime"], "with the same expiry as in JSON", expiries, after)
    reason = page.findtext(f"Instances/Instance[InstanceId='{LOCKED}']/OperationLocks/LockReason/LockReason")
    expect(reason == "security", "a list's elements are inside its container", ElementTree.tostring(page))

    error = sent_for_xml(renewing(new_token(), instance=UNKNOWN), "Error")
    expect(error.findtext("Code") == "InvalidInstanceId.NotFound", "a refusal is XML too", ElementTree.tostring(error))
    expect(error.findtext("Message") and error.findtext("HostId"), "with its parts", ElementTree.tostring(error))
    seen["xmlError"] = {each.tag: each.text for each in error}


def renews_in_other_ways(after):
    """Returns the expiry after two weeks more: one asked for by GET, one in a form."""
    answer(api, renewing(new_token(), unit="Week", method="GET"))
    by_get = described(RENEWABLE)["ExpiredTime"]
    expect(weeks_later(after["ExpiredTime"], by_get, 1), "GET renewed by a week", after["ExpiredTime"], by_get)

    token = new_token()
    for _ in range(2):
        form = CommonRequest(domain=ENDPOINT, version="2014-05-26", action_name="RenewInstance", product="Ecs")
        form.set_protocol_type("http")
        form.set_method("POST")
        for name, value in {"InstanceId": RENEWABLE, "Period": 1, "PeriodUnit": "Week", "ClientToken": token}.items():
            form.add_body_params(name, value)
        answer(api, form)
    by_form = described(RENEWABLE)["ExpiredTime"]
    expect(weeks_later(by_get, by_form, 1), "the form, sent twice, renewed by a week", by_get, by_form)
    return by_form


def is_refused(expiry):
    """Every refusal raises the SDK's exception with its code, and renews nothing."""

    def refused(name, status, code, request, by=api):
        seen[name] = refusal(by, request, name, status, code)

    token = new_token()
    refused("unknown instance", 404, "InvalidInstanceId.NotFound", renewing(token, instance=UNKNOWN))
    refused("pay-as-you-go", 403, "ChargeTypeViolation", renewing(token, instance=PAY_AS_YOU_GO))
    refused("locked", 403, "InstanceLockedForSecurity", renewing(token, instance=LOCKED))
    refused("period not sold", 400, "InvalidPeriod", renewing(token, period=10))
    refused("weeks not sold", 400, "InvalidPeriod", renewing(token, period=5, unit="Week"))
    refused("unknown unit", 400, "InvalidPeriodUnit.ValueNotSupported", renewing(token, unit="Day"))
    no_period = asking(RenewInstanceRequest, InstanceId=RENEWABLE, ClientToken=token)
    refused("no period", 400, "InvalidPeriod.NotFound", no_period)
    refused("long token", 400, "InvalidClientToken.ValueNotSupported", renewing("x" * 65))

    # The SDK says so when the server signed the very same text: only the secret differs, not the form.
    refused("wrong secret", 400, "InvalidAccessKeySecret", renewing(token), by=client(secret=WRONG_SECRET))
    unknown_key = client(key_id="x" * 24)
    refused("unknown key", 404, "InvalidAccessKeyId.NotFound", renewing(token), by=unknown_key)
    unknown_action = CommonRequest(domain=ENDPOINT, version="2014-05-26", action_name="RenewWorld", product="Ecs")
    refused("unknown action", 404, "InvalidAction.NotFound", unknown_action)
    expect(described(RENEWABLE)["ExpiredTime"] == expiry, "refusals renew nothing", expiry)


before = reads()
token, order_id, after = renews_once(before)
speaks_xml(token, order_id, after)
expiry = renews_in_other_ways(after)
is_refused(expiry)
report(["aliyun-python-sdk-core", "aliyun-python-sdk-ecs"], {**seen, "expiredAtLast": expiry})
