"""Django's PostgreSQL backend, with the subject of row-level security in every transaction.

The subject is set together with BEGIN, in the same round trip, and for this transaction alone.
At session level a pooled connection would carry one person's rows to the next.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.backends.postgresql import base
from psycopg.pq import ExecStatus, TransactionStatus

from posture.database import absence
from posture.database.router import REPLICA
from posture.database.subject import NOBODY, STAFF, Subject, acting

STAFF_ROLE = "posture_staff"
"""May see every row. Nobody signs in with it; it is taken for one transaction (roles.sql)."""


class DatabaseWrapper(base.DatabaseWrapper):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.execute_wrappers.append(self._in_the_name_of_the_subject)

    def connect(self) -> None:
        """A replica that did not answer a moment ago is not waited for again."""
        if self.alias != REPLICA:
            super().connect()
            return
        if absence.is_away():
            raise self.Database.OperationalError("the replica did not answer a moment ago")
        try:
            super().connect()
        except self.Database.OperationalError:
            absence.note()
            raise

    def tell_subject(self) -> None:
        """Make an open transaction the present subject's.

        One that has failed is left alone: it can only be rolled back, and that brings back the
        subject of its beginning.
        """
        if self._transaction_status() == TransactionStatus.INTRANS:
            self._send(_sql(acting()))

    def _in_the_name_of_the_subject(
        self,
        execute: Callable[..., Any],
        sql: str,
        params: Any,
        many: bool,
        context: dict[str, Any],
    ) -> Any:
        """Begin the transaction of this statement, if none has begun, with its subject.

        Outside `atomic` the statement gets a transaction of its own.
        """
        if acting() is NOBODY or self._transaction_status() != TransactionStatus.IDLE:
            return execute(sql, params, many, context)
        self._send(f"BEGIN; {_sql(acting())}")
        if not self.autocommit:
            return execute(sql, params, many, context)
        try:
            result = execute(sql, params, many, context)
        except BaseException:
            if not self.connection.closed:
                self.connection.rollback()
            raise
        with self.wrap_database_errors:
            self.connection.commit()
        return result

    def _transaction_status(self) -> TransactionStatus:
        if self.connection is None:
            return TransactionStatus.UNKNOWN
        status: TransactionStatus = self.connection.info.transaction_status
        return status

    def _send(self, sql: str) -> None:
        """Straight to the server: psycopg's cursor would put a BEGIN of its own before it."""
        with self.wrap_database_errors:
            result = self.connection.pgconn.exec_(sql.encode())
            if result.status not in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
                raise self.Database.OperationalError(
                    (result.error_message or b"").decode(errors="replace")
                )


def _sql(subject: Subject) -> str:
    """Makes a transaction this subject's, whoever's it was before."""
    person = "" if subject in (NOBODY, STAFF) else str(subject)
    role = STAFF_ROLE if subject is STAFF else "NONE"
    return f"SET LOCAL ROLE {role}; SELECT set_config('posture.user_id', '{person}', true)"
