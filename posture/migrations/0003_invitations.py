"""Invitations belong to the owner of their assessment, and answers name only its own.

As for the other children of an assessment: a policy for the rows, and a composite key for what
they refer to (0001, 0002).
"""

from typing import Any

from django.db import migrations

TABLE = "assessment_invitations"
MINE = "user_id = (SELECT posture_user_id())"


def protect(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    for statement in (
        f"ALTER TABLE {TABLE} ADD CONSTRAINT {TABLE}_of_their_owner"
        " FOREIGN KEY (assessment_id, user_id) REFERENCES assessments (id, user_id)"
        " DEFERRABLE INITIALLY DEFERRED",
        f"ALTER TABLE {TABLE} ADD CONSTRAINT {TABLE}_id_assessment UNIQUE (id, assessment_id)",
        "ALTER TABLE assessment_responses ADD CONSTRAINT assessment_responses_by_their_colleague"
        f" FOREIGN KEY (answered_by_id, assessment_id) REFERENCES {TABLE} (id, assessment_id)"
        " DEFERRABLE INITIALLY DEFERRED",
        f"CREATE POLICY own_rows ON {TABLE} USING ({MINE}) WITH CHECK ({MINE})",
        f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY",
    ):
        schema_editor.execute(statement)


def unprotect(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    for statement in (
        f"ALTER TABLE {TABLE} NO FORCE ROW LEVEL SECURITY",
        f"ALTER TABLE {TABLE} DISABLE ROW LEVEL SECURITY",
        f"DROP POLICY own_rows ON {TABLE}",
        "ALTER TABLE assessment_responses DROP CONSTRAINT assessment_responses_by_their_colleague",
        f"ALTER TABLE {TABLE} DROP CONSTRAINT {TABLE}_id_assessment",
        f"ALTER TABLE {TABLE} DROP CONSTRAINT {TABLE}_of_their_owner",
    ):
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [
        ("posture", "0002_row_level_security"),
        ("assessments", "0002_invitations"),
    ]

    operations = [migrations.RunPython(protect, unprotect)]
