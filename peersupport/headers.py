"""Security headers on every response: content policy, permissions, and no copies of private pages."""

from __future__ import annotations

from inspect import iscoroutinefunction

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
        "object-src 'none'",
        "frame-ancestors 'none'",
        "manifest-src 'self'",
    )
)
# Set where nothing else was said: static files keep the caching that whitenoise gives them.
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


def _harden(response):
    for name, value in HEADERS.items():
        response.setdefault(name, value)
    return response


@sync_and_async_middleware
def SecurityHeadersMiddleware(get_response):
    """Outermost middleware, so that redirects, errors and static files carry the headers as well."""
    if iscoroutinefunction(get_response):

        async def middleware(request):
            return _harden(await get_response(request))
    else:

        def middleware(request):
            return _harden(get_response(request))

    return middleware
