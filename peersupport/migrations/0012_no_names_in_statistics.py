"""PostgreSQL keeps samples of a column's values for its planner, and they outlive the rows: none of names,
addresses and keys. Those that were drawn go as well: setting a column's type, also to what it is, drops them,
while ANALYZE of a table that is empty by now would not."""

from django.db import migrations

_VISIT = ("username", "ip_address", "user_agent", "path_info", "http_accept")
COLUMNS = {
    "peersupport_user": ("username", "first_name", "last_name", "email", "password"),
    "axes_accessattempt": (*_VISIT, "get_data", "post_data"),
    "axes_accessfailurelog": _VISIT,
    "axes_accesslog": (*_VISIT, "session_hash"),
    "django_session": ("session_key", "session_data"),
    "otp_totp_totpdevice": ("name", "key"),
    "otp_static_staticdevice": ("name",),
    "otp_static_statictoken": ("token",),
}
TYPE = """
    SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = %s::regclass AND attname = %s
"""


def forget_samples(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        for table, columns in COLUMNS.items():
            for column in columns:
                cursor.execute(TYPE, [table, column])
                [kind] = cursor.fetchone()
                alter = f"ALTER TABLE {table} ALTER COLUMN {column}"
                cursor.execute(f"{alter} SET STATISTICS 0, ALTER COLUMN {column} TYPE {kind}")


def sample_again(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for table, columns in COLUMNS.items():
            for column in columns:
                schema_editor.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS -1")


class Migration(migrations.Migration):
    dependencies = [
        ("peersupport", "0011_demo_people"),
        ("axes", "0009_add_session_hash"),
        ("sessions", "0001_initial"),
        ("otp_static", "0001_initial"),
        ("otp_totp", "0001_initial"),
    ]
    operations = [migrations.RunPython(forget_samples, sample_again)]
