import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='TokenFamily',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('jti', models.CharField(max_length=32)),
                ('previous_jti', models.CharField(blank=True, max_length=32)),
                ('session_hash', models.CharField(max_length=64)),
                ('second_factor', models.BooleanField(default=False)),
                ('device', models.CharField(blank=True, max_length=200)),
                ('created_at', models.DateTimeField()),
                ('rotated_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
                ('end_reason', models.CharField(blank=True, choices=[('signed_out', 'Signed out'), ('reuse', 'A used refresh token came back'), ('password', 'The password was changed')], max_length=10)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='token_families', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'token_families',
                'ordering': ['-created_at'],
                'indexes': [models.Index(fields=['expires_at'], name='token_families_expires_at')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('end_reason', ''), ('ended_at', None)), models.Q(('ended_at__isnull', False), models.Q(('end_reason', ''), _negated=True)), _connector='OR'), name='token_families_ended_for_a_reason')],
            },
        ),
    ]
