"""The addresses of the API. Without a version they answer as v1."""

from __future__ import annotations

from django.urls import URLPattern, include, path, re_path

from accounts import api as accounts
from assessments import api as assessments
from posture import api, openapi
from reports import api as reports

version_1: list[URLPattern] = [
    path("auth/register", accounts.Register.as_view(), name="register"),
    path("auth/verify", accounts.Verify.as_view(), name="verify"),
    path("auth/login", accounts.Login.as_view(), name="login"),
    path("auth/refresh", accounts.Refresh.as_view(), name="refresh"),
    path("auth/logout", accounts.Logout.as_view(), name="logout"),
    path("auth/csrf", accounts.Csrf.as_view(), name="csrf"),
    path("auth/jwks.json", accounts.Jwks.as_view(), name="jwks"),
    path("auth/me", accounts.Me.as_view(), name="me"),
    path("auth/password", accounts.Password.as_view(), name="password"),
    path("auth/password/reset", accounts.PasswordReset.as_view(), name="password-reset"),
    path(
        "auth/password/reset/confirm",
        accounts.PasswordResetConfirm.as_view(),
        name="password-reset-confirm",
    ),
    path("auth/me/data", reports.Everything.as_view(), name="my-data"),
    path("auth/second-factor", accounts.SecondFactor.as_view(), name="second-factor"),
    path("auth/sign-ins", accounts.SignInList.as_view(), name="sign-ins"),
    path("auth/sign-ins/<uuid:pk>", accounts.SignInDetail.as_view(), name="sign-in"),
    path("catalog", assessments.CatalogCurrent.as_view(), name="catalog"),
    path("catalog/<str:version>", assessments.CatalogVersion.as_view(), name="catalog-version"),
    path(
        "catalog/<str:version>/sections/<str:section_id>",
        assessments.CatalogSection.as_view(),
        name="catalog-section",
    ),
    path("intake", assessments.IntakeSuggestion.as_view(), name="intake"),
    path("assessments", assessments.Assessments.as_view(), name="assessments"),
    path("assessments/start", assessments.AssessmentStart.as_view(), name="start"),
    path("assessments/current", assessments.AssessmentCurrent.as_view(), name="current"),
    path("assessments/<uuid:pk>", assessments.AssessmentDetail.as_view(), name="assessment"),
    path(
        "assessments/<uuid:pk>/structure",
        assessments.AssessmentStructure.as_view(),
        name="structure",
    ),
    path(
        "assessments/<uuid:pk>/sections/<str:section_id>",
        assessments.SectionDetail.as_view(),
        name="section",
    ),
    path("assessments/<uuid:pk>/responses", assessments.Responses.as_view(), name="responses"),
    path(
        "assessments/<uuid:pk>/responses/<str:question_id>",
        assessments.ResponseDetail.as_view(),
        name="response",
    ),
    path(
        "assessments/<uuid:pk>/former-answers",
        assessments.FormerAnswers.as_view(),
        name="former-answers",
    ),
    path("assessments/<uuid:pk>/doubts", assessments.Doubts.as_view(), name="doubts"),
    path("assessments/<uuid:pk>/save", assessments.Save.as_view(), name="save"),
    path("assessments/<uuid:pk>/extend", assessments.Extension.as_view(), name="extend"),
    path(
        "assessments/<uuid:pk>/complete", assessments.AssessmentComplete.as_view(), name="complete"
    ),
    path(
        "assessments/<uuid:pk>/consultation",
        assessments.Consultation.as_view(),
        name="consultation",
    ),
    path(
        "assessments/<uuid:pk>/invitations",
        assessments.Invitations.as_view(),
        name="invitations",
    ),
    path(
        "assessments/<uuid:pk>/invitations/<uuid:invitation_id>",
        assessments.InvitationDetail.as_view(),
        name="invitation",
    ),
    path(
        "assessments/<uuid:pk>/scorecard", assessments.ScorecardEndpoint.as_view(), name="scorecard"
    ),
    path("assessments/<uuid:pk>/roadmap", assessments.Roadmap.as_view(), name="roadmap"),
    path("assessments/<uuid:pk>/what-if", assessments.WhatIf.as_view(), name="what-if"),
    path("assessments/<uuid:pk>/change", reports.Change.as_view(), name="change"),
    path("assessments/<uuid:pk>/scenarios", reports.Scenarios.as_view(), name="scenarios"),
    path(
        "assessments/<uuid:pk>/scenarios/<str:scenario_id>",
        reports.ScenarioDetail.as_view(),
        name="scenario",
    ),
    path("assessments/<uuid:pk>/to-ask", reports.ToAsk.as_view(), name="to-ask"),
    path("assessments/<uuid:pk>/answers.csv", reports.AnswersCsv.as_view(), name="answers-csv"),
    path("assessments/<uuid:pk>/plan.xlsx", reports.PlanXlsx.as_view(), name="plan-xlsx"),
    path("assessments/<uuid:pk>/result.json", reports.ResultJson.as_view(), name="result-json"),
    path("reports", reports.Reports.as_view(), name="reports"),
    path("reports/<uuid:assessment_id>/generate", reports.Generate.as_view(), name="generate"),
    path(
        "reports/<uuid:assessment_id>/request-ai",
        reports.RequestEnhanced.as_view(),
        name="request-ai",
    ),
    path("reports/<uuid:pk>/status", reports.Status.as_view(), name="report-status"),
    path("reports/<uuid:pk>/download", reports.Download.as_view(), name="download"),
    path("admin/users", accounts.AdminUsers.as_view(), name="admin-users"),
    path("admin/users/<uuid:pk>", accounts.AdminUser.as_view(), name="admin-user"),
    path(
        "admin/users/<uuid:pk>/password",
        accounts.AdminUserPassword.as_view(),
        name="admin-password",
    ),
    path("admin/assessments", assessments.AdminAssessments.as_view(), name="admin-assessments"),
    path(
        "admin/assessments/<uuid:pk>/extend",
        assessments.AdminExtend.as_view(),
        name="admin-extend",
    ),
    path(
        "admin/consultations/<uuid:pk>",
        assessments.AdminConsultation.as_view(),
        name="admin-consultation",
    ),
    path(
        "admin/consultations", assessments.AdminConsultations.as_view(), name="admin-consultations"
    ),
    path("admin/stats", assessments.AdminStatistics.as_view(), name="admin-stats"),
    path("admin/reports", reports.AdminReports.as_view(), name="admin-reports"),
    path(
        "admin/reports/<uuid:assessment_id>/generate",
        reports.AdminGenerate.as_view(),
        name="admin-generate",
    ),
    path("admin/reports/<uuid:pk>/review", reports.AdminReview.as_view(), name="admin-review"),
    path("admin/reports/<uuid:pk>/release", reports.AdminRelease.as_view(), name="admin-release"),
    path("admin/reports/<uuid:pk>/reject", reports.AdminReject.as_view(), name="admin-reject"),
    path(
        "admin/reports/<uuid:pk>/write-again",
        reports.AdminWriteAgain.as_view(),
        name="admin-write-again",
    ),
    path("admin/reports/<uuid:pk>/retry", reports.AdminRetry.as_view(), name="admin-retry"),
    path("admin/audit-log", accounts.AuditLog.as_view(), name="admin-audit-log"),
    path("openapi.json", openapi.OpenApi.as_view(), name="openapi"),
    path("docs", openapi.viewer, name="docs"),
]

urlpatterns = [
    path("api/v1/", include((version_1, "api"))),
    path("api/", include((version_1, "api"), namespace="api-unversioned")),
    re_path(r"^api/(?P<path>.*)$", api.unknown, name="api-unknown"),
]
