"""Renews plans with django-plans on SQLite, in this process, a commit each, and prints how many a second.

The ledger is as durable as ours: write-ahead log, synchronous=FULL. One renewal is an order completed and its plan
extended, with its invoices.
"""

import json
import os
import tempfile
import time
from datetime import date, timedelta
from decimal import Decimal

import django
from django.conf import settings

RENEWALS = 150
FOLDER = tempfile.mkdtemp(prefix="django-plans-", dir=os.environ.get("TMPDIR"))

settings.configure(
    SECRET_KEY="benchmark",
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.path.join(FOLDER, "plans.db"),
            "OPTIONS": {"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"},
        }
    },
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sites",
        "ordered_model",
        "sequences",
        "plans",
    ],
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    ROOT_URLCONF="plans.urls",
    SITE_ID=1,
    USE_TZ=True,
    PLANS_CURRENCY="EUR",
    PLANS_TAX=Decimal("20.0"),
    PLANS_TAXATION_POLICY="plans.taxation.eu.EUTaxationPolicy",
    PLANS_TAX_COUNTRY="FR",
    PLANS_INVOICE_ISSUER={
        "issuer_name": "Benchmark",
        "issuer_street": "1 Street",
        "issuer_zipcode": "75000",
        "issuer_city": "Paris",
        "issuer_country": "FR",
        "issuer_tax_number": "FR00000000000",
    },
    SEND_PLANS_EMAILS=False,
    EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend",
)
django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from plans.models import BillingInfo, Order, Plan, PlanPricing, Pricing, UserPlan  # noqa: E402

call_command("migrate", verbosity=0)

plan = Plan.objects.create(name="VPS", available=True, visible=True)
month = Pricing.objects.create(name="month", period=30)
PlanPricing.objects.create(plan=plan, pricing=month, price=Decimal("5.00"))

users = []
for number in range(20):
    user = get_user_model().objects.create(username=f"user{number}", email=f"user{number}@example.com")
    BillingInfo.objects.create(
        user=user, name="Name", street="1 Street", zipcode="75000", city="Paris", country="FR"
    )
    UserPlan.objects.update_or_create(
        user=user, defaults={"plan": plan, "active": True, "expire": date.today() + timedelta(days=20)}
    )
    users.append(user)

start = time.monotonic()
for number in range(RENEWALS):
    user = users[number % len(users)]
    order = Order.objects.create(
        user=user, plan=plan, pricing=month, amount=Decimal("5.00"), tax=Decimal("20.0"), currency="EUR"
    )
    if not order.complete_order():
        raise SystemExit(f"order {order.pk} was not completed")
elapsed = time.monotonic() - start

print(json.dumps({"renewals_per_second": RENEWALS / elapsed, "renewals": RENEWALS}))
