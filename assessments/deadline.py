"""The end of an assessment's days as an entry for a calendar."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.urls import reverse
from icalendar import Alarm, Calendar, Event

from assessments.models import Assessment


def event(assessment: Assessment) -> bytes:
    """One entry with a reminder a day before. It names the product, and nobody."""
    entry = Event()
    entry.add("uid", f"{assessment.pk}@posture")
    entry.add("dtstamp", assessment.started_at)
    entry.add("dtstart", assessment.expires_at)
    entry.add("dtend", assessment.expires_at)
    entry.add("summary", "Posture: answers close")
    entry.add("url", f"{settings.SITE_URL}{reverse('assessments:resume', args=[assessment.pk])}")
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", "Posture: answers close tomorrow")
    alarm.add("trigger", timedelta(days=-1))
    entry.add_component(alarm)
    calendar = Calendar()
    calendar.add("prodid", "-//Posture//Assessment//EN")
    calendar.add("version", "2.0")
    calendar.add_component(entry)
    return bytes(calendar.to_ical())
