"""Answers and reports belong to the owner of their assessment.

Row-level security looks at a row's own `user_id` and does not stop a reference to somebody
else's row; this key does. SQLite cannot add one to a table that exists, and has no row-level
security that it would complete.
"""

from typing import Any

from django.db import migrations

CHILDREN = ("assessment_responses", "reports")


def add_keys(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute(
        "ALTER TABLE assessments ADD CONSTRAINT assessments_id_user UNIQUE (id, user_id)"
    )
    for table in CHILDREN:
        schema_editor.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT {table}_of_their_owner"
            " FOREIGN KEY (assessment_id, user_id) REFERENCES assessments (id, user_id)"
            " DEFERRABLE INITIALLY DEFERRED"
        )


def drop_keys(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    for table in CHILDREN:
        schema_editor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_of_their_owner")
    schema_editor.execute("ALTER TABLE assessments DROP CONSTRAINT assessments_id_user")


class Migration(migrations.Migration):
    initial = True

    dependencies = [("assessments", "0001_initial"), ("reports", "0001_initial")]

    operations = [migrations.RunPython(add_keys, drop_keys)]
