from django.urls import path

from reports import views

app_name = "reports"
urlpatterns = [
    path("results/<uuid:assessment_id>/", views.results, name="results"),
    path("results/<uuid:assessment_id>/report/", views.latest, name="latest"),
    path("results/<uuid:assessment_id>/report/order/", views.order, name="order"),
    path("results/<uuid:assessment_id>/enhanced/", views.request_enhanced, name="enhanced"),
    path("results/<uuid:assessment_id>/frameworks/", views.frameworks, name="frameworks"),
    path("results/<uuid:assessment_id>/frameworks/<str:name>/", views.framework, name="framework"),
    path("results/<uuid:assessment_id>/change/", views.change, name="change"),
    path("results/<uuid:assessment_id>/scenarios/", views.scenarios, name="scenarios"),
    path(
        "results/<uuid:assessment_id>/scenarios/<str:scenario_id>/delete/",
        views.delete_scenario,
        name="delete-scenario",
    ),
    path("results/<uuid:assessment_id>/to-ask/", views.to_ask, name="to-ask"),
    path("results/<uuid:assessment_id>/answers.csv", views.answers_csv, name="answers-csv"),
    path("results/<uuid:assessment_id>/plan.xlsx", views.plan_xlsx, name="plan-xlsx"),
    path("results/<uuid:assessment_id>/result.json", views.result_json, name="result-json"),
    path("results/<uuid:assessment_id>/<str:section_id>/", views.section, name="section"),
    path("account/data/", views.everything, name="everything"),
    path("reports/", views.index, name="index"),
    path("reports/<uuid:pk>/", views.detail, name="detail"),
    path("reports/<uuid:pk>/status/", views.status, name="status"),
    path("reports/<uuid:pk>/download/", views.download, name="download"),
]
