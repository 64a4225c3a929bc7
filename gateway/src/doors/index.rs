//! The first page of the listeners that a browser can open: what is there, with links. Plain HTML without a script, a style
//! or an image, and nothing personal.

use hyper::{
    Response,
    header::{self, HeaderName, HeaderValue},
};

use crate::transport::{Body, whole};

/// The public's, at 8446.
pub(super) const PUBLIC: &str = include_str!("index/public.html");
/// The operator's, at 8447.
pub(super) const OPERATIONS: &str = include_str!("index/operations.html");

/// Nothing is loaded, framed or guessed; links lead to this listener.
const FOR_BROWSERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_TYPE, "text/html; charset=utf-8"),
    (header::CACHE_CONTROL, "no-cache"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
];

/// One of the pages.
pub(super) fn page(html: &'static str) -> Response<Body> {
    let mut response = Response::new(whole(html.as_bytes()));
    for (name, value) in FOR_BROWSERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
