"""What was written about a report belongs to the owner of the report. PostgreSQL only.

As the two migrations before this one do for assessments, answers and reports.
"""

from typing import Any

from django.db import migrations

MINE = "user_id = (SELECT posture_user_id())"


def protect(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    for statement in (
        "ALTER TABLE reports ADD CONSTRAINT reports_id_user UNIQUE (id, user_id)",
        "ALTER TABLE report_insights ADD CONSTRAINT report_insights_of_their_owner"
        " FOREIGN KEY (report_id, user_id) REFERENCES reports (id, user_id)"
        " DEFERRABLE INITIALLY DEFERRED",
        f"CREATE POLICY own_rows ON report_insights USING ({MINE}) WITH CHECK ({MINE})",
        "ALTER TABLE report_insights ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE report_insights FORCE ROW LEVEL SECURITY",
    ):
        schema_editor.execute(statement)


def unprotect(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    for statement in (
        "ALTER TABLE report_insights NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE report_insights DISABLE ROW LEVEL SECURITY",
        "DROP POLICY own_rows ON report_insights",
        "ALTER TABLE report_insights DROP CONSTRAINT report_insights_of_their_owner",
        "ALTER TABLE reports DROP CONSTRAINT reports_id_user",
    ):
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("posture", "0003_invitations"), ("reports", "0002_enhancement")]

    operations = [migrations.RunPython(protect, unprotect)]
