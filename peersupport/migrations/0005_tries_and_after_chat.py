"""Another try at a message, and what a volunteer thinks of a chat afterwards. PostgreSQL keeps no samples of the words (see *_no_text_in_statistics)."""

import django.db.models.deletion
from django.db import migrations, models

COLUMNS = [("peersupport_afterchat", "stays"), ("peersupport_afterchat", "goes")]


def set_target(schema_editor, target):
    if schema_editor.connection.vendor == "postgresql":
        for table, column in COLUMNS:
            schema_editor.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS {target}")


class Migration(migrations.Migration):

    dependencies = [
        ('peersupport', '0004_job_figures'),
    ]

    operations = [
        migrations.AddField(
            model_name='message',
            name='copied',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='practicechat',
            name='is_try',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='practicechat',
            name='parent',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='tries', to='peersupport.practicechat'),
        ),
        migrations.AddField(
            model_name='practicechat',
            name='parent_message',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='tries', to='peersupport.message'),
        ),
        migrations.CreateModel(
            name='AfterChat',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('asked', models.DateTimeField(blank=True, null=True)),
                ('understood', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('let_lead', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('feel_all_right', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('ratings_shared', models.BooleanField(default=False)),
                ('stays', models.TextField(blank=True, max_length=1000)),
                ('goes', models.TextField(blank=True, max_length=1000)),
                ('answers_shared', models.BooleanField(default=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('chat', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='after', to='peersupport.practicechat')),
            ],
        ),
        migrations.RunPython(
            lambda apps, schema_editor: set_target(schema_editor, 0),
            lambda apps, schema_editor: set_target(schema_editor, -1),
        ),
    ]
