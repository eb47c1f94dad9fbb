"""Pages compressed with gzip for who accepts it: a list of fifty people is 99 kB, and 6 kB compressed.

Compressing a secret together with text that the address chose can give the secret away by the length (BREACH). A
form's token is safe from that: it is signed anew each second, and worth nothing without its signature.
"""

import gzip

from flask import Flask, Response, request

SMALL = 1024
"""Bytes below which compression gains nothing."""
LEVEL = 5


def install(app: Flask) -> None:
    """Compress the pages of this application; files to download and what machines ask stay as they are."""
    app.after_request(compressed)


def compressed(response: Response) -> Response:
    """The response, compressed when it is a page and the request accepts gzip."""
    if response.mimetype != "text/html" or response.is_streamed or "Content-Encoding" in response.headers:
        return response
    response.vary.add("Accept-Encoding")
    if request.accept_encodings["gzip"] > 0 and (response.content_length or 0) > SMALL:
        response.set_data(gzip.compress(response.get_data(), LEVEL, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response
