-- The roles of the database, and what each may do. Run it as a superuser (or, on a managed
-- PostgreSQL 16 or newer, as a role that may create roles and has BYPASSRLS), once per database,
-- before the first `manage.py migrate`; running it again does no harm.
--
--   psql "postgresql://postgres@HOST/posture" -v ON_ERROR_STOP=1 -f posture/database/roles.sql
--
-- Then give the roles that sign in their passwords (\password posture_owner, ...), and set
-- DATABASE_URL to posture_app for the web processes, posture_worker for the workers and
-- posture_owner for `manage.py migrate` alone.
--
--   posture_owner   owns the tables and migrates. Row-level security binds it too: a data
--                   migration on protected tables begins with SET LOCAL ROLE posture_staff.
--   posture_app     the web: reads and writes rows, its subject's alone. No DDL, no TRUNCATE.
--   posture_worker  the same for the workers.
--   posture_staff   sees every row. Cannot sign in; taken for one transaction.
--   posture_backup  reads every row, for pg_dump.

DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY[
        'posture_owner', 'posture_app', 'posture_worker', 'posture_staff', 'posture_backup'
    ] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            EXECUTE format('CREATE ROLE %I', role);
        END IF;
    END LOOP;
END
$$;

ALTER ROLE posture_owner LOGIN NOINHERIT;
ALTER ROLE posture_app LOGIN NOINHERIT;
ALTER ROLE posture_worker LOGIN NOINHERIT;
ALTER ROLE posture_staff NOLOGIN BYPASSRLS;
ALTER ROLE posture_backup LOGIN BYPASSRLS;

-- To be taken with SET LOCAL ROLE; NOINHERIT above means that nothing of it comes unasked.
GRANT posture_staff TO posture_owner, posture_app, posture_worker;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO posture_owner;
GRANT USAGE ON SCHEMA public TO posture_app, posture_worker, posture_staff, posture_backup;

-- For the tables that migrations will make, and for those there are already.
ALTER DEFAULT PRIVILEGES FOR ROLE posture_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO posture_app, posture_worker, posture_staff;
ALTER DEFAULT PRIVILEGES FOR ROLE posture_owner IN SCHEMA public
    GRANT USAGE ON SEQUENCES TO posture_app, posture_worker, posture_staff;
ALTER DEFAULT PRIVILEGES FOR ROLE posture_owner IN SCHEMA public
    GRANT SELECT ON TABLES TO posture_backup;
ALTER DEFAULT PRIVILEGES FOR ROLE posture_owner IN SCHEMA public
    GRANT SELECT ON SEQUENCES TO posture_backup;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public
    TO posture_app, posture_worker, posture_staff;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO posture_app, posture_worker, posture_staff;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO posture_backup;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO posture_backup;

-- The audit log only grows; a trigger moves its head on.
DO $$
BEGIN
    IF to_regclass('public.admin_audit_log') IS NOT NULL THEN
        REVOKE UPDATE, DELETE ON admin_audit_log FROM posture_app, posture_worker, posture_staff;
        REVOKE INSERT, UPDATE, DELETE ON admin_audit_head
            FROM posture_app, posture_worker, posture_staff;
        GRANT UPDATE (id) ON admin_audit_head TO posture_app, posture_worker, posture_staff;
    END IF;
END
$$;
