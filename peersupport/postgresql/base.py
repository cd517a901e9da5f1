"""Django's PostgreSQL backend, with a pool that notices a restart of the server at once."""

from __future__ import annotations

from django.db.backends.postgresql import base
from psycopg import OperationalError
from psycopg_pool import ConnectionPool


class DatabaseWrapper(base.DatabaseWrapper):
    """A server that was restarted has cut every connection in the pool.

    Checking them is left to this class and not to the pool, which finds them out one by one with a
    pause that doubles each time: with nine idle connections, longer than anybody waits.
    """

    def get_new_connection(self, conn_params):
        connection = super().get_new_connection(conn_params)
        if not self.pool:
            return connection
        try:
            ConnectionPool.check_connection(connection)
        except OperationalError:
            self.pool.putconn(connection)
            self.pool.drain()
            return super().get_new_connection(conn_params)
        return connection
