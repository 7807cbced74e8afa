"""What the scripts for Alibaba Cloud share: the sandbox's address and keys, its demo instances, money and time."""

import calendar
import datetime
import os
import re
import uuid
from decimal import Decimal

# `host:port`, no URL: the newer SDK would send a URL as its Host header.
ENDPOINT = os.environ["ALIYUN_ENDPOINT"]
KEY_ID = os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"]
KEY_SECRET = os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"]
WRONG_SECRET = "0" * 30

REGION, ZONE = "cn-hangzhou", "cn-hangzhou-h"
RENEWABLE = "i-bp67acfmxazb4p0001"
PAY_AS_YOU_GO = "i-bp67acfmxazb4p0002"
LOCKED = "i-bp67acfmxazb4p0003"
UNKNOWN = "i-bp67acfmxazb4p9999"

# What a month and a week of RENEWABLE cost, in CNY, and what the account's coupon pays of the first renewal.
MONTH, WEEK, COUPON = Decimal("240"), Decimal("60"), Decimal("50")

# Terms end at midnight of this zone, which is 16:00Z of the day before.
CHINA = datetime.timezone(datetime.timedelta(hours=8))


def new_token():
    """Returns a ClientToken that nobody used before."""
    return str(uuid.uuid4())


def is_request_id(value):
    """Says whether a RequestId has the provider's form."""
    return isinstance(value, str) and re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", value) is not None


def is_minute(value):
    """Says whether this is an instant as ECS writes it: UTC, without seconds."""
    return isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ", value) is not None


def midnight(instant):
    """Returns the day that begins in China at this instant, or None if no day does."""
    local = datetime.datetime.fromisoformat(instant).astimezone(CHINA)
    return local.date() if local.time() == datetime.time() else None


def weeks_later(old, new, weeks):
    """Says whether the expiry `new` is this many weeks after `old`, both at midnight in China."""
    old, new = midnight(old), midnight(new)
    return None not in (old, new) and new - old == datetime.timedelta(weeks=weeks)


def months_later(old, new, months):
    """Says whether the expiry `new` is `months` after `old`; a month's last day may stand for a later anchor day."""
    old, new = midnight(old), midnight(new)
    if None in (old, new):
        return False
    year, month = divmod(old.year * 12 + old.month - 1 + months, 12)
    if (new.year, new.month) != (year, month + 1):
        return False
    last = calendar.monthrange(year, month + 1)[1]
    anchored_later = old.day == calendar.monthrange(old.year, old.month)[1]
    return new.day == min(old.day, last) or (anchored_later and new.day > old.day)


def yuan(value):
    """Returns an amount of either API: ECS writes JSON numbers, the billing API text, perhaps with commas."""
    return Decimal(str(value).replace(",", ""))
