//! The cookies of this door.

use hyper::Response;

use super::page;
use crate::transport::Body;

/// Cookies with this prefix are sent over TLS to this host alone, and nobody else can set them (RFC 6265bis §4.1.3.2).
pub(super) const SESSION: &str = "__Host-session";
/// Of a browser that went to the identity service.
pub(super) const LOGIN: &str = "__Host-login";
/// `Lax` and not `Strict`: the browser comes back from the identity service by a link.
const ATTRIBUTES: &str = "; Path=/; Secure; HttpOnly; SameSite=Lax";

/// Gives the name of a session.
pub(super) fn logged_in(response: &mut Response<Body>, name: &str) {
    page::set_cookie(response, &format!("{SESSION}={name}{ATTRIBUTES}"));
}

/// Gives the word by which a browser is known again that goes to the identity service.
pub(super) fn under_way(response: &mut Response<Body>, browser: &str) {
    page::set_cookie(response, &format!("{LOGIN}={browser}{ATTRIBUTES}; Max-Age=600"));
}

/// Takes a cookie away.
pub(super) fn forget(response: &mut Response<Body>, name: &str) {
    page::set_cookie(response, &format!("{name}={ATTRIBUTES}; Max-Age=0"));
}
