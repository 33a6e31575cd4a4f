"""`python -m tests.respondents NUMBER`: people with an assessment, signed in; as JSON.

For servers on a database that is not this test's own: run with their environment.
"""

from __future__ import annotations

import json
import os
import re
import sys


def main(number: int) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "posture.settings"
    import django
    from django.test.utils import setup_test_environment

    django.setup()
    setup_test_environment()
    from django.conf import settings
    from django.test import Client
    from django.urls import reverse

    from assessments.catalog.questions import ChoiceQuestion
    from posture.database.subject import STAFF, acting_as
    from tests.factories import make_assessment, make_user

    made = []
    with acting_as(STAFF):
        for count in range(number):
            admin = count == number - 1  # the last is an administrator as well
            user = make_user(f"{count}@example.org", is_admin=admin)
            assessment = make_assessment(user)
            client = Client()
            client.force_login(user)
            page = client.get(reverse("assessments:review", args=[assessment.pk])).content.decode()
            token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
            assert token
            made.append(
                {
                    "user": str(user.pk),
                    "assessment": str(assessment.pk),
                    "token": token[1],
                    "cookies": {
                        name: client.cookies[name].value
                        for name in (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME)
                    },
                    "questions": [
                        [question.id, question.id.rsplit(".", 1)[0], list(question.SCALE)]
                        for question in assessment.questionnaire
                        if isinstance(question, ChoiceQuestion)
                    ],
                }
            )
    sys.stdout.write(json.dumps(made))


if __name__ == "__main__":
    main(int(sys.argv[1]))
