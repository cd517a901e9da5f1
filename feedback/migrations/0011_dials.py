"""Dials of the coach, and other wordings of suggested replies. PostgreSQL keeps no samples of the words (see
*_no_text_in_statistics)."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

COLUMNS = [
    ("feedback_otherwording", "text"),
    ("feedback_otherwording", "found"),
]


def set_target(schema_editor, target):
    if schema_editor.connection.vendor == "postgresql":
        for table, column in COLUMNS:
            schema_editor.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS {target}")


class Migration(migrations.Migration):

    dependencies = [
        ('feedback', '0010_coach_bases'),
        ('peersupport', '0009_own_scenarios'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='DialCalibration',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('behaviour', models.CharField(max_length=32)),
                ('model', models.CharField(max_length=200)),
                ('fingerprint', models.CharField(blank=True, max_length=64)),
                ('asked_at', models.DateTimeField(auto_now_add=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('report', models.JSONField(blank=True, default=dict)),
                ('error', models.TextField(blank=True)),
                ('asked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='ReaderDials',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('warmth', models.FloatField(default=0)),
                ('brief', models.BooleanField(default=False)),
                ('person', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='DialSwitch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('behaviour', models.CharField(max_length=32)),
                ('fingerprint', models.CharField(max_length=64)),
                ('before_on', models.BooleanField()),
                ('on', models.BooleanField()),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('after', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='feedback.dialcalibration')),
                ('before', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='feedback.dialcalibration')),
                ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('undoes', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='undone_by', to='feedback.dialswitch')),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['fingerprint', 'behaviour', 'id'], name='dial_switch_newest')],
            },
        ),
        migrations.CreateModel(
            name='OtherWording',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('index', models.PositiveIntegerField()),
                ('warmth', models.FloatField(default=0)),
                ('brief', models.BooleanField(default=False)),
                ('tries', models.PositiveIntegerField(default=1)),
                ('text', models.TextField(blank=True)),
                ('found', models.JSONField(blank=True, default=dict)),
                ('asked_at', models.DateTimeField(auto_now_add=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('failed', models.BooleanField(default=False)),
                ('chat', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='other_wordings', to='peersupport.practicechat')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [models.UniqueConstraint(fields=('chat', 'index'), name='one_other_wording_per_reply')],
            },
        ),
        migrations.RunPython(
            lambda apps, schema_editor: set_target(schema_editor, 0),
            lambda apps, schema_editor: set_target(schema_editor, -1),
        ),
    ]
