//! The courier: each notice becomes one mail in the pickup folder of a mail server.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use perennial_core::account::Account;
use perennial_core::notice::{Notice, NoticeKind};
use perennial_core::ports::{BoxFuture, Failure};
use perennial_engine::outbox::Courier;

const DOING: &str = "write a mail";

/// Characters of base64 on a line of a mail (RFC 2045).
const LINE: usize = 76;

/// Bytes of a header that go into one encoded word (RFC 2047: 75 characters with its frame).
const WORD: usize = 42;

/// Writes RFC 5322 messages into a folder.
pub struct Pickup {
    folder: PathBuf,
    from: String,
}

impl Pickup {
    /// Writes into an existing folder, from a sender's address.
    ///
    /// # Errors
    /// When there is no such folder, or the address is not one.
    pub fn new(folder: PathBuf, from: String) -> anyhow::Result<Self> {
        anyhow::ensure!(
            folder.is_dir(),
            "the pickup folder {} does not exist\nhint: make it, or mend `pickup` under [mail]",
            folder.display()
        );
        anyhow::ensure!(
            is_address(&from),
            "`{from}` is not a mail address\nhint: `from` under [mail] is written as in renewals@example.net"
        );
        Ok(Self { folder, from })
    }
}

impl Courier for Pickup {
    fn deliver<'a>(&'a self, id: i64, notice: &'a Notice, to: &'a Account) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            if !is_address(&to.email) {
                // It would wait for ever, and everything behind it.
                tracing::error!(notice.id = id, account.id = to.id.0, "notice {id} has no address to go to");
                return Ok(());
            }
            let mail = mail(id, notice, to, &self.from)?;
            let folder = self.folder.clone();
            let written = tokio::task::spawn_blocking(move || write(&folder, id, &mail)).await;
            written.map_err(|cause| Failure::new(DOING, cause))?.map_err(|cause| Failure::new(DOING, cause))
        })
    }
}

/// Writes the file under another name first, so that nobody picks up half a mail; a repeat takes the same name.
fn write(folder: &Path, id: i64, mail: &str) -> std::io::Result<()> {
    let partial = folder.join(format!(".notice-{id}.partial"));
    let mut file = File::create(&partial)?;
    file.write_all(mail.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&partial, folder.join(format!("notice-{id}.eml")))?;
    File::open(folder)?.sync_all()
}

/// The message, with lines as mail wants them.
fn mail(id: i64, notice: &Notice, to: &Account, from: &str) -> Result<String, Failure> {
    let (subject, text) = words(notice, to);
    let date = rfc2822::to_string(&notice.at.to_zoned(TimeZone::UTC)).map_err(|cause| Failure::new(DOING, cause))?;
    let host = from.rsplit('@').next().unwrap_or("localhost");
    let headers = [
        format!("From: <{from}>"),
        format!("To: <{}>", to.email),
        format!("Subject: {}", header_text(&subject)),
        format!("Date: {date}"),
        // The same notice is the same mail, however often it is written.
        format!("Message-ID: <notice-{id}.perennial@{host}>"),
        "Auto-Submitted: auto-generated".to_owned(),
        "MIME-Version: 1.0".to_owned(),
        "Content-Type: text/plain; charset=utf-8".to_owned(),
        "Content-Transfer-Encoding: base64".to_owned(),
    ];
    let encoded = STANDARD.encode(text.replace('\n', "\r\n"));
    let mut mail = headers.join("\r\n");
    mail.push_str("\r\n\r\n");
    for start in (0..encoded.len()).step_by(LINE) {
        mail.push_str(&encoded[start..(start + LINE).min(encoded.len())]);
        mail.push_str("\r\n");
    }
    Ok(mail)
}

/// Subject and text, in plain words.
fn words(notice: &Notice, to: &Account) -> (String, String) {
    let NoticeKind::TerminationRequested { name, token, .. } = &notice.kind;
    let subject = format!("Please confirm: end {name} at its expiry");
    let text = format!(
        "Hello {},\n\n\
         somebody asked to end {name} at its expiry. To confirm, send back this token where you asked:\n\n\
         {token}\n\n\
         If it was not you, do nothing: the service stays as it is.\n",
        to.name
    );
    (subject, text)
}

/// A header's text; what is not plain ASCII goes into encoded words (RFC 2047), each of whole characters.
fn header_text(text: &str) -> String {
    if text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
        return text.to_owned();
    }
    let mut words = vec![String::new()];
    for c in text.chars().map(|c| if c.is_control() { ' ' } else { c }) {
        if words.last().is_some_and(|word| word.len() + c.len_utf8() > WORD) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(c);
        }
    }
    let encoded: Vec<_> = words.iter().map(|word| format!("=?utf-8?B?{}?=", STANDARD.encode(word))).collect();
    encoded.join("\r\n ")
}

/// Whether it can stand between angle brackets in a header.
fn is_address(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>(),;:\\\"[]".contains(&byte));
    plain
        && text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
}

#[cfg(test)]
mod tests {
    use perennial_core::account::{Standing, TaxTreatment};
    use perennial_core::calendar::Zone;
    use perennial_core::ids::{AccountId, ServiceId};
    use perennial_core::money::{Currency, Money};

    use super::*;

    fn account(email: &str) -> Account {
        Account {
            id: AccountId(1),
            code: "a".to_owned(),
            name: "Zoë".to_owned(),
            email: email.to_owned(),
            country: "FR".to_owned(),
            vat_number: None,
            currency: Currency::EUR,
            tax: TaxTreatment::Exempt,
            zone: Zone::UTC,
            credit_limit: Money::zero(Currency::EUR),
            standing: Standing::Customer,
            page_password: None,
            facts: std::collections::BTreeMap::new(),
            created: at(),
        }
    }

    fn at() -> jiff::Timestamp {
        "2026-11-22T08:00:00Z".parse().expect("is an instant")
    }

    fn notice(name: &str) -> Notice {
        let (service, name, token) = (ServiceId(1), name.to_owned(), "the-token".to_owned());
        Notice { account: AccountId(1), kind: NoticeKind::TerminationRequested { service, name, token }, at: at() }
    }

    #[tokio::test]
    async fn a_notice_becomes_one_file_however_often_it_comes() {
        let folder = tempfile::tempdir().expect("makes a folder");
        let pickup = Pickup::new(folder.path().to_owned(), "renewals@example.net".to_owned()).expect("is set up");
        for _ in 0..2 {
            pickup.deliver(7, &notice("vps1"), &account("zoe@example.net")).await.expect("delivers");
        }
        let files: Vec<_> =
            std::fs::read_dir(folder.path()).expect("lists").map(|entry| entry.expect("reads")).collect();
        assert_eq!(files.len(), 1);
        assert_eq!(files[0].file_name(), "notice-7.eml");
        let mail = std::fs::read_to_string(files[0].path()).expect("reads");
        let (head, body) = mail.split_once("\r\n\r\n").expect("has a body");
        assert!(
            head.contains("To: <zoe@example.net>\r\nSubject: Please confirm: end vps1 at its expiry\r\n"),
            "{head}"
        );
        assert!(head.contains("\r\nDate: Sun, 22 Nov 2026 08:00:00 +0000\r\n"), "{head}");
        let text = STANDARD.decode(body.replace("\r\n", "")).expect("decodes");
        assert!(String::from_utf8_lossy(&text).contains("Hello Zoë,"));
        assert!(String::from_utf8_lossy(&text).contains("the-token"));
    }

    #[test]
    fn nothing_gets_into_the_headers() {
        let mail = mail(1, &notice("x\r\nBcc: <evil@example.net>"), &account("a@b"), "c@d").expect("is made");
        assert!(!mail.contains("\nBcc"), "{mail}");
        for wrong in ["", "a", "a@", "@b", "a@b@c", "a@b>\r\nBcc: x@y", "a b@c"] {
            assert!(!is_address(wrong), "{wrong}");
        }
    }

    #[test]
    fn long_subjects_are_folded_between_characters() {
        let folded = header_text(&"ä".repeat(60));
        let whole: String = folded
            .split("\r\n ")
            .map(|word| {
                assert!(word.len() <= 75, "{word}");
                let inner =
                    word.strip_prefix("=?utf-8?B?").and_then(|word| word.strip_suffix("?=")).expect("is a word");
                String::from_utf8(STANDARD.decode(inner).expect("decodes")).expect("is whole")
            })
            .collect();
        assert_eq!(whole, "ä".repeat(60));
    }
}
