"""Lines of the seeker that a language model words. PostgreSQL keeps no samples of them (see
*_no_text_in_statistics)."""

import django.db.models.deletion
from django.db import migrations, models


def set_target(schema_editor, target):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"ALTER TABLE feedback_seekerline ALTER COLUMN text SET STATISTICS {target}")


class Migration(migrations.Migration):

    dependencies = [
        ('feedback', '0011_dials'),
        ('peersupport', '0010_organisation_versions'),
    ]

    operations = [
        migrations.CreateModel(
            name='SeekerLine',
            fields=[
                ('message', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='seeker_line', serialize=False, to='peersupport.message')),
                ('line_id', models.CharField(max_length=64)),
                ('layer', models.PositiveSmallIntegerField()),
                ('kind', models.CharField(max_length=16)),
                ('text', models.TextField(blank=True)),
                ('asked_at', models.DateTimeField(auto_now_add=True)),
                ('due_at', models.DateTimeField()),
                ('outcome', models.CharField(blank=True, choices=[('', 'Waiting'), ('reworded', 'Reworded'), ('authored', 'Authored'), ('late', 'Late'), ('none', 'None')], default='', max_length=16)),
                ('finished_at', models.DateTimeField(blank=True, db_index=True, null=True)),
                ('coach', models.CharField(blank=True, max_length=200)),
                ('wordings', models.PositiveSmallIntegerField(default=0)),
                ('refused', models.JSONField(blank=True, default=dict)),
                ('why', models.CharField(blank=True, max_length=300)),
            ],
            options={
                'ordering': ['asked_at'],
            },
        ),
        migrations.RunPython(
            lambda apps, schema_editor: set_target(schema_editor, 0),
            lambda apps, schema_editor: set_target(schema_editor, -1),
        ),
    ]
