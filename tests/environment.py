"""The environment of a test run. Loaded by pytest before the settings are read."""

import os
import tempfile

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "posture.settings")
os.environ.setdefault("LOCAL", "1")
os.environ.setdefault("SECRET_KEY", "for-tests-only-" + "0123456789" * 5)
os.environ["POSTURE_VAR"] = tempfile.mkdtemp(prefix="posture-tests-")
# Playwright's synchronous interface runs an event loop beside the tests' own queries.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
