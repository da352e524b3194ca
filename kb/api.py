"""The knowledge base for programs: read, search, vote. Thin, over the same querysets and actions."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.pagination import CursorPagination
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kb import actions, search
from kb.models import Article, Section
from kb.readers import voter_of
from portal import html

LANGUAGES = ("ru", "en")


class SectionOut(serializers.ModelSerializer):
    """A section."""

    class Meta:
        model = Section
        fields = ("slug", "title_ru", "title_en", "description_ru", "description_en", "icon")


class ArticleRowOut(serializers.ModelSerializer):
    """An article in a list."""

    title = serializers.CharField(source="current_revision.title")
    summary = serializers.CharField(source="current_revision.summary")
    section = serializers.SlugRelatedField("slug", read_only=True)
    url = serializers.CharField(source="get_absolute_url")

    class Meta:
        model = Article
        fields = ("slug", "language", "section", "title", "summary", "url", "updated_at")


class ArticleOut(ArticleRowOut):
    """An article with its text."""

    body = serializers.SerializerMethodField(help_text="Clean HTML")
    short_link = serializers.SerializerMethodField()

    class Meta(ArticleRowOut.Meta):
        fields = (*ArticleRowOut.Meta.fields, "body", "short_link", "tags", "checked_on")

    def get_body(self, article: Article) -> str:
        """Give the text, cleaned once more."""
        return html.clean(article.current_revision.body) if article.current_revision else ""

    def get_short_link(self, article: Article) -> str:
        """Give the address that never changes."""
        return f"/to/{article.short_code}"


class HitOut(serializers.Serializer):
    """An article that answers."""

    article = ArticleRowOut()
    snippet = serializers.CharField(help_text="HTML with <mark> around found words")
    score = serializers.FloatField()


class ResultsOut(serializers.Serializer):
    """What a search found."""

    query = serializers.CharField()
    corrected = serializers.CharField(
        help_text="As what the question was understood; empty: as typed"
    )
    hits = HitOut(many=True)


class VoteIn(serializers.Serializer):
    """Did this help?"""

    is_helpful = serializers.BooleanField()
    reasons = serializers.MultipleChoiceField(choices=actions.REASONS, required=False)
    comment = serializers.CharField(
        required=False, allow_blank=True, max_length=actions.LONGEST_COMMENT
    )


class ArticlePages(CursorPagination):
    """Pages of articles, the latest first."""

    ordering = ("-updated_at", "-id")
    page_size = 25


class SectionList(generics.ListAPIView):
    """All sections."""

    permission_classes = (AllowAny,)
    serializer_class = SectionOut
    pagination_class = None
    queryset = Section.objects.order_by("order", "id")


class ArticleList(generics.ListAPIView):
    """Articles that this reader may read."""

    permission_classes = (AllowAny,)
    serializer_class = ArticleRowOut
    pagination_class = ArticlePages
    queryset = Article.objects.none()

    def get_queryset(self) -> Any:
        """Begin with what may be seen."""
        visible = Article.objects.visible_to(self.request.user).for_list()
        section = self.request.query_params.get("section")
        return visible.filter(section__slug=section) if section else visible

    @extend_schema(parameters=[OpenApiParameter("section", str, description="Slug of a section")])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List articles."""
        return super().get(request, *args, **kwargs)


class ArticleDetail(generics.RetrieveAPIView):
    """One article."""

    permission_classes = (AllowAny,)
    serializer_class = ArticleOut
    lookup_field = "slug"
    queryset = Article.objects.none()

    def get_queryset(self) -> Any:
        """Begin with what may be seen."""
        return Article.objects.visible_to(self.request.user).for_list()


class ArticleSearch(APIView):
    """Search."""

    permission_classes = (AllowAny,)

    @extend_schema(
        parameters=[
            OpenApiParameter("q", str, required=True, description="The question"),
            OpenApiParameter("language", str, enum=LANGUAGES, description="ru unless told"),
        ],
        responses=ResultsOut,
    )
    def get(self, request: Request) -> Response:
        """Answer a question with articles, best first."""
        language = request.query_params.get("language", "ru")
        results = search.search(
            query=request.query_params.get("q", ""),
            user=request.user,
            language=language if language in LANGUAGES else "ru",
        )
        return Response(ResultsOut(results).data)


class ArticleVote(APIView):
    """Did this help?"""

    permission_classes = (AllowAny,)

    @extend_schema(request=VoteIn, responses={204: None})
    def post(self, request: Request, slug: str) -> Response:
        """Keep what this reader says of the article's present words."""
        visible = Article.objects.visible_to(request.user).for_list()
        article = get_object_or_404(visible, slug=slug)
        said = VoteIn(data=request.data)
        said.is_valid(raise_exception=True)
        if article.current_revision:
            actions.vote(
                revision=article.current_revision,
                voter=voter_of(request._request),  # noqa: SLF001 (DRF's own way to Django's request)
                at=timezone.now(),
                **said.validated_data,
            )
        return Response(status=204)


urlpatterns = [
    path("sections/", SectionList.as_view(), name="sections"),
    path("articles/", ArticleList.as_view(), name="articles"),
    path("articles/<slug:slug>/", ArticleDetail.as_view(), name="article"),
    path("articles/<slug:slug>/vote/", ArticleVote.as_view(), name="vote"),
    path("search/", ArticleSearch.as_view(), name="search"),
]
