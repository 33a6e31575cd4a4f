from django.urls import path

from assessments import colleagues, views

app_name = "assessments"
urlpatterns = [
    path("method/catalog/", views.catalog, name="catalog"),
    path("method/frameworks/", views.frameworks, name="frameworks"),
    path("method/frameworks/<str:name>/", views.framework, name="framework"),
    path("assessments/", views.dashboard, name="dashboard"),
    path("assessments/start/", views.start, name="start"),
    path("assessments/start/scope/", views.scope, name="scope"),
    path("assessments/<uuid:pk>/", views.detail, name="detail"),
    path("assessments/<uuid:pk>/questions/<str:sub_area_id>/", views.questions, name="questions"),
    path("assessments/<uuid:pk>/save/", views.save, name="save"),
    path("assessments/<uuid:pk>/sections/<str:section_id>/mark/", views.mark, name="mark"),
    path("assessments/<uuid:pk>/colleagues/", colleagues.invitations, name="colleagues"),
    path(
        "assessments/<uuid:pk>/colleagues/<uuid:invitation_id>/revoke/",
        colleagues.revoke,
        name="revoke",
    ),
    path(
        "assessments/<uuid:pk>/colleagues/<uuid:invitation_id>/send-again/",
        colleagues.send_again,
        name="send-again",
    ),
    path("shared/link/<str:token>/", colleagues.link, name="link"),
    path("shared/<uuid:pk>/", colleagues.shared, name="shared"),
    path(
        "shared/<uuid:pk>/questions/<str:sub_area_id>/",
        colleagues.questions,
        name="shared-questions",
    ),
    path("shared/<uuid:pk>/save/", colleagues.save, name="shared-save"),
    path("shared/<uuid:pk>/return/", colleagues.hand_back, name="shared-return"),
    path("assessments/<uuid:pk>/resume/", views.resume, name="resume"),
    path("assessments/<uuid:pk>/calendar/", views.calendar, name="calendar"),
    path("assessments/<uuid:pk>/extend/", views.extend, name="extend"),
    path("assessments/<uuid:pk>/delete/", views.delete, name="delete"),
    path("assessments/<uuid:pk>/review/", views.review, name="review"),
    path("assessments/<uuid:pk>/complete/", views.complete, name="complete"),
    path("assessments/<uuid:pk>/consultation/", views.consultation, name="consultation"),
]
