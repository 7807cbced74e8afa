"""Renews a VPS for three months, as OVHcloud's guide on renewing by the API has it, up to the bill."""

from checks import expect, report
from sandbox import client, delivered, months_later, strategy, totals

NAME = "vps112233.ovh.net"
PERIOD, MONTHS = "P3M", 3
PAYPAL = {"paymentMean": "paypal", "paymentMeanId": 1234}

api = client()

before = api.get(f"/vps/{NAME}/serviceInfos")
expect(before["domain"] == NAME, "serviceInfos is about the VPS that was asked for", before)
service = before["serviceId"]
expect(MONTHS in before["possibleRenewPeriod"], "three months are among the possible periods", before)

offers = api.get(f"/service/{service}/renew", includeOptions=False)
quoted = strategy(offers, PERIOD, [service])
expect(quoted["servicesDetails"][0]["serviceName"] == NAME, "the offer names the VPS", quoted)

order = api.post(f"/service/{service}/renew", duration=PERIOD, dryRun=False, services=[service])
order_id = order["orderId"]
expect(order_id > 0, "a real order has a number", order)
expect(order["priceWithoutTax"]["value"] == quoted["price"]["value"], "the order costs what was quoted", quoted, order)
expect(order["retractionDate"] is None, "a renewal cannot be retracted", order)
expect(order_id in api.get("/me/order"), "the order is listed", order_id)
expect(api.get(f"/me/order/{order_id}/status") == "notPaid", "a new order is not paid")
unpaid = api.get(f"/vps/{NAME}/serviceInfos")
expect(unpaid["expiration"] == before["expiration"], "an unpaid order moves nothing", unpaid)
expect(api.get("/me/bill", orderId=order_id) == [], "an unpaid order has no bill")

paid = api.post(f"/me/order/{order_id}/payWithRegisteredPaymentMean", **PAYPAL)
expect(paid is None, "paying answers nothing", paid)
delivered(api, order_id)

after = api.get(f"/vps/{NAME}/serviceInfos")
expect(
    months_later(before["expiration"], after["expiration"], MONTHS), "the expiry moved by three months", before, after
)

bills = api.get("/me/bill", orderId=order_id)
expect(len(bills) == 1, "the order has one bill", bills)
bill = api.get(f"/me/bill/{bills[0]}")
expect(bill["orderId"] == order_id, "the bill is of this order", bill)
expect(totals(bill) == totals(order), "the bill costs what the order did", totals(bill), totals(order))
linked = api.get(f"/me/order/{order_id}/associatedObject")
expect(linked == {"id": bills[0], "type": "Bill"}, "the order leads to its bill", linked)

report(
    ["ovh"],
    {
        "serviceId": service,
        "periods": [each["renewPeriod"] for each in offers],
        "orderId": order_id,
        "billId": bills[0],
        "expirationBefore": before["expiration"],
        "expirationAfter": after["expiration"],
        **totals(order),
    },
)
