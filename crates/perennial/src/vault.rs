//! The vault: seals signing secrets under the seller's master key (XChaCha20-Poly1305).

use std::path::Path;

use anyhow::{Context, bail};
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use perennial_core::ports::{Failure, Vault};

/// The environment variable that holds the master key: 64 hexadecimal digits.
pub const MASTER_KEY_VARIABLE: &str = "PERENNIAL_MASTER_KEY";

const MAKE_ONE: &str = "`openssl rand -hex 32` makes one";

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// A vault under one master key.
pub struct MasterVault(XChaCha20Poly1305);

impl MasterVault {
    /// Opens the vault with the key from the environment, or else from a file.
    ///
    /// # Errors
    /// When neither is there, or the key is not 64 hexadecimal digits.
    pub fn open(file: Option<&Path>) -> anyhow::Result<Self> {
        if let Ok(text) = std::env::var(MASTER_KEY_VARIABLE) {
            return Self::from_hex(&text).with_context(|| format!("reading {MASTER_KEY_VARIABLE}"));
        }
        let Some(file) = file else {
            bail!(
                "there is no master key\nhint: set {MASTER_KEY_VARIABLE} to 64 hexadecimal digits, or name a file \
                 with them as `master_key_file` under [secrets]; {MAKE_ONE}"
            );
        };
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("reading the master key {}\nhint: {MAKE_ONE}", file.display()))?;
        Self::from_hex(&text).with_context(|| format!("reading the master key {}", file.display()))
    }

    /// Opens the vault with the key in a file, making the file with a new key where it is missing.
    ///
    /// # Errors
    /// When the file cannot be read or made.
    pub fn open_or_create(file: &Path) -> anyhow::Result<Self> {
        if !file.exists() {
            let mut key = [0; KEY_BYTES];
            getrandom::fill(&mut key).context("making a master key")?;
            write_private(file, &hex(&key)).with_context(|| format!("writing {}", file.display()))?;
        }
        Self::open(Some(file))
    }

    fn from_hex(text: &str) -> anyhow::Result<Self> {
        let Some(key) = unhex(text.trim()) else { bail!("a master key is 64 hexadecimal digits\nhint: {MAKE_ONE}") };
        Ok(Self(XChaCha20Poly1305::new(&key.into())))
    }
}

impl Vault for MasterVault {
    fn seal(&self, secret: &[u8]) -> Result<Vec<u8>, Failure> {
        const DOING: &str = "seal a secret";
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|cause| Failure::new(DOING, cause.to_string()))?;
        let sealed =
            self.0.encrypt(&XNonce::from(nonce), secret).map_err(|cause| Failure::new(DOING, cause.to_string()))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, Failure> {
        const DOING: &str = "open a secret (was it sealed under another master key?)";
        let (nonce, sealed) = sealed
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or_else(|| Failure::new(DOING, "the sealed secret is too short"))?;
        self.0.decrypt(&XNonce::from(*nonce), sealed).map_err(|cause| Failure::new(DOING, cause.to_string()))
    }
}

fn write_private(file: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?.write_all(text.as_bytes())
}

/// Lower-case hexadecimal digits of bytes.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<[u8; KEY_BYTES]> {
    let mut key = [0; KEY_BYTES];
    if text.len() != 2 * KEY_BYTES || !text.is_ascii() {
        return None;
    }
    for (byte, digits) in key.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_under_the_same_key_only() {
        let vault = MasterVault::from_hex(&"ab".repeat(32)).expect("is a key");
        let other = MasterVault::from_hex(&"cd".repeat(32)).expect("is a key");
        let sealed = vault.seal(b"secret").expect("seals");
        assert_eq!(vault.open(&sealed).expect("opens"), b"secret");
        assert!(other.open(&sealed).is_err());
        assert!(vault.open(&sealed[..10]).is_err());
        assert_ne!(sealed, vault.seal(b"secret").expect("seals"), "each sealing has its own nonce");
    }

    #[test]
    fn a_key_is_made_once_and_only_its_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("makes a folder");
        let file = folder.path().join("master.key");
        let sealed = MasterVault::open_or_create(&file).expect("makes").seal(b"x").expect("seals");
        assert_eq!(MasterVault::open_or_create(&file).expect("reads").open(&sealed).expect("opens"), b"x");
        let mode = std::fs::metadata(&file).expect("is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(MasterVault::from_hex("zz").is_err());
    }
}
