"""What a lost answer costs with Alibaba Cloud's SDKs: one renewal, though the older one repeats it, without a token.

The older SDK lists a renewal as repeatable with a token and sends none: up to four requests, signed anew, that nothing
but their sameness ties together. The newer one repeats nothing; its caller does, with a token.
"""

from alibabacloud_ecs20140526 import models as ecs
from alibabacloud_ecs20140526.client import Client as Ecs
from alibabacloud_tea_openapi.utils_models import Config
from aliyun_legacy_client import answer, asking, client
from aliyun_sandbox import ENDPOINT, KEY_ID, KEY_SECRET, REGION, RENEWABLE, months_later, new_token, weeks_later
from aliyunsdkcore.acs_exception.exceptions import ClientException
from aliyunsdkcore.client import AcsClient
from aliyunsdkecs.request.v20140526.DescribeInstancesRequest import DescribeInstancesRequest
from aliyunsdkecs.request.v20140526.RenewInstanceRequest import RenewInstanceRequest
from checks import expect, report
from control import advance, answered, arm, faults_left, ledger
from Tea.exceptions import UnretryableException

api = client()
seen = {}


def expiry():
    """Returns when the instance expires."""
    body = answer(api, asking(DescribeInstancesRequest, InstanceIds=f'["{RENEWABLE}"]'))
    return body["Instances"]["Instance"][0]["ExpiredTime"]


def renewed(period, unit, by=api):
    """Returns the order of one call to renew, however many requests the SDK makes of it."""
    request = asking(RenewInstanceRequest, InstanceId=RENEWABLE, Period=period, PeriodUnit=unit)
    order_id = answer(by, request)["OrderId"]
    expect("ClientToken" not in request.get_query_params(), "the SDK sent no token", request.get_query_params())
    return order_id


def orders():
    """Returns the numbers of all orders that renewed the instance, each of which must have moved its expiry once."""
    books = ledger()
    placed = [order["id"] for order in books["orders"]]
    moved = [extension["order"] for extension in books["extensions"]]
    expect(sorted(moved) == sorted(placed), "each order moved the expiry once", placed, moved)
    return placed


def once(name, later, number, call):
    """Makes a call that must come to one order and move the expiry by `number`, which `later` counts."""
    before, had, heard = expiry(), orders(), answered("renew")
    order_id = call()
    after, has = expiry(), orders()
    seen[name] = {"answered": answered("renew") - heard, "orderId": order_id, "before": before, "after": after}
    expect(has == [*had, int(order_id)], f"{name}: there is one order more, the one that was told", seen[name], has)
    expect(later(before, after, number), f"{name}: the expiry moved once", seen[name])
    expect(faults_left() == 0, f"{name}: every fault was met", faults_left())
    return seen[name]


def times_out():
    """The server is slower than the SDK waits, twice; it hangs up and asks again."""
    arm("slow", 2, delay_ms=4000)
    return renewed(3, "Month", by=AcsClient(KEY_ID, KEY_SECRET, REGION, timeout=2))


def loses_answers():
    """The renewal is done at once, and two answers are lost."""
    arm("reply-lost", 2)
    return renewed(1, "Month")


def fails():
    """Two requests fail before anything is done."""
    arm("server-error", 2)
    return renewed(1, "Week")


def gives_up():
    """Every answer is lost until the SDK gives up; its caller, who knows nothing, asks again."""
    arm("reply-lost", 4)
    try:
        body = renewed(2, "Week")
    except ClientException as error:
        expect(error.get_error_code() == "SDK.HttpError", "it gave up", error)
    else:
        expect(False, "four lost answers are too many", body)
    return renewed(2, "Week")


def means_it():
    """The same call once more, when the time in which it counts as a repeat is over."""
    advance("PT3M")
    return renewed(2, "Week")


def has_a_token():
    """The newer SDK hears nothing and sends nothing again; its caller does, with the token."""
    newer = Ecs(Config(access_key_id=KEY_ID, access_key_secret=KEY_SECRET, endpoint=ENDPOINT, protocol="http"))
    request = ecs.RenewInstanceRequest(
        instance_id=RENEWABLE, period=2, period_unit="Month", client_token=new_token()
    )
    heard = answered("renew")
    arm("reply-lost", 1)
    try:
        body = newer.renew_instance(request).body
    except UnretryableException as error:
        seen["newer SDK"] = {"exception": type(error).__name__, "message": error.message}
    else:
        expect(False, "the answer was lost", body)
    expect(answered("renew") - heard == 1, "it sent one request", answered("renew") - heard)
    return newer.renew_instance(request).body.order_id


once("answers too slow", months_later, 3, times_out)
lost = once("answers lost", months_later, 1, loses_answers)
expect(lost["answered"] == 3, "the SDK sent the renewal three times", lost)
failed = once("server errors", weeks_later, 1, fails)
expect(failed["answered"] == 3, "and here, too", failed)
given_up = once("all answers lost", weeks_later, 2, gives_up)
expect(given_up["answered"] == 5, "four times, and the caller's own", given_up)
once("the same later", weeks_later, 2, means_it)
once("a token", months_later, 2, has_a_token)
expect(len(orders()) == 6, "six calls, six orders", orders())
report(["aliyun-python-sdk-core", "aliyun-python-sdk-ecs", "alibabacloud-ecs20140526"], seen)
