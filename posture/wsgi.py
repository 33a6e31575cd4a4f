"""What the web server runs."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "posture.settings")

application = get_wsgi_application()

if not settings.LOCAL:
    from posture.checks import require_protected_rows

    require_protected_rows()
