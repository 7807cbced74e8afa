"""What the scripts for OVHcloud share: a client for the sandbox, prices, strategies and terms."""

import calendar
import datetime
import os
import sys
import time

import ovh
import ovh.client
from checks import expect

ENDPOINT = os.environ["OVH_ENDPOINT"].rstrip("/")
# The token endpoint lies beside the API's prefix, not under it.
TOKEN_URL = ENDPOINT.rsplit("/", 1)[0] + "/auth/oauth2/token"

# The client takes only names that it knows as endpoints, so the sandbox gets one.
ovh.client.ENDPOINTS["sandbox"] = ENDPOINT
ovh.client.OAUTH2_TOKEN_URLS["sandbox"] = TOKEN_URL


def client(**changes):
    """Returns a signing client with the demo keys; `changes` replaces some of them."""
    keys = {
        "application_key": os.environ["OVH_APPLICATION_KEY"],
        "application_secret": os.environ["OVH_APPLICATION_SECRET"],
        "consumer_key": os.environ["OVH_CONSUMER_KEY"],
    }
    return ovh.Client("sandbox", timeout=20, **{**keys, **changes})


def amount(price, value):
    """Says whether an `order.Price` is `value`, to the cent and in each of its forms."""
    return (
        round(price["value"] * 100) == round(value * 100)
        and f"{value:.2f}" in price["text"]
        and price["currencyCode"] == "EUR"
        and price.get("priceInUcents", round(value * 100) * 1_000_000) == round(value * 100) * 1_000_000
    )


def totals(document):
    """Returns the three totals of an order or a bill, without the ucents, which `/service` leaves out and `/me` has."""
    shown = ("value", "text", "currencyCode")
    return {
        total: {part: document[total][part] for part in shown} for total in ("priceWithoutTax", "tax", "priceWithTax")
    }


def strategy(descriptions, period, services):
    """Returns the one strategy for exactly these services, of the description of this period."""
    periods = [each for each in descriptions if each["renewPeriod"] == period]
    expect(len(periods) == 1, f"{period} is described once", descriptions)
    found = [each for each in periods[0]["strategies"] if sorted(each["services"]) == sorted(services)]
    expect(len(found) == 1, f"{period} is offered once for {services}", periods[0])
    named = sorted(detail["serviceId"] for detail in found[0]["servicesDetails"])
    expect(named == sorted(services), "servicesDetails names the same services", found[0])
    return found[0]


def months_later(old, new, months):
    """Says whether the date `new` is `months` after `old`; a month's last day may stand for a later anchor day."""
    old, new = datetime.date.fromisoformat(old), datetime.date.fromisoformat(new)
    year, month = divmod(old.year * 12 + old.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    if (new.year, new.month) != (year, month + 1):
        return False
    anchored_later = old.day == calendar.monthrange(old.year, old.month)[1]
    return new.day == min(old.day, last) or (anchored_later and new.day > old.day)


def delivered(api, order_id):
    """Waits until a paid order is delivered, and fails if it becomes anything else."""
    for _ in range(100):
        status = api.get(f"/me/order/{order_id}/status")
        if status == "delivered":
            return
        expect(status in ("checking", "delivering"), "a paid order is on its way", status)
        time.sleep(0.1)
    sys.exit(f"order {order_id} was not delivered in time")
