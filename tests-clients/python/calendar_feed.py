"""Reads a calendar feed as a calendar program does, and prints its events."""

import os
import urllib.request

import icalendar
from checks import expect, report

with urllib.request.urlopen(os.environ["CALENDAR_URL"], timeout=20) as answer:
    expect(answer.headers.get_content_type() == "text/calendar", "it is a calendar", answer.headers.items())
    feed = icalendar.Calendar.from_ical(answer.read())
expect(not feed.errors, "the feed is well formed", feed.errors)
events = []
for event in feed.walk("VEVENT"):
    expect(not event.errors, "an event is well formed", event.errors)
    expect(event["DTSTART"].params["VALUE"] == "DATE", "an expiry is a day", event.to_ical())
    expect(event["DTSTAMP"].dt.tzinfo is not None, "an event tells when it was written", event.to_ical())
    events.append({"uid": str(event["UID"]), "day": str(event["DTSTART"].dt), "summary": str(event["SUMMARY"])})
expect(len({event["uid"] for event in events}) == len(events), "each service has one event", events)
report(["icalendar"], {"name": str(feed["X-WR-CALNAME"]), "writer": str(feed["PRODID"]), "events": sorted(events, key=lambda event: event["uid"])})
