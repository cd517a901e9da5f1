"""Security headers on every response: content policy, permissions, and no copies of private pages."""

from __future__ import annotations

from django.conf import settings
from django.utils.decorators import sync_and_async_middleware

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "manifest-src 'self'",
    )
)


def _harden(response) -> None:
    response.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    response.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
    response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    response.setdefault("Cache-Control", "no-store")
    response.setdefault("X-Content-Type-Options", "nosniff")


@sync_and_async_middleware
def SecurityHeadersMiddleware(get_response):
    """Outermost middleware, so that redirects and errors carry the headers as well."""
    from inspect import iscoroutinefunction

    static = "/" + settings.STATIC_URL.lstrip("/")

    if iscoroutinefunction(get_response):

        async def middleware(request):
            response = await get_response(request)
            if not request.path.startswith(static):
                _harden(response)
            return response
    else:

        def middleware(request):
            response = get_response(request)
            if not request.path.startswith(static):
                _harden(response)
            return response

    return middleware
