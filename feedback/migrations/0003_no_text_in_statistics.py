"""PostgreSQL keeps samples of a column's values for its planner, and they outlive the rows: none of text."""

from django.db import migrations

COLUMNS = [
    ("feedback_sessionreport", "body"),
]


def set_target(schema_editor, target):
    if schema_editor.connection.vendor == "postgresql":
        for table, column in COLUMNS:
            schema_editor.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS {target}")


class Migration(migrations.Migration):
    dependencies = [("feedback", "0002_initial")]
    operations = [
        migrations.RunPython(
            lambda apps, schema_editor: set_target(schema_editor, 0),
            lambda apps, schema_editor: set_target(schema_editor, -1),
        )
    ]
