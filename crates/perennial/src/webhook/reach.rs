//! Whom webhooks may reach: programs on the Internet, and nobody in the networks that we stand in.
//!
//! Whoever names a webhook's address could else have us call what only we can reach. So each address is looked at where the
//! connection is made to it, after its name was resolved: a name that is looked at earlier may lead elsewhere by then.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::LazyLock;

use perennial_providers::block::IpBlock;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// The longest URL of a webhook.
const URL_BYTES_MAX: usize = 2_048;

/// Whom webhooks may reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Programs on the Internet, over TLS.
    #[default]
    Public,
    /// Programs anywhere, also without TLS.
    Everywhere,
}

/// Why a webhook is not called.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It is no address of a web server.
    #[error("this is not a URL, as in https://example.net/hook")]
    NotAUrl,
    /// It is not encrypted.
    #[error("a webhook's URL begins with https://")]
    NotTls,
    /// There is a user or a password in it.
    #[error("a webhook's URL has no user and no password in it: what is sent is signed")]
    User,
    /// It is too long.
    #[error("a webhook's URL has at most {URL_BYTES_MAX} bytes")]
    TooLong,
    /// It leads where it must not.
    #[error("{0} is no address on the Internet")]
    Private(IpAddr),
}

impl Reach {
    /// Reads a webhook's URL.
    ///
    /// # Errors
    /// [`Unfit`]. Where a name leads is not looked at here: that may change.
    pub fn url(self, text: &str) -> Result<Url, Unfit> {
        if text.len() > URL_BYTES_MAX {
            return Err(Unfit::TooLong);
        }
        let url = Url::parse(text).map_err(|_| Unfit::NotAUrl)?;
        match (url.scheme(), self) {
            ("https", _) | ("http", Self::Everywhere) => {}
            _ => return Err(Unfit::NotTls),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Unfit::User);
        }
        // An address that is written out is connected to without being resolved.
        let host = url.host_str().ok_or(Unfit::NotAUrl)?;
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        bare.parse().map_or(Ok(()), |address| self.check(address))?;
        Ok(url)
    }

    /// Whether a connection may be made to an address.
    ///
    /// # Errors
    /// [`Unfit::Private`].
    pub fn check(self, address: IpAddr) -> Result<(), Unfit> {
        if self == Self::Everywhere || is_public(address) { Ok(()) } else { Err(Unfit::Private(address)) }
    }
}

/// Resolves names, and lets nobody connect to an address that is out of reach: of a name that leads to one, no address.
impl Resolve for Reach {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = *self;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            found.iter().try_for_each(|found| reach.check(found.ip()))?;
            Ok::<Addrs, Box<dyn Error + Send + Sync>>(Box::new(found.into_iter()))
        })
    }
}

/// Whether an address is one of the Internet's. (`IpAddr::is_global` of the standard library is not stable.)
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match translated(address) {
            Some(inner) => is_public_v4(inner),
            None => !REFUSED_V6.iter().any(|block| block.contains(address.into())) && UNICAST.contains(address.into()),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !REFUSED_V4.iter().any(|block| block.contains(address.into()))
}

/// The IPv4 address that a translator makes of an IPv6 address (NAT64, RFC 6052: the well-known prefix).
fn translated(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [0x64, 0xff9b, 0, 0, 0, 0, high, low] = address.segments() else { return None };
    Some(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)))
}

fn blocks<const N: usize>(texts: [&str; N]) -> [IpBlock; N] {
    texts.map(|text| text.parse().expect("is a block"))
}

/// IPv4 that is not the Internet's (IANA's registry of special-purpose addresses, read 2026-11-22).
static REFUSED_V4: LazyLock<[IpBlock; 15]> = LazyLock::new(|| {
    blocks([
        "0.0.0.0/8",       // this network
        "10.0.0.0/8",      // private
        "100.64.0.0/10",   // behind a carrier's translator
        "127.0.0.0/8",     // loopback
        "169.254.0.0/16",  // link-local; clouds tell their machines' secrets there
        "172.16.0.0/12",   // private
        "192.0.0.0/24",    // protocols
        "192.0.2.0/24",    // documentation
        "192.88.99.0/24",  // 6to4 relays
        "192.168.0.0/16",  // private
        "198.18.0.0/15",   // benchmarks
        "198.51.100.0/24", // documentation
        "203.0.113.0/24",  // documentation
        "224.0.0.0/4",     // multicast
        "240.0.0.0/4",     // reserved, broadcast among them
    ])
});

/// The only IPv6 that is given out. Loopback, private, link-local and multicast addresses are outside of it.
static UNICAST: LazyLock<IpBlock> = LazyLock::new(|| blocks(["2000::/3"])[0]);

/// IPv6 inside of that which is not the Internet's, or stands for IPv4 (the same registry).
static REFUSED_V6: LazyLock<[IpBlock; 4]> = LazyLock::new(|| {
    blocks([
        "2001::/23",     // protocols, Teredo among them
        "2001:db8::/32", // documentation
        "2002::/16",     // 6to4
        "3fff::/20",     // documentation
    ])
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_internet_are_reached_and_no_others() {
        let public = [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2a00::1",
            "2001:200::1",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
        ];
        let refused = [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.255.255",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for text in public {
            assert_eq!(Reach::Public.check(text.parse().expect("is an address")), Ok(()), "{text}");
        }
        for text in refused {
            let address = text.parse().expect("is an address");
            assert_eq!(Reach::Public.check(address), Err(Unfit::Private(address)), "{text}");
            assert_eq!(Reach::Everywhere.check(address), Ok(()), "{text}");
        }
    }

    #[test]
    fn a_url_is_one_of_a_web_server_on_the_internet() {
        let private = |text: &str| Err(Unfit::Private(text.parse().expect("is an address")));
        let long = format!("https://example.net/{}", "a".repeat(URL_BYTES_MAX));
        for (text, outcome) in [
            ("https://example.net/hook?a=1", Ok(())),
            ("https://1.1.1.1:8443/", Ok(())),
            ("http://example.net/", Err(Unfit::NotTls)),
            ("ftp://example.net/", Err(Unfit::NotTls)),
            ("file:///etc/passwd", Err(Unfit::NotTls)),
            ("example.net", Err(Unfit::NotAUrl)),
            ("https://", Err(Unfit::NotAUrl)),
            ("https://user@example.net/", Err(Unfit::User)),
            ("https://:pass@example.net/", Err(Unfit::User)),
            (&long, Err(Unfit::TooLong)),
            ("https://127.0.0.1/", private("127.0.0.1")),
            // One address, written in other ways.
            ("https://2130706433/", private("127.0.0.1")),
            ("https://0x7f.1/", private("127.0.0.1")),
            ("https://0177.0.0.1/", private("127.0.0.1")),
            ("https://[::1]/", private("::1")),
            ("https://[::ffff:169.254.169.254]/", private("::ffff:169.254.169.254")),
        ] {
            assert_eq!(Reach::Public.url(text).map(drop), outcome, "{text}");
        }
        assert!(Reach::Everywhere.url("http://127.0.0.1:80/").is_ok());
        assert_eq!(Reach::Everywhere.url("ftp://127.0.0.1/"), Err(Unfit::NotTls));
    }

    #[tokio::test]
    async fn a_name_that_leads_home_leads_nowhere() {
        let resolve = |reach: Reach| reach.resolve("localhost".parse().expect("is a name"));
        let refused = resolve(Reach::Public).await.err().expect("is refused");
        assert!(refused.to_string().ends_with("is no address on the Internet"), "{refused}");
        assert!(resolve(Reach::Everywhere).await.expect("resolves").any(|found| found.ip().is_loopback()));
    }
}
