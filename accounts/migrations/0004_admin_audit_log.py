import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_idempotency_keys'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditHead',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('seq', models.PositiveBigIntegerField(default=0)),
                ('hash', models.CharField(blank=True, max_length=64)),
            ],
            options={
                'db_table': 'admin_audit_head',
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='admin_audit_head_is_one')],
            },
        ),
        migrations.CreateModel(
            name='AdminAuditLog',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('seq', models.PositiveBigIntegerField(editable=False, unique=True)),
                ('admin_email', models.EmailField(editable=False, max_length=254)),
                ('action', models.CharField(editable=False, max_length=60)),
                ('target_user_id', models.UUIDField(editable=False, null=True)),
                ('details', models.JSONField(default=dict, editable=False)),
                ('timestamp', models.DateTimeField(editable=False)),
                ('prev', models.CharField(blank=True, editable=False, max_length=64)),
                ('hash', models.CharField(editable=False, max_length=64)),
            ],
            options={
                'db_table': 'admin_audit_log',
                'ordering': ['-seq'],
                'indexes': [models.Index(fields=['timestamp'], name='admin_audit_log_timestamp'), models.Index(fields=['admin_email'], name='admin_audit_log_admin_email')],
            },
        ),
    ]
