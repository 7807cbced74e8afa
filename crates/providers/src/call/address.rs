//! Addresses of APIs, as people write them: one way to read them for all providers.

use std::net::IpAddr;

use http::Uri;

use super::SettingError;

/// Where an API is: `https://api.example.net/v1`, in two parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// `https://api.example.net`.
    origin: String,
    /// `/v1`, or nothing.
    path: String,
}

/// Why a text is no address. What it says is not shown: there may be a password in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is none.
    #[error("this is not the address of an API, such as https://api.example.net/v1")]
    NotOne,
    /// Keys would be sent for everybody to read.
    #[error(
        "keys would be sent to {host} for everybody to read: write https, as http is for this machine's own addresses"
    )]
    InTheClear {
        /// Where to.
        host: String,
    },
    /// It has a path, and the API is at the root.
    #[error("this API is at the root of its host: no path belongs into its address")]
    HasPath,
}

impl AddressError {
    /// The same as what is wrong with the setting `url`.
    pub fn of_setting(&self, text: &str) -> SettingError {
        SettingError::Wrong { setting: "url", value: shown(text).to_owned(), why: self.to_string() }
    }
}

impl Address {
    /// Reads an address. Where it has no scheme, as in `host:port`, it is https, or http on this machine.
    ///
    /// # Errors
    /// [`AddressError`]. A host without a scheme has to have a dot or a port, as any word could be one.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let is_bare = !text.contains("://");
        let whole = if is_bare { format!("https://{text}") } else { text.to_owned() };
        let url: Uri = whole.parse().map_err(|_| AddressError::NotOne)?;
        let (Some(mut scheme @ ("http" | "https")), Some(authority), None) =
            (url.scheme_str(), url.authority(), url.query())
        else {
            return Err(AddressError::NotOne);
        };
        let host = authority.host();
        let has_port = authority.port_u16().is_some();
        let is_odd = host.is_empty() || (authority.as_str() != host && !has_port);
        let is_a_word = is_bare && !has_port && !host.contains(['.', ':']) && host != "localhost";
        if is_odd || is_a_word || text.contains(['@', '#']) {
            return Err(AddressError::NotOne);
        }
        if is_bare && is_loopback(host) {
            scheme = "http";
        }
        if scheme == "http" && !is_loopback(host) {
            return Err(AddressError::InTheClear { host: host.to_owned() });
        }
        Ok(Self { origin: format!("{scheme}://{authority}"), path: url.path().trim_end_matches('/').to_owned() })
    }

    /// The address, without a slash at its end.
    pub fn whole(&self) -> String {
        format!("{}{}", self.origin, self.path)
    }

    /// The address below which an API's calls are, whose own address has this path. Where it was left out, or a part of it
    /// at its end, it is put there.
    pub fn rooted(self, root: &str) -> String {
        let is_cut = root.strip_prefix(self.path.as_str()).is_some_and(|rest| rest.starts_with('/'));
        format!("{}{}", self.origin, if is_cut { root } else { &self.path })
    }

    /// Scheme and host, of an API without a path.
    ///
    /// # Errors
    /// [`AddressError::HasPath`].
    pub fn origin(self) -> Result<String, AddressError> {
        if self.path.is_empty() { Ok(self.origin) } else { Err(AddressError::HasPath) }
    }
}

/// An address as people may be shown it: one that may have a secret in it is not.
pub fn shown(text: &str) -> &str {
    if text.contains(['@', '?']) { "***" } else { text }
}

/// Whether a host is this machine itself.
pub fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_lack_its_scheme_and_keys_leave_this_machine_only_in_secret() {
        let read = |text| Address::parse(text).map(|address| address.whole());
        for (text, whole) in [
            ("https://eu.api.ovh.com/1.0", "https://eu.api.ovh.com/1.0"),
            ("https://api.example.net/", "https://api.example.net"),
            ("https://api.example.net//", "https://api.example.net"),
            ("https://intranet", "https://intranet"),
            ("http://127.0.0.1:8401/1.0", "http://127.0.0.1:8401/1.0"),
            ("http://localhost:8402/v1/", "http://localhost:8402/v1"),
            ("http://[::1]:8404", "http://[::1]:8404"),
            ("127.0.0.1:8404", "http://127.0.0.1:8404"),
            ("[::1]:8404", "http://[::1]:8404"),
            ("localhost:8403/api/v2", "http://localhost:8403/api/v2"),
            ("localhost", "http://localhost"),
            ("ecs.example.net", "https://ecs.example.net"),
            ("ecs.example.net:8443", "https://ecs.example.net:8443"),
            ("intranet:8443", "https://intranet:8443"),
            ("127.0.0.1.example.net", "https://127.0.0.1.example.net"),
            ("localhost.example.net", "https://localhost.example.net"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(whole), "{text}");
        }
        for text in ["http://api.example.net", "http://127.0.0.1.example.net/", "http://10.0.0.1"] {
            assert!(matches!(read(text), Err(AddressError::InTheClear { .. })), "{text}");
        }
        for text in [
            "",
            "/v1",
            "ovh-eu",
            "ftp://x.net",
            "https://",
            "://x",
            "https://u:hidden@x",
            "hidden@x.net",
            "x.net?hidden",
            "https://x/#hidden",
            "x.net:",
            "x.net:99999",
            "x.net:hidden",
            "a b.net",
            "https://x.net:443:443",
        ] {
            let why = read(text).expect_err(text);
            assert_eq!((&why, why.to_string().contains("hidden")), (&AddressError::NotOne, false), "{text}");
        }
    }

    #[test]
    fn the_path_of_an_api_may_be_left_out() {
        for (text, root, below) in [
            ("https://cloud.hostup.se", "/api/v2", "https://cloud.hostup.se/api/v2"),
            ("https://cloud.hostup.se/api/", "/api/v2", "https://cloud.hostup.se/api/v2"),
            ("https://cloud.hostup.se/api/v2/", "/api/v2", "https://cloud.hostup.se/api/v2"),
            ("127.0.0.1:8402", "/v1", "http://127.0.0.1:8402/v1"),
            // Elsewhere, and another version: just as it was written.
            ("https://proxy.example.net/hostup/api/v2", "/api/v2", "https://proxy.example.net/hostup/api/v2"),
            ("https://eu.api.ovh.com/v1", "/1.0", "https://eu.api.ovh.com/v1"),
            ("https://cloud.hostup.se/ap", "/api/v2", "https://cloud.hostup.se/ap"),
        ] {
            assert_eq!(Address::parse(text).expect("is one").rooted(root), below, "{text}");
        }
        let origin = |text| Address::parse(text).and_then(Address::origin);
        assert_eq!(origin("127.0.0.1:8404/").as_deref(), Ok("http://127.0.0.1:8404"));
        assert_eq!(origin("https://ecs.aliyuncs.com/x"), Err(AddressError::HasPath));
    }
}
