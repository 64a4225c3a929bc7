//! The address of an HTTP store, as the configuration gives it.

use std::net::IpAddr;

use hyper::Uri;

/// Where an HTTP store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// Whether over TLS.
    pub(super) is_tls: bool,
    /// Name or address, without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// The header `Host`.
    pub(super) authority: String,
    /// The path, from its first slash.
    pub(super) path: String,
}

/// Why a text is no address of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoAddress {
    /// No `https` or `http` address.
    #[error("it is no address such as https://store.example/credit")]
    Form,
    /// Something that an address of a store does not have.
    #[error("it must have no user, no question mark and no fragment")]
    More,
    /// What is asked would be readable on the way.
    #[error("http is for this machine alone (127.0.0.1, ::1, localhost): use https")]
    Plain,
}

impl Address {
    /// Reads one.
    ///
    /// # Errors
    /// [`NoAddress`].
    pub(super) fn parse(text: &str) -> Result<Self, NoAddress> {
        if text.contains(['@', '?', '#']) {
            return Err(NoAddress::More);
        }
        let uri: Uri = text.parse().map_err(|_| NoAddress::Form)?;
        let is_tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(NoAddress::Form),
        };
        let authority = uri.authority().ok_or(NoAddress::Form)?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err(NoAddress::Form);
        }
        let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        if !is_tls && !is_here {
            return Err(NoAddress::Plain);
        }
        let port = authority.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        Ok(Self { is_tls, host, port, authority: authority.as_str().to_owned(), path: uri.path().to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_of_a_store_is_refused() {
        for (text, why) in [
            ("", NoAddress::Form),
            ("store.example", NoAddress::Form),
            ("ftp://store.example/", NoAddress::Form),
            ("https:///credit", NoAddress::Form),
            ("https://me:secret@store.example/", NoAddress::More),
            ("https://store.example/?id=", NoAddress::More),
            ("https://store.example/#top", NoAddress::More),
            ("http://store.example/", NoAddress::Plain),
            ("http://10.0.0.1/", NoAddress::Plain),
            ("http://127.0.0.1.example/", NoAddress::Plain),
        ] {
            assert_eq!(Address::parse(text), Err(why), "{text}");
        }
    }

    #[test]
    fn an_address_is_read_in_its_parts() {
        let parts = |text: &str| {
            let address = Address::parse(text).unwrap();
            (address.is_tls, address.host, address.port, address.path)
        };
        assert_eq!(parts("https://store.example/a/b"), (true, "store.example".into(), 443, "/a/b".into()));
        assert_eq!(parts("https://store.example"), (true, "store.example".into(), 443, "/".into()));
        assert_eq!(parts("http://[::1]:8080/a"), (false, "::1".into(), 8080, "/a".into()));
        assert_eq!(parts("http://localhost/"), (false, "localhost".into(), 80, "/".into()));
    }
}
