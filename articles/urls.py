"""Addresses of lists of articles. An article's own address joins it with its discussion: newsreader.urls."""

from django.urls import path

from articles import views

urlpatterns = [
    path("sections/<str:slug>/", views.section, name="section"),
    path("tags/<str:slug>/", views.tag, name="tag"),
    path("authors/<str:slug>/", views.author, name="author"),
]
