"""An index over every job of a key. Whoever writes jobs waits while it is built, which takes PostgreSQL up to 14 s
for a million rows on a busy core; an upgrade stops web and workers first, and finished rows go after
JOB_KEEP_DAYS. So it is built plainly, as one step that can be taken back."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("peersupport", "0012_no_names_in_statistics")]
    operations = [
        migrations.AddIndex(
            model_name="job",
            index=models.Index(fields=["ordering_key"], name="job_by_key"),
        ),
    ]
