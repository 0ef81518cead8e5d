"""REST: who the client is signed in as."""

from django.contrib.auth.models import Group
from django.middleware.csrf import get_token
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from newsreader.accounts.identities import TOKEN_SESSION, verified_address
from newsreader.accounts.models import User
from newsreader.kit.rest import Shared, Signed


class MeSerializer(serializers.ModelSerializer):
    """The account behind this session. `email` only where it was verified.

    `csrf_token` is for the header `X-CSRFToken` of a browser's program; empty for an app, which needs none.
    """

    name = serializers.CharField(source="shown_name")
    email = serializers.SerializerMethodField()
    csrf_token = serializers.SerializerMethodField()
    groups = serializers.SlugRelatedField(slug_field="name", many=True, queryset=Group.objects.none())

    class Meta:
        model = User
        fields = ["id", "username", "name", "email", "language", "is_staff", "groups", "csrf_token"]

    def get_email(self, user: User) -> str:
        return verified_address(user)

    def get_csrf_token(self, user: User) -> str:
        request = self.context["request"]._request
        return "" if TOKEN_SESSION.get(request) else get_token(request)


class MeView(Shared, APIView):
    permission_classes = [Signed]

    @extend_schema(responses=MeSerializer, operation_id="me_retrieve")
    def get(self, request: Request) -> Response:
        told = MeSerializer(request.user, context={"request": request}).data
        return Response(told, headers={"Cache-Control": "private, no-store"})
