//! Blocks of addresses, from which a credential may be used.

use std::fmt;
use std::net::{AddrParseError, IpAddr};
use std::str::FromStr;

/// A block of addresses: `10.0.0.0/8`, or one address alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IpBlock {
    address: IpAddr,
    /// At most the number of bits of `address`.
    prefix: u8,
}

impl IpBlock {
    /// Tells whether the address lies in the block. An IPv4 address that came in over IPv6 counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(block), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0);
                block.to_bits() & mask == address.to_bits() & mask
            }
            (IpAddr::V6(block), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0);
                block.to_bits() & mask == address.to_bits() & mask
            }
            _ => false,
        }
    }

    const fn bits(address: IpAddr) -> u8 {
        match address {
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 128,
        }
    }
}

impl fmt::Display for IpBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.prefix == Self::bits(self.address) {
            write!(f, "{}", self.address)
        } else {
            write!(f, "{}/{}", self.address, self.prefix)
        }
    }
}

impl FromStr for IpBlock {
    type Err = NotAnIpBlock;

    fn from_str(text: &str) -> Result<Self, NotAnIpBlock> {
        let Some((address, prefix)) = text.split_once('/') else {
            let address = text.parse()?;
            return Ok(Self { address, prefix: Self::bits(address) });
        };
        let address = address.parse()?;
        let digits = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix = prefix.parse().map_err(|_| NotAnIpBlock)?;
        if !digits || prefix > Self::bits(address) {
            return Err(NotAnIpBlock);
        }
        Ok(Self { address, prefix })
    }
}

/// The text is not a block of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an address or a block such as 10.0.0.0/8")]
pub struct NotAnIpBlock;

impl From<AddrParseError> for NotAnIpBlock {
    fn from(_: AddrParseError) -> Self {
        Self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_contains_its_addresses_only() {
        for (block, address, inside) in [
            ("1.2.3.4", "1.2.3.4", true),
            ("1.2.3.4", "1.2.3.5", false),
            ("1.2.3.4", "::ffff:1.2.3.4", true),
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("10.1.2.3/8", "10.9.9.9", true),
            ("0.0.0.0/0", "8.8.8.8", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::/0", "2001:db8::1", true),
            ("::/0", "8.8.8.8", false),
            ("2001:db8::1", "2001:db8::1", true),
        ] {
            let parsed: IpBlock = block.parse().unwrap();
            assert_eq!(parsed.contains(address.parse().unwrap()), inside, "{block} {address}");
            assert_eq!(parsed.to_string(), block);
        }
        for text in ["", "1.2.3", "1.2.3.4/33", "::/129", "1.2.3.4/", "1.2.3.4/+8", "1.2.3.4/8/8", "host/8"] {
            assert_eq!(text.parse::<IpBlock>(), Err(NotAnIpBlock), "{text:?}");
        }
    }
}
