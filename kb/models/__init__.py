"""The knowledge base, a file a subject."""

from kb.models.articles import (
    Access,
    Article,
    ArticleStatus,
    ReadCount,
    Revision,
    Section,
    Vote,
    new_short_code,
)
from kb.models.index import (
    Lexeme,
    Posting,
    SearchDocument,
    SearchStatistics,
    Word,
)

__all__ = [
    "Access",
    "Article",
    "ArticleStatus",
    "Lexeme",
    "Posting",
    "ReadCount",
    "Revision",
    "SearchDocument",
    "SearchStatistics",
    "Section",
    "Vote",
    "Word",
    "new_short_code",
]
