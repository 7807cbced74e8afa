"""Follows a renewal through Alibaba Cloud's billing API with its older SDK: balance, sweep, setting, order."""

import datetime
import json

from aliyun_legacy_client import answer, asking, client
from aliyun_sandbox import COUPON, LOCKED, MONTH, REGION, RENEWABLE, is_minute, months_later, new_token, yuan
from aliyunsdkbssopenapi.request.v20171214.GetOrderDetailRequest import GetOrderDetailRequest
from aliyunsdkbssopenapi.request.v20171214.QueryAccountBalanceRequest import QueryAccountBalanceRequest
from aliyunsdkbssopenapi.request.v20171214.QueryAvailableInstancesRequest import QueryAvailableInstancesRequest
from aliyunsdkbssopenapi.request.v20171214.SetRenewalRequest import SetRenewalRequest
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkecs.request.v20140526.DescribeInstanceAutoRenewAttributeRequest import (
    DescribeInstanceAutoRenewAttributeRequest,
)
from aliyunsdkecs.request.v20140526.RenewInstanceRequest import RenewInstanceRequest
from checks import expect, report

CREDIT_LINE = yuan("5000")

api = client()


def billed(request_class, **fields):
    """Returns the answer of a billing call that must succeed; unlike ECS, this API says so in the body."""
    body = answer(api, asking(request_class, **fields))
    expect(body["Success"] is True and body["Code"] in ("Success", "200"), "the billing API succeeded", body)
    return body


def available():
    """Returns what the account can still spend."""
    data = billed(QueryAccountBalanceRequest)["Data"]
    for name in ("AvailableAmount", "AvailableCashAmount", "CreditAmount", "MybankCreditAmount"):
        expect(isinstance(data[name], str) and yuan(data[name]).is_finite(), f"{name} is an amount in text", data)
    expect(data["Currency"] == "CNY", "the account is in yuan", data)
    return yuan(data["AvailableAmount"])


def swept():
    """Returns the instance as the sweep over all products has it."""
    data = billed(
        QueryAvailableInstancesRequest, ProductCode="ecs", SubscriptionType="Subscription", InstanceIDs=RENEWABLE
    )["Data"]
    expect(data["TotalCount"] == 1, "the sweep finds it once", data)
    return data["InstanceList"][0]


def automatic():
    """Returns how the instance renews by itself, as ECS has it."""
    body = answer(api, asking(DescribeInstanceAutoRenewAttributeRequest, InstanceId=RENEWABLE))
    attributes = body["InstanceRenewAttributes"]["InstanceRenewAttribute"]
    expect(len(attributes) == 1 and attributes[0]["InstanceId"] == RENEWABLE, "ECS has its attribute", body)
    return attributes[0]


def sweeps():
    """Returns the instance as it was found; a sweep by expiry finds it as well, and one that ends before does not."""
    found = swept()
    expect((found["InstanceID"], found["Region"]) == (RENEWABLE, REGION), "the sweep names instance and region", found)
    expect(found["SubscriptionType"] == "Subscription", "it is a subscription", found)
    expect(found["RenewStatus"] == "AutoRenewal", "it renews by itself", found)
    expect(isinstance(found["RenewalDuration"], int), "a duration is a number", found)
    ends = datetime.datetime.fromisoformat(found["EndTime"])
    expect(found["EndTime"].endswith(":00Z") and not is_minute(found["EndTime"]), "here instants have seconds", found)

    def until(instant):
        named = instant.strftime("%Y-%m-%dT%H:%M:%SZ")
        data = billed(QueryAvailableInstancesRequest, ProductCode="ecs", EndTimeEnd=named, PageSize=300)["Data"]
        return [each["InstanceID"] for each in data["InstanceList"]]

    expect(RENEWABLE in until(ends + datetime.timedelta(days=1)), "what ends until then is found")
    expect(RENEWABLE not in until(ends - datetime.timedelta(days=1)), "what ends later is not")
    everything = billed(QueryAvailableInstancesRequest, ProductCode="ecs")["Data"]
    names = {each["InstanceID"] for each in everything["InstanceList"]}
    expect({RENEWABLE, LOCKED} <= names, "a sweep without filters finds all", everything)
    return found


def switches():
    """Automatic renewal is one setting, whichever API changes it; the two only name it differently."""
    billed(SetRenewalRequest, InstanceIDs=RENEWABLE, ProductCode="ecs", RenewalStatus="ManualRenewal")
    off = swept()
    expect(off["RenewStatus"] == "ManualRenewal", "the sweep says that it is off", off)
    attribute = automatic()
    expect(attribute["RenewalStatus"] == "Normal", "ECS calls the same Normal", attribute)
    expect(attribute["AutoRenewEnabled"] is False and attribute["Duration"] == 0, "and has no duration", attribute)

    billed(
        SetRenewalRequest,
        InstanceIDs=RENEWABLE,
        ProductCode="ecs",
        RenewalStatus="AutoRenewal",
        RenewalPeriod=3,
        RenewalPeriodUnit="M",
    )
    on = swept()
    expect((on["RenewStatus"], on["RenewalDuration"], on["RenewalDurationUnit"]) == ("AutoRenewal", 3, "M"), "on", on)
    attribute = automatic()
    expect(attribute["AutoRenewEnabled"] is True, "ECS has it on as well", attribute)
    expect((attribute["Duration"], attribute["PeriodUnit"]) == (3, "Month"), "for three months", attribute)
    return attribute


def ordered(order_id):
    """Returns the one order of this number, which a renewal has paid."""
    data = billed(GetOrderDetailRequest, OrderId=order_id)["Data"]
    orders = data["OrderList"]["Order"]
    expect(len(orders) == 1 and orders[0]["OrderId"] == order_id, "the order is there once, by its id in text", data)
    order = orders[0]
    expect((order["OrderType"], order["PaymentStatus"]) == ("Renew", "Paid"), "a renewal that is paid", order)
    expect(json.loads(order["InstanceIDs"]) == [RENEWABLE], "the instances are a JSON array in text", order)
    for name in ("PretaxGrossAmount", "PretaxAmount"):
        expect(isinstance(order[name], str), f"{name} is an amount in text", order)
    expect(yuan(order["PretaxGrossAmount"]) == MONTH, "it costs what a month does", order)
    expect(order["Currency"] == "CNY", "in yuan", order)
    expect(order["CreateTime"].endswith("Z") and order["PaymentTime"].endswith("Z"), "instants are UTC", order)
    return order


def refused(order_id):
    """Returns the code for an order that is not the caller's, said by the status or only in the body."""
    try:
        body = answer(api, asking(GetOrderDetailRequest, OrderId=order_id))
    except ServerException as error:
        return {"status": error.http_status, "code": error.error_code}
    expect(body["Success"] is False and body["Code"] not in ("Success", "200"), "an unknown order is refused", body)
    return {"status": 200, "code": body["Code"]}


spendable = available()
expect(spendable == CREDIT_LINE, "all there is is the credit line", spendable)
before = sweeps()
switched = switches()

order_id = answer(
    api,
    asking(RenewInstanceRequest, InstanceId=RENEWABLE, Period=1, PeriodUnit="Month", ClientToken=new_token()),
)["OrderId"]
order = ordered(order_id)
after = swept()
ended, ends = before["EndTime"], after["EndTime"]
expect(months_later(ended, ends, 1), "the sweep has the new expiry", ended, ends)
left = available()
expect(spendable - left == MONTH - COUPON, "the coupon paid first, the credit line the rest", spendable, left)

report(
    ["aliyun-python-sdk-core", "aliyun-python-sdk-bssopenapi"],
    {
        "availableBefore": str(spendable),
        "availableAfter": str(left),
        "instance": after,
        "automatic": switched,
        "order": order,
        "unknownOrder": refused("999999999999999"),
    },
)
