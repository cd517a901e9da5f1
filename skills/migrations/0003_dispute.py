"""A volunteer's word against a tag. PostgreSQL keeps no samples of the words (see *_no_text_in_statistics)."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

COLUMNS = [("skills_dispute", "words")]


def set_target(schema_editor, target):
    if schema_editor.connection.vendor == "postgresql":
        for table, column in COLUMNS:
            schema_editor.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS {target}")


class Migration(migrations.Migration):

    dependencies = [
        ('peersupport', '0005_tries_and_after_chat'),
        ('skills', '0002_no_text_in_statistics'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Dispute',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(choices=[('open_question', 'Open question'), ('closed_question', 'Closed question'), ('reflection_simple', 'Simple reflection'), ('reflection_complex', 'Complex reflection'), ('affirm', 'Affirm'), ('emphasize_autonomy', 'Emphasize autonomy'), ('seek_collaboration', 'Seek collaboration'), ('persuade_with_permission', 'Persuade with permission'), ('support', 'Support'), ('give_information', 'Give information'), ('self_disclosure', 'Self-disclosure'), ('grounding', 'Grounding'), ('introduction_greeting', 'Introduction and greeting'), ('conclusion', 'Conclusion'), ('chit_chat', 'Chit-chat'), ('other', 'Other'), ('advise_without_permission', 'Advise without permission'), ('direct', 'Direct'), ('confront', 'Confront'), ('warn', 'Warn'), ('inappropriate', 'Inappropriate')], max_length=32)),
                ('reason', models.CharField(choices=[('not_there', 'I did not do this here'), ('other', 'It is another technique'), ('context', 'It misses what was said before'), ('language', 'It misreads my words or my dialect')], max_length=16)),
                ('words', models.CharField(blank=True, max_length=500)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('message', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='disputes', to='peersupport.message')),
                ('volunteer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['id'],
                'constraints': [models.UniqueConstraint(fields=('message', 'code', 'volunteer'), name='one_dispute_per_tag')],
            },
        ),
        migrations.RunPython(
            lambda apps, schema_editor: set_target(schema_editor, 0),
            lambda apps, schema_editor: set_target(schema_editor, -1),
        ),
    ]
