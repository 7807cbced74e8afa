"""Reads what four providers rent to us and the price of what is due, as a plain script on the vendors' SDKs does it.

One request after the other. VPSBG and HostUp ship no SDK: there it is `requests`, on a kept connection. Prints how many
services there were, how many are due, and how many seconds each half took.
"""

import json
import os
import sys
import time
from datetime import date, datetime, timedelta

import ovh
import requests
from aliyunsdkcore.client import AcsClient
from aliyunsdkecs.request.v20140526.DescribeInstancesRequest import DescribeInstancesRequest
from aliyunsdkecs.request.v20140526.DescribeRenewalPriceRequest import DescribeRenewalPriceRequest

DUE_IN = timedelta(days=14)
TODAY = date.fromisoformat(os.environ["TODAY"])

ovh.client.ENDPOINTS["sandbox"] = os.environ.pop("OVH_ENDPOINT")
OVH = ovh.Client(endpoint="sandbox")
VPSBG = requests.Session()
VPSBG.headers["Authorization"] = "Bearer " + os.environ["VPSBG_TOKEN"]
HOSTUP = requests.Session()
HOSTUP.headers["Authorization"] = "Bearer " + os.environ["HOSTUP_TOKEN"]
REGION = "cn-hangzhou"
ALIYUN = AcsClient(
    os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"], os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"], REGION
)


def got(session, url, **params):
    answer = session.get(url, params=params)
    answer.raise_for_status()
    return answer.json()


def aliyun(request, **fields):
    request.set_endpoint(os.environ["ALIYUN_ENDPOINT"])
    for name, value in fields.items():
        getattr(request, "set_" + name)(value)
    return json.loads(ALIYUN.do_action_with_exception(request))


def expires(text):
    return date.fromisoformat(text[:10])


def of_ovh():
    for service in OVH.get("/services"):
        billing = OVH.get(f"/services/{service}")["billing"]
        if billing["expirationDate"]:
            yield service, expires(billing["expirationDate"])


def of_vpsbg():
    page = 1
    while True:
        answer = got(VPSBG, os.environ["VPSBG_URL"] + "/servers", page=page, per_page=50)
        for server in answer["data"]:
            yield server["id"], expires(server["expiry_at"])
        if page >= answer["meta"]["last_page"]:
            return
        page += 1


def of_hostup():
    cursor = None
    while True:
        more = {"cursor": cursor} if cursor else {}
        answer = got(HOSTUP, os.environ["HOSTUP_URL"] + "/api/v2/domains", limit=100, **more)
        for domain in answer["data"]:
            yield domain["id"], expires(domain["expiresAt"])
        cursor = answer["nextCursor"]
        if not cursor:
            return


def of_aliyun():
    token = None
    while True:
        more = {"NextToken": token} if token else {}
        answer = aliyun(DescribeInstancesRequest(), MaxResults=100, InstanceChargeType="PrePaid", **more)
        for instance in answer["Instances"]["Instance"]:
            yield instance["InstanceId"], datetime.strptime(instance["ExpiredTime"], "%Y-%m-%dT%H:%MZ").date()
        token = answer["NextToken"]
        if not token:
            return


def priced_ovh(service):
    return OVH.get(f"/service/{service}/renew", includeOptions=False)


def priced_vpsbg(server):
    answer = VPSBG.post(
        os.environ["VPSBG_URL"] + "/servers/renew/calculate", json={"server_ids": [server], "billing_cycle": 1}
    )
    answer.raise_for_status()
    return answer.json()


def priced_hostup(domain):
    return got(HOSTUP, os.environ["HOSTUP_URL"] + f"/api/v2/domains/{domain}/renewal")["billing"]


def priced_aliyun(instance):
    return aliyun(DescribeRenewalPriceRequest(), ResourceId=instance, Period=1, PriceUnit="Month")


def main():
    pairs = [(of_ovh, priced_ovh), (of_vpsbg, priced_vpsbg), (of_hostup, priced_hostup), (of_aliyun, priced_aliyun)]
    start = time.monotonic()
    inventory = [(list(read()), price) for read, price in pairs]
    read = time.monotonic() - start
    start = time.monotonic()
    due = 0
    for services, price in inventory:
        for service, until in services:
            if until <= TODAY + DUE_IN:
                price(service)
                due += 1
    priced = time.monotonic() - start
    services = sum(len(services) for services, _ in inventory)
    print(json.dumps({"services": services, "due": due, "syncS": read, "planS": priced}))


if __name__ == "__main__":
    sys.exit(main())
