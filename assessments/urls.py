from django.urls import path

from assessments import views

app_name = "assessments"
urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("start/", views.start, name="start"),
    path("start/scope/", views.scope, name="scope"),
    path("<uuid:pk>/", views.detail, name="detail"),
    path("<uuid:pk>/questions/<str:sub_area_id>/", views.questions, name="questions"),
    path("<uuid:pk>/save/", views.save, name="save"),
    path("<uuid:pk>/review/", views.review, name="review"),
    path("<uuid:pk>/complete/", views.complete, name="complete"),
    path("<uuid:pk>/consultation/", views.consultation, name="consultation"),
]
