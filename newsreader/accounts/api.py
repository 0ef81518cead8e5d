"""REST: who the client is signed in as."""

from django.contrib.auth.models import Group
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from newsreader.accounts.identities import verified_address
from newsreader.accounts.models import User
from newsreader.kit.rest import Shared, Signed


class MeSerializer(serializers.ModelSerializer):
    """The account behind this session. `email` only where it was verified."""

    name = serializers.CharField(source="shown_name")
    email = serializers.SerializerMethodField()
    groups = serializers.SlugRelatedField(slug_field="name", many=True, queryset=Group.objects.none())

    class Meta:
        model = User
        fields = ["id", "username", "name", "email", "language", "is_staff", "groups"]

    def get_email(self, user: User) -> str:
        return verified_address(user)


class MeView(Shared, APIView):
    permission_classes = [Signed]

    @extend_schema(responses=MeSerializer, operation_id="me_retrieve")
    def get(self, request: Request) -> Response:
        return Response(MeSerializer(request.user).data)
