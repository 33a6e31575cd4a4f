from django.apps import AppConfig
from django.db.models.signals import post_delete


class ReportsConfig(AppConfig):
    name = "reports"
    verbose_name = "Reports"

    def ready(self) -> None:
        from assessments.completion import completed
        from reports import notices, receivers, release
        from reports.models import Report

        completed.connect(receivers.order_standard_report)
        release.released.connect(notices.report_released)
        release.rejected.connect(notices.report_rejected)
        post_delete.connect(receivers.delete_file, sender=Report)
