//! Addresses: who answers there, and what a redirect means.

use std::fmt::Write;

use ureq::http::Uri;

use crate::model::hub::error::HubError;

/// Scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    scheme: String,
    pub(super) host: String,
    port: u16,
}

impl Origin {
    pub(super) fn of(uri: &Uri) -> Option<Self> {
        let scheme = uri.scheme_str()?.to_ascii_lowercase();
        let usual = match scheme.as_str() {
            "https" => 443,
            "http" => 80,
            _ => return None,
        };
        Some(Self {
            host: uri.host()?.to_ascii_lowercase(),
            port: uri.port_u16().unwrap_or(usual),
            scheme,
        })
    }
}

/// The address that a redirect means.
pub(super) fn joined(here: &Uri, next: &str) -> Result<Uri, HubError> {
    let (scheme, authority) = (here.scheme_str(), here.authority());
    let (Some(scheme), Some(authority)) = (scheme, authority) else {
        return Err(bad_address(next));
    };
    let whole = if next.contains("://") {
        next.to_owned()
    } else if let Some(rest) = next.strip_prefix("//") {
        format!("{scheme}://{rest}")
    } else if next.starts_with('/') {
        format!("{scheme}://{authority}{next}")
    } else {
        let folder = here
            .path()
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder);
        format!("{scheme}://{authority}{folder}/{next}")
    };
    whole.parse().map_err(|_| bad_address(&whole))
}

pub(super) fn bad_address(address: &str) -> HubError {
    HubError::Strange {
        host: "The hub".to_owned(),
        what: "an address that is none".to_owned(),
        details: address.to_owned(),
    }
}

/// A part of an address, with everything that means something in one written as `%xx`; `/` stays where `slashes` says so.
pub(in crate::model::hub) fn escaped(part: &str, slashes: bool) -> String {
    let mut escaped = String::with_capacity(part.len());
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) || (slashes && byte == b'/') {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_are_joined_to_where_they_come_from() {
        let here: Uri = "https://hub.co:8443/o/n/resolve/c/f?x=1".parse().unwrap();
        for (next, expected) in [
            ("https://cdn.co/f?sig=1", "https://cdn.co/f?sig=1"),
            ("//cdn.co/f", "https://cdn.co/f"),
            ("/api/f", "https://hub.co:8443/api/f"),
            ("g", "https://hub.co:8443/o/n/resolve/c/g"),
        ] {
            assert_eq!(joined(&here, next).unwrap(), expected, "{next}");
        }
        assert!(joined(&here, "http://a b").is_err());
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let origin = |address: &str| Origin::of(&address.parse().unwrap());
        assert_eq!(origin("https://Hub.co/x"), origin("https://hub.co:443/y"));
        assert_ne!(origin("https://hub.co"), origin("http://hub.co"));
        assert_ne!(origin("https://hub.co"), origin("https://cdn.hub.co"));
        assert_ne!(origin("http://hub.co:1"), origin("http://hub.co:2"));
        assert_eq!(origin("ftp://hub.co"), None);
    }

    #[test]
    fn addresses_are_escaped() {
        assert_eq!(escaped("a b/ü#?.json", true), "a%20b/%C3%BC%23%3F.json");
        assert_eq!(escaped("refs/pr/1", false), "refs%2Fpr%2F1");
    }
}
