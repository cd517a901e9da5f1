"""The audit log is never cleared: its filters by what was done, and to which object alone, want an index."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("peersupport", "0013_jobs_by_key")]

    operations = [
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["object_id"], name="audit_object"),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["verb", "id"], name="audit_verb"),
        ),
    ]
