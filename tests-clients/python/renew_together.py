"""Quotes, rehearses and orders a domain together with its hosting; the amounts are those of OVHcloud's guide."""

from checks import expect, report
from sandbox import amount, client, strategy, totals

DOMAIN, HOSTING, PERIOD = 12345, 67890, "P1Y"
BOTH = [HOSTING, DOMAIN]

api = client()

offers = api.get(f"/service/{DOMAIN}/renew", includeOptions=True)
yearly = [each for each in offers if each["renewPeriod"] == PERIOD]
expect(len(yearly) == 1 and len(yearly[0]["strategies"]) == 2, "a year is offered in two ways", offers)
alone = strategy(offers, PERIOD, [DOMAIN])
together = strategy(offers, PERIOD, BOTH)
for offer, value in ((alone, 1.99), (together, 37.87)):
    expect(amount(offer["price"], value), f"the price is {value}", offer)
    expect(offer["priceInUcents"] == round(value * 100) * 1_000_000, "and the same in ucents", offer)

orders_before = api.get("/me/order")
rehearsed = api.post(f"/service/{DOMAIN}/renew", duration=PERIOD, dryRun=True, services=BOTH)
expect(sorted(api.get("/me/order")) == sorted(orders_before), "a dry run stores no order", rehearsed)

order = api.post(f"/service/{DOMAIN}/renew", duration=PERIOD, dryRun=False, services=BOTH)
expect(amount(order["priceWithoutTax"], 37.87), "37.87 without tax", order)
expect(amount(order["tax"], 7.57), "7.57 of tax", order)
expect(amount(order["priceWithTax"], 45.44), "45.44 with tax", order)
expect(totals(rehearsed) == totals(order), "the dry run told the order's totals", rehearsed, order)
expect(set(api.get("/me/order")) - set(orders_before) == {order["orderId"]}, "one order more", order)
stored = api.get(f"/me/order/{order['orderId']}")
for field in ("orderId", "password", "url", "pdfUrl", "date", "expirationDate", "retractionDate"):
    expect(stored[field] == order[field], f"the order reads back with the same {field}", order, stored)
expect(totals(stored) == totals(order), "and the same totals", order, stored)

# One open renewal for a service: the same request finds the same order, in whatever order the services are named.
again = api.post(f"/service/{DOMAIN}/renew", duration=PERIOD, dryRun=False, services=BOTH[::-1])
expect(again["orderId"] == order["orderId"], "the same request again finds the open order", order, again)

lines = [
    api.get(f"/me/order/{order['orderId']}/details/{line}") for line in api.get(f"/me/order/{order['orderId']}/details")
]
cents = sum(round(line["totalPrice"]["value"] * 100) for line in lines)
expect(cents == 3787, "the lines add up to the total without tax", lines)

report(
    ["ovh"],
    {
        "alone": alone["price"]["value"],
        "together": together["price"]["value"],
        "dryRunOrderId": rehearsed["orderId"],
        "orderId": order["orderId"],
        "lines": [line["description"] for line in lines],
        **totals(order),
    },
)
