"""A study's checksum is called what it is, and where a study came from is kept with it.

What the page kept of the result fills it for studies made there; of those that the command line brought in before,
nothing is known.
"""

import json

from django.db import migrations, models

KEPT = ('data_sha256', 'tagger_version', 'format', 'spec')


def fill(apps, schema_editor):
    studies = apps.get_model('feedback', 'EvidenceStudy').objects
    rows = apps.get_model('feedback', 'StudyImport').objects.exclude(study=None).exclude(found='')
    for study_id, found in rows.values_list('study_id', 'found').iterator():
        result = json.loads(found)
        provenance = {name: result[name] for name in KEPT if name in result}
        studies.filter(pk=study_id).update(provenance=provenance | {'way': 'page'})


class Migration(migrations.Migration):

    dependencies = [
        ('feedback', '0012_seeker_lines'),
    ]

    operations = [
        migrations.RenameField('evidencestudy', 'data_sha256', 'content_sha256'),
        migrations.AddField('evidencestudy', 'provenance', models.JSONField(blank=True, default=dict)),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
