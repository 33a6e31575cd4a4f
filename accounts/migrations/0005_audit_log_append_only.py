"""The audit log only grows: by trigger on both databases, and by privilege on PostgreSQL.

A line must follow the head, and the trigger moves the head on. Changing or removing a line is
refused whoever asks; only somebody who may alter the tables can switch that off, and then the
chain shows it (`accounts.audit.verify`).
"""

from typing import Any

from django.db import migrations

POSTGRESQL = (
    """
    CREATE FUNCTION admin_audit_append() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    DECLARE head admin_audit_head;
    BEGIN
        INSERT INTO admin_audit_head (id, seq, hash) VALUES (1, 0, '') ON CONFLICT DO NOTHING;
        SELECT * INTO head FROM admin_audit_head WHERE id = 1 FOR UPDATE;
        IF NEW.seq <> head.seq + 1 OR NEW.prev <> head.hash THEN
            RAISE EXCEPTION 'the line does not follow the audit log' USING errcode = '42501';
        END IF;
        UPDATE admin_audit_head SET seq = NEW.seq, hash = NEW.hash WHERE id = 1;
        RETURN NEW;
    END $$
    """,
    """
    CREATE FUNCTION admin_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'the audit log is append-only' USING errcode = '42501';
    END $$
    """,
    "CREATE TRIGGER append BEFORE INSERT ON admin_audit_log"
    " FOR EACH ROW EXECUTE FUNCTION admin_audit_append()",
    "CREATE TRIGGER refuse BEFORE UPDATE OR DELETE ON admin_audit_log"
    " FOR EACH ROW EXECUTE FUNCTION admin_audit_refuse()",
    "CREATE TRIGGER refuse_all BEFORE TRUNCATE ON admin_audit_log"
    " FOR EACH STATEMENT EXECUTE FUNCTION admin_audit_refuse()",
    "ALTER TABLE admin_audit_log ENABLE ALWAYS TRIGGER append",
    "ALTER TABLE admin_audit_log ENABLE ALWAYS TRIGGER refuse",
    "ALTER TABLE admin_audit_log ENABLE ALWAYS TRIGGER refuse_all",
    # The roles are made by posture/database/roles.sql, which takes the same rights away.
    """
    DO $$
    DECLARE role text;
    BEGIN
        FOREACH role IN ARRAY ARRAY['posture_app', 'posture_worker', 'posture_staff'] LOOP
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
                EXECUTE format('REVOKE UPDATE, DELETE ON admin_audit_log FROM %I', role);
                EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON admin_audit_head FROM %I', role);
                -- What locking the row asks for; the constraint lets id be 1 and nothing else.
                EXECUTE format('GRANT UPDATE (id) ON admin_audit_head TO %I', role);
            END IF;
        END LOOP;
    END $$
    """,
)
POSTGRESQL_BACK = (
    "DROP TRIGGER refuse_all ON admin_audit_log",
    "DROP TRIGGER refuse ON admin_audit_log",
    "DROP TRIGGER append ON admin_audit_log",
    "DROP FUNCTION admin_audit_refuse()",
    "DROP FUNCTION admin_audit_append()",
)
SQLITE = (
    """
    CREATE TRIGGER admin_audit_follow BEFORE INSERT ON admin_audit_log
    WHEN NEW.seq <> coalesce((SELECT seq FROM admin_audit_head WHERE id = 1), 0) + 1
      OR NEW.prev <> coalesce((SELECT hash FROM admin_audit_head WHERE id = 1), '')
    BEGIN SELECT RAISE(ABORT, 'the line does not follow the audit log'); END
    """,
    """
    CREATE TRIGGER admin_audit_append AFTER INSERT ON admin_audit_log
    BEGIN
        INSERT OR IGNORE INTO admin_audit_head (id, seq, hash) VALUES (1, 0, '');
        UPDATE admin_audit_head SET seq = NEW.seq, hash = NEW.hash WHERE id = 1;
    END
    """,
    "CREATE TRIGGER admin_audit_keep BEFORE UPDATE ON admin_audit_log"
    " BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
    "CREATE TRIGGER admin_audit_keep_all BEFORE DELETE ON admin_audit_log"
    " BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
)
SQLITE_BACK = tuple(
    f"DROP TRIGGER admin_audit_{name}" for name in ("follow", "append", "keep", "keep_all")
)


def protect(apps: Any, schema_editor: Any) -> None:
    _run(schema_editor, POSTGRESQL, SQLITE)


def unprotect(apps: Any, schema_editor: Any) -> None:
    _run(schema_editor, POSTGRESQL_BACK, SQLITE_BACK)


def _run(schema_editor: Any, postgresql: tuple[str, ...], sqlite: tuple[str, ...]) -> None:
    on_postgresql = schema_editor.connection.vendor == "postgresql"
    for statement in postgresql if on_postgresql else sqlite:
        schema_editor.execute(statement, params=None)  # a % of theirs is no placeholder


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_admin_audit_log")]

    operations = [migrations.RunPython(protect, unprotect)]
