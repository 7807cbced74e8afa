"""Renews an instance with Alibaba Cloud's current SDK, by both of its signatures; everything is read as typed objects.

An answer of the wrong shape does not fail here: its body is None, without an exception. So every body is looked at.
"""

from alibabacloud_bssopenapi20171214 import models as billing
from alibabacloud_bssopenapi20171214.client import Client as Billing
from alibabacloud_ecs20140526 import models as ecs
from alibabacloud_ecs20140526.client import Client as Ecs
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.utils_models import Config
from aliyun_sandbox import (
    COUPON,
    ENDPOINT,
    KEY_ID,
    KEY_SECRET,
    LOCKED,
    MONTH,
    PAY_AS_YOU_GO,
    REGION,
    RENEWABLE,
    UNKNOWN,
    WEEK,
    WRONG_SECRET,
    is_minute,
    is_request_id,
    midnight,
    months_later,
    new_token,
    weeks_later,
    yuan,
)
from checks import expect, report

seen = {}


def config(secret=KEY_SECRET, **fields):
    """Returns the settings of a client for the sandbox."""
    return Config(access_key_id=KEY_ID, access_key_secret=secret, endpoint=ENDPOINT, protocol="http", **fields)


def body(response, kind):
    """Returns the typed body of an answer."""
    expect(response.status_code == 200, "a success is 200", response.status_code)
    expect(type(response.body) is kind, f"the body is a {kind.__name__}", response.body)
    expect(is_request_id(response.body.request_id), "with a request id", response.body)
    return response.body


def elements(container, name, kind):
    """Returns a list out of its container, with each element typed."""
    expect(container is not None, f"the container of {name} is there")
    found = getattr(container, name)
    expect(isinstance(found, list) and all(type(each) is kind for each in found), f"{name} is typed", found)
    return found


def refuses(name, status, code, call, request):
    """Makes a call that must be refused with exactly this status and code, and writes down what it said."""
    try:
        answer = call(request)
    except ClientException as error:
        said = {"exception": type(error).__name__, "status": error.status_code, "code": error.code}
        seen[name] = {**said, "message": error.message}
        expect(type(error) is ClientException, f"{name} is the caller's fault", said)
        expect((error.status_code, error.code) == (status, code), f"{name} is refused as {code}", seen[name])
        expect(is_request_id(error.request_id), f"{name} has a request id", error.request_id)
        expect(error.data["HostId"], f"{name} names the host", error.data)
    else:
        expect(False, f"{name} is refused", answer)


def described(api, instance=RENEWABLE):
    """Returns an instance as it is now."""
    request = ecs.DescribeInstancesRequest(region_id=REGION, instance_ids=f'["{instance}"]')
    page = body(api.describe_instances(request), ecs.DescribeInstancesResponseBody)
    found = elements(page.instances, "instance", ecs.DescribeInstancesResponseBodyInstancesInstance)
    expect(len(found) == 1 and page.total_count == 1, f"{instance} is there once", page)
    expect(found[0].instance_id == instance and is_minute(found[0].expired_time), "and has an expiry", found[0])
    return found[0]


def renewing(token, **fields):
    """Returns a request to renew by a month, or by what `fields` say."""
    return ecs.RenewInstanceRequest(
        **{"instance_id": RENEWABLE, "period": 1, "period_unit": "Month", "client_token": token, **fields}
    )


def renewed(api, request):
    """Returns the order id of a renewal."""
    order_id = body(api.renew_instance(request), ecs.RenewInstanceResponseBody).order_id
    # The SDK hands on what it got: a number would be a number here, and lose digits in other languages.
    expect(isinstance(order_id, str) and order_id.isdigit(), "an order id is digits in text", order_id)
    return order_id


def reads(api):
    """The demo's instances, with their locks as objects, and the status and regions beside them."""
    lock = ecs.DescribeInstancesResponseBodyInstancesInstanceOperationLocksLockReason
    reasons = [each.lock_reason for each in elements(described(api, LOCKED).operation_locks, "lock_reason", lock)]
    expect(reasons == ["security"], "the third instance is locked", reasons)
    expect(elements(described(api).operation_locks, "lock_reason", lock) == [], "the first is not")
    expect(described(api).instance_charge_type == "PrePaid", "the first is a subscription")
    expect(described(api, PAY_AS_YOU_GO).instance_charge_type == "PostPaid", "the second is not")

    names = [RENEWABLE, LOCKED]
    request = ecs.DescribeInstanceStatusRequest(region_id=REGION, instance_id=names)
    page = body(api.describe_instance_status(request), ecs.DescribeInstanceStatusResponseBody)
    kind = ecs.DescribeInstanceStatusResponseBodyInstanceStatusesInstanceStatus
    statuses = elements(page.instance_statuses, "instance_status", kind)
    expect({each.instance_id for each in statuses} == set(names), "a list of ids is two parameters", statuses)

    page = body(api.describe_regions(ecs.DescribeRegionsRequest()), ecs.DescribeRegionsResponseBody)
    regions = elements(page.regions, "region", ecs.DescribeRegionsResponseBodyRegionsRegion)
    expect(REGION in [each.region_id for each in regions], "the region is one of the regions", regions)


def prices(api):
    """What renewing would cost, by default for a month, and that a day and a period exclude each other."""

    def priced(**fields):
        request = ecs.DescribeRenewalPriceRequest(region_id=REGION, resource_id=RENEWABLE, **fields)
        info = body(api.describe_renewal_price(request), ecs.DescribeRenewalPriceResponseBody).price_info
        price = info.price
        amounts = (price.original_price, price.discount_price, price.trade_price)
        expect(all(isinstance(each, (int, float)) for each in amounts), "prices are numbers", amounts)
        expect(yuan(price.trade_price) == yuan(price.original_price) - yuan(price.discount_price), "they add up", price)
        expect(price.currency == "CNY", "in yuan", price)
        elements(info.rules, "rule", ecs.DescribeRenewalPriceResponseBodyPriceInfoRulesRule)
        return yuan(price.original_price)

    expect(priced(resource_type="instance", period=1, price_unit="Month") == MONTH, "a month costs 240 yuan")
    expect(priced() == MONTH, "a month is the default")
    expect(priced(period=3, price_unit="Month") == 3 * MONTH, "three months cost thrice as much")
    both = ecs.DescribeRenewalPriceRequest(region_id=REGION, resource_id=RENEWABLE, period=1, expected_renew_day=12)
    refuses("price, day and period", 400, "InvalidExpectedRenewDay.Conflict", api.describe_renewal_price, both)


def renews(api, older):
    """A month by one signature, its token again by the other, then a week by the other."""
    before = described(api).expired_time
    expect(midnight(before), "the term ends at midnight in China", before)
    token = new_token()
    order_id = renewed(api, renewing(token))
    expect(renewed(api, renewing(token)) == order_id, "the same token finds the same order", order_id)
    expect(renewed(older, renewing(token)) == order_id, "by the older signature as well", order_id)
    refuses("token, other period", 400, "IdempotenceParamNotMatch", api.renew_instance, renewing(token, period=2))
    after = described(api).expired_time
    expect(months_later(before, after, 1), "the expiry moved by exactly one month", before, after)
    expect(described(older).expired_time == after, "the older signature reads the same")

    week = new_token()
    weekly = renewed(older, renewing(week, period_unit="Week"))
    expect(weekly != order_id, "another token is another order", weekly)
    expect(renewed(api, renewing(week, period_unit="Week")) == weekly, "its token is known to the newer signature")
    last = described(api).expired_time
    expect(weeks_later(after, last, 1), "the expiry moved by a week more", after, last)
    seen.update(orderId=order_id, weeklyOrderId=weekly, expiredBefore=before, expiredAfter=after, expiredAtLast=last)


def switches(api):
    """Automatic renewal: read, switched off and on, and read back each time."""

    def attribute():
        request = ecs.DescribeInstanceAutoRenewAttributeRequest(region_id=REGION, instance_id=RENEWABLE)
        kind = ecs.DescribeInstanceAutoRenewAttributeResponseBody
        page = body(api.describe_instance_auto_renew_attribute(request), kind)
        kind = ecs.DescribeInstanceAutoRenewAttributeResponseBodyInstanceRenewAttributesInstanceRenewAttribute
        found = elements(page.instance_renew_attributes, "instance_renew_attribute", kind)
        expect(len(found) == 1 and found[0].instance_id == RENEWABLE, "the instance has one attribute", page)
        each = found[0]
        expect(isinstance(each.duration, int), "a duration is a number", each)
        return each.renewal_status, each.auto_renew_enabled, each.duration, each.period_unit

    def modified(**fields):
        request = ecs.ModifyInstanceAutoRenewAttributeRequest(region_id=REGION, instance_id=RENEWABLE, **fields)
        body(api.modify_instance_auto_renew_attribute(request), ecs.ModifyInstanceAutoRenewAttributeResponseBody)
        return attribute()

    first = attribute()
    expect(first[:2] == ("AutoRenewal", True) and first[2] > 0, "the demo instance renews by itself", first)
    off = modified(renewal_status="Normal")
    expect(off[:3] == ("Normal", False, 0), "switched off", off)
    on = modified(renewal_status="AutoRenewal", duration=2, period_unit="Month")
    expect(on == ("AutoRenewal", True, 2, "Month"), "switched on for two months", on)
    silent = modified(renewal_status="NotRenewal")
    expect(silent[:3] == ("NotRenewal", False, 0), "neither renewed nor reminded of", silent)
    expect(modified(renewal_status="Normal")[0] == "Normal", "back to reminders")
    # The SDK writes True, with a capital; the status follows from it when it is left out.
    expect(modified(auto_renew=True, duration=1, period_unit="Month") == ("AutoRenewal", True, 1, "Month"), "by a flag")
    request = ecs.ModifyInstanceAutoRenewAttributeRequest(
        region_id=REGION, instance_id=PAY_AS_YOU_GO, renewal_status="AutoRenewal", duration=1
    )
    change = api.modify_instance_auto_renew_attribute
    refuses("automatic, pay-as-you-go", 403, "ChargeTypeViolation", change, request)
    seen["automatic"] = first


def is_refused(api, older):
    """Every refusal raises the SDK's exception for the caller's fault, by both signatures, and renews nothing."""
    expiry, token = described(api).expired_time, new_token()
    day = {"expected_renew_day": 12}
    no_period = {"period": None, "period_unit": None}
    refused = (
        ("unknown instance", 404, "InvalidInstanceId.NotFound", {"instance_id": UNKNOWN}),
        ("pay-as-you-go", 403, "ChargeTypeViolation", {"instance_id": PAY_AS_YOU_GO}),
        ("locked", 403, "InstanceLockedForSecurity", {"instance_id": LOCKED}),
        ("period not sold", 400, "InvalidPeriod", {"period": 10}),
        ("no period, no day", 400, "InvalidPeriod.NotFound", no_period),
        ("day and period", 400, "InvalidExpectedRenewDay.Conflict", day),
        ("day and period without unit", 400, "InvalidExpectedRenewDay.Conflict", {**day, "period_unit": None}),
        ("day and unit without period", 400, "InvalidExpectedRenewDay.Conflict", {**day, "period": None}),
        ("token not of ASCII", 400, "InvalidClientToken.ValueNotSupported", {"client_token": "续费"}),
    )
    for name, status, code, fields in refused:
        refuses(name, status, code, api.renew_instance, renewing(token, **fields))
        refuses(f"{name}, older signature", status, code, older.renew_instance, renewing(token, **fields))
    for name, wrong in (
        ("wrong secret", Ecs(config(WRONG_SECRET))),
        ("wrong secret, older signature", Ecs(config(WRONG_SECRET, signature_algorithm="v2"))),
    ):
        refuses(name, 400, "SignatureDoesNotMatch", wrong.renew_instance, renewing(token))
    expect(described(api).expired_time == expiry, "refusals renew nothing", expiry)


def spends(bill):
    """Returns what the account can spend, and the instance's expiry, as the billing API has them typed."""
    data = body(bill.query_account_balance(), billing.QueryAccountBalanceResponseBody).data
    expect(type(data) is billing.QueryAccountBalanceResponseBodyData, "the balance is typed", data)
    expect(isinstance(data.available_amount, str) and data.currency == "CNY", "an amount in text, in yuan", data)
    request = billing.QueryAvailableInstancesRequest(product_code="ecs", instance_ids=RENEWABLE)
    page = body(bill.query_available_instances(request), billing.QueryAvailableInstancesResponseBody)
    found = elements(page.data, "instance_list", billing.QueryAvailableInstancesResponseBodyDataInstanceList)
    expect([each.instance_id for each in found] == [RENEWABLE], "the sweep finds it once", found)
    return yuan(data.available_amount), found[0].end_time


api, older = Ecs(config()), Ecs(config(signature_algorithm="v2"))
bill = Billing(config())
reads(api)
prices(api)
spendable, _ = spends(bill)
renews(api, older)
left, ends = spends(bill)
expect(spendable - left == MONTH + WEEK - COUPON, "a month and a week were paid, by the coupon first", spendable, left)
expect(midnight(ends) == midnight(seen["expiredAtLast"]), "the billing API has the new expiry", ends)
switches(api)
is_refused(api, older)
report(["alibabacloud-ecs20140526", "alibabacloud-tea-openapi", "alibabacloud-bssopenapi20171214"], seen)
