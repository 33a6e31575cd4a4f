"""A release migrates while the release before it still serves: a migration may only add.

Expand, then backfill, then contract in a later release (docs/deploy.md).
"""

from __future__ import annotations

import io

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection, models
from django.db.migrations.loader import MigrationLoader
from django_migration_linter.sql_analyser.analyser import analyse_sql_statements
from django_migration_linter.sql_analyser.postgresql import PostgresqlAnalyser

from reports.models import Report

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="about PostgreSQL"),
]

MAY_CONTRACT: dict[str, str] = {}
"""Migrations that may do what the linter refuses, each with its reason."""


def issues(statements: list[str]) -> list[str]:
    errors, _, _ = analyse_sql_statements(PostgresqlAnalyser, statements)
    return [error.code for error in errors]


def test_no_migration_breaks_the_release_before_it() -> None:
    ours = {app.label for app in apps.get_app_configs() if "site-packages" not in app.path}
    refused = {}
    for (app, name), migration in MigrationLoader(connection).disk_migrations.items():
        if app in ours and not migration.initial:
            sql = io.StringIO()
            call_command("sqlmigrate", app, name, stdout=sql)
            if found := issues(sql.getvalue().splitlines()):
                refused[f"{app}.{name}"] = found

    assert {name: found for name, found in refused.items() if name not in MAY_CONTRACT} == {}
    assert set(MAY_CONTRACT) <= set(refused)


def test_what_the_release_before_cannot_live_with_is_found() -> None:
    required: models.IntegerField[int, int] = models.IntegerField(default=0)
    required.set_attributes_from_name("severity")

    with connection.schema_editor(collect_sql=True) as editor:
        editor.add_field(Report, required)
    assert issues(editor.collected_sql) == ["NOT_NULL"]

    with connection.schema_editor(collect_sql=True) as editor:
        editor.remove_field(Report, Report._meta.get_field("pages"))
    assert issues(editor.collected_sql) == ["DROP_COLUMN"]

    with connection.schema_editor(collect_sql=True) as editor:
        editor.alter_db_table(Report, "reports", "documents")
    assert issues(editor.collected_sql) == ["RENAME_TABLE"]
