//! The sandbox's private certificate authority, for clients that know nothing but TLS.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::Context;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use tokio_rustls::TlsAcceptor;

use crate::web::tls;

const AUTHORITY_FILE: &str = "ca.pem";
const CERTIFICATE_FILE: &str = "server.pem";
const KEY_FILE: &str = "server.key";

/// TLS with the certificate in a folder, which is made there where it is missing. The authority's own key is kept
/// nowhere: it signs this one certificate.
///
/// # Errors
/// When the folder cannot be written or what is in it cannot be read.
pub fn acceptor(folder: &Path) -> anyhow::Result<TlsAcceptor> {
    let (certificate, key) = (folder.join(CERTIFICATE_FILE), folder.join(KEY_FILE));
    if !(folder.join(AUTHORITY_FILE).exists() && certificate.exists() && key.exists()) {
        make(folder).with_context(|| format!("making certificates in {}", folder.display()))?;
    }
    tls::acceptor(&certificate, &key)
}

fn make(folder: &Path) -> anyhow::Result<()> {
    let mut authority = CertificateParams::default();
    authority.distinguished_name.push(DnType::CommonName, "Perennial sandbox authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

    let mut server = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    server.distinguished_name.push(DnType::CommonName, "localhost");
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let certificate = server.signed_by(&key, &authority)?;

    std::fs::create_dir_all(folder)?;
    write(folder, CERTIFICATE_FILE, 0o644, &certificate.pem())?;
    write(folder, KEY_FILE, 0o600, &key.serialize_pem())?;
    write(folder, AUTHORITY_FILE, 0o644, &authority.pem())
}

fn write(folder: &Path, name: &str, mode: u32, text: &str) -> anyhow::Result<()> {
    let file = folder.join(name);
    let opened = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&file);
    opened
        .and_then(|mut opened| opened.write_all(text.as_bytes()))
        .with_context(|| format!("writing {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_s_certificates_are_made_once() {
        let folder = tempfile::tempdir().expect("makes a folder");
        acceptor(folder.path()).expect("makes");
        let made = std::fs::read_to_string(folder.path().join(AUTHORITY_FILE)).expect("reads");
        acceptor(folder.path()).expect("reads");
        assert_eq!(std::fs::read_to_string(folder.path().join(AUTHORITY_FILE)).expect("reads"), made);
    }
}
