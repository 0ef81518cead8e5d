"""Limit of our middleware: the same constant page from a view behind it (`BENCH_URLS=constant_view`)."""

from constant import PAGE
from django.http import HttpRequest, HttpResponse
from django.urls import path


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(PAGE)


urlpatterns = [path("page/", page)]
