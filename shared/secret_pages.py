"""Secret pages: what one person alone has the address of."""

from shared.tools import Tools
from shared.web.i18n import GERMAN, LANGUAGES
from shared.web.i18n import language as page_of


def secret_url(tools: Tools, path: str, language: str, page_language: str | None) -> str:
    """The address of a secret page, in the language of messages where there are pages in it.

    Args:
        path: under that of the service.
        page_language: of the pages the matter began on, which are good enough otherwise.
    """
    readable = any(each.code == language for each in LANGUAGES)
    prefix = page_of(language if readable else page_language or GERMAN.code).prefix
    return f"{tools.settings.platform.public_url}{prefix}/{tools.name}/{path}"
