//! What is said of a request's head before its service looks at it, the same over HTTP/1.1 and HTTP/2.

use std::sync::Arc;

use hyper::{
    Request, Version, header,
    http::{request::Parts, uri::Authority},
};

use super::{
    http1_guard::{GuardHandle, HEAD_BYTES, HEAD_LINES, HeadVerdict},
    incoming::Incoming,
};

/// What was seen of a request's head.
#[must_use]
pub(crate) fn verdict(request: &Request<Incoming>) -> HeadVerdict {
    request.body().seen()
}

/// Looks at a head, and says what was seen. `gate` is the one that its bytes came through, if any.
pub(super) fn look<B>(request: Request<B>, gate: Option<&Arc<GuardHandle>>) -> (Parts, B, HeadVerdict) {
    let seen = gate.map_or(HeadVerdict::Sound, |gate| gate.head_was_read(&request));
    let (mut head, body) = request.into_parts();
    let seen = match seen {
        HeadVerdict::Sound if head.version == Version::HTTP_2 && is_too_large(&head) => HeadVerdict::TooLarge,
        HeadVerdict::Sound if is_ambiguous(&head) => HeadVerdict::Ambiguous,
        seen => seen,
    };
    if seen == HeadVerdict::TooLarge {
        // They may be many, and only the language of the refusal is still asked for.
        let language = head.headers.remove(header::ACCEPT_LANGUAGE);
        head.headers = language.map(|language| (header::ACCEPT_LANGUAGE, language)).into_iter().collect();
    }
    (head, body, seen)
}

/// Whether the body is sent once a 100 (Continue) says that it is wanted (RFC 9110 §10.1.1).
pub(super) fn expects_continue(head: &Parts) -> bool {
    head.version != Version::HTTP_10
        && head.headers.get(header::EXPECT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

/// Whether a head of HTTP/2 would be too large over HTTP/1.1: the same bytes and lines are counted.
fn is_too_large(head: &Parts) -> bool {
    let host = head.uri.authority().filter(|_| !head.headers.contains_key(header::HOST));
    let target = head.uri.path_and_query().map_or(0, |target| target.as_str().len());
    let request_line = head.method.as_str().len() + target + "  HTTP/1.1\r\n".len();
    let host_line = host.map_or(0, |host| "host: \r\n".len() + host.as_str().len());
    let lines = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    let bytes = request_line + host_line + lines.sum::<usize>() + "\r\n".len();
    bytes > HEAD_BYTES || 1 + usize::from(host.is_some()) + head.headers.len() >= HEAD_LINES
}

/// A name or an IPv4 address, with a port or without: an authority, and nothing has to be made to see it.
fn is_plain(host: &[u8]) -> bool {
    let mut parts = host.splitn(2, |byte| *byte == b':');
    let (name, port) = (parts.next().unwrap_or_default(), parts.next());
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let is_port = |port: &[u8]| (1..=5).contains(&port.len()) && port.iter().all(u8::is_ascii_digit);
    !name.is_empty() && name.iter().all(is_of_name) && port.is_none_or(is_port)
}

/// Whether two parties might read this head differently: a `Transfer-Encoding` that is not `chunked` alone, two lengths, no
/// host, more than one, or one that is none or names a user (RFC 9112 §3.2, RFC 9113 §8.3.1).
#[must_use]
pub fn is_ambiguous(head: &Parts) -> bool {
    let headers = &head.headers;
    let lengths = headers.get_all(header::CONTENT_LENGTH).iter().count();
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    if let Some(coding) = codings.next() {
        let is_chunked = coding == "chunked" && codings.next().is_none() && lengths == 0;
        if !is_chunked || head.version != Version::HTTP_11 {
            return true;
        }
    }
    if lengths > 1 {
        return true;
    }
    let mut hosts = headers.get_all(header::HOST).iter();
    let (host, second) = (hosts.next(), hosts.next());
    let authority = head.uri.authority();
    let elsewhere =
        host.zip(authority).is_some_and(|(host, authority)| host.as_bytes() != authority.as_str().as_bytes());
    // HTTP/2 names the host in `:authority`, which is kept in the URI.
    let named = host.is_some() || (head.version >= Version::HTTP_2 && authority.is_some());
    let is_host = host.is_none_or(|host| {
        host.is_empty() || is_plain(host.as_bytes()) || Authority::try_from(host.as_bytes()).is_ok()
    });
    let names_user = |host: &[u8]| host.contains(&b'@');
    second.is_some()
        || elsewhere
        || !named
        || !is_host
        || host.is_some_and(|host| names_user(host.as_bytes()))
        || authority.is_some_and(|authority| names_user(authority.as_str().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_host_is_an_authority_and_what_is_none_is_not_plain() {
        for host in ["a", "localhost:8443", "gateway.example", "192.0.2.7:1", "a.b-c.:65535", "-"] {
            assert!(is_plain(host.as_bytes()) && Authority::try_from(host).is_ok(), "{host}");
        }
        for host in ["", ":", ":1", "a:", "a:1:2", "a:b", "a:123456", "a@b", "[::1]", "a b", "a/b", "a_b", "é"] {
            assert!(!is_plain(host.as_bytes()), "{host}");
        }
    }
}
