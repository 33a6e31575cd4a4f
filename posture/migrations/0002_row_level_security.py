"""A person sees and writes their own rows, whatever a view forgets. PostgreSQL only.

The subject comes with each transaction (`posture.database.base`); without one there are no rows.
FORCE binds the tables' owner too.
"""

from typing import Any

from django.db import migrations

TABLES = ("assessments", "assessment_responses", "reports")

# After a transaction that had a subject the setting is empty, not missing: hence nullif.
SUBJECT = """
CREATE FUNCTION posture_user_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog
RETURN nullif(current_setting('posture.user_id', true), '')::uuid
"""


def protect(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute(SUBJECT)
    for table in TABLES:
        # As a sub-select the function is called once per statement, and indexes are used.
        mine = "user_id = (SELECT posture_user_id())"
        schema_editor.execute(
            f"CREATE POLICY own_rows ON {table} USING ({mine}) WITH CHECK ({mine})"
        )
        schema_editor.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        schema_editor.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def unprotect(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    for table in TABLES:
        schema_editor.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        schema_editor.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        schema_editor.execute(f"DROP POLICY own_rows ON {table}")
    schema_editor.execute("DROP FUNCTION posture_user_id()")


class Migration(migrations.Migration):
    dependencies = [("posture", "0001_children_of_their_owner")]

    operations = [migrations.RunPython(protect, unprotect)]
