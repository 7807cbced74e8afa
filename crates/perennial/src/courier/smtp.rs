//! SMTP (RFC 5321): a connection a mail, and what each answer of the server means for the mail.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail as From, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use perennial_core::ports::Failure;
use perennial_engine::outbox::Undelivered;
use tokio::time::timeout;

use super::message::Mail;
use crate::buyer::credentials::output_of;
use crate::config::mail::{PasswordPlace, SmtpConfig};

const DOING: &str = "send a mail";

/// How long the server may take to say goodbye; the mail is its own by then.
const GOODBYE: Duration = Duration::from_secs(5);

/// Hands mails to a server.
pub struct Smtp {
    host: String,
    port: u16,
    security: Security,
    credentials: Option<Credentials>,
    hello: ClientId,
    patience: Duration,
}

/// How what is sent is kept from others on the way.
enum Security {
    /// Not at all: the server is on this machine.
    Here,
    /// TLS after STARTTLS (RFC 3207); never without.
    StartTls(TlsParameters),
    /// TLS from the first byte (RFC 8314).
    Tls(TlsParameters),
}

impl Smtp {
    /// A server, with the password that it wants; `from` is the domain that mails come from.
    ///
    /// # Errors
    /// When the password or the certificate cannot be had.
    pub fn new(config: &SmtpConfig, from: &str) -> anyhow::Result<Self> {
        let security = match (config.tls, config.is_here()) {
            (true, _) => Security::Tls(tls(config)?),
            (false, true) => Security::Here,
            (false, false) => Security::StartTls(tls(config)?),
        };
        let login = config.login.as_ref();
        let credentials =
            login.map(|(user, place)| Ok::<_, anyhow::Error>(Credentials::new(user.clone(), password(place)?)));
        Ok(Self {
            host: config.host.clone(),
            port: config.port,
            security,
            credentials: credentials.transpose()?,
            hello: ClientId::Domain(from.to_owned()),
            patience: Duration::from_secs(config.timeout_s.get().into()),
        })
    }

    /// Hands a mail over.
    ///
    /// # Errors
    /// [`Undelivered`]: closed where the server does not take anything of ours, refused where it says that there is no such
    /// reader, barred where it refused for good what may be the mail or all of ours, and later in every other case; also
    /// where the server may have the mail, and did not say so.
    pub async fn send(&self, mail: &Mail) -> Result<(), Undelivered> {
        let slow = || Failure::new(DOING, "the mail server took too long");
        let opened = timeout(self.patience, self.open(mail)).await.map_err(|_| Undelivered::Closed(slow()))?;
        let mut connection = opened.map_err(|error| Undelivered::Closed(Failure::new(DOING, error)))?;
        let taken =
            timeout(self.patience, give(&mut connection, mail)).await.map_err(|_| Undelivered::Later(slow()))?;
        taken.map_err(|error| {
            let code = error.status().filter(|_| error.is_permanent()).map(u16::from);
            let said = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            let meaning = match code {
                None => Undelivered::Later,
                Some(code) if is_of_reader(code, &said) => Undelivered::Refused,
                Some(_) => Undelivered::Barred,
            };
            meaning(Failure::new(DOING, error))
        })?;
        // It is taken: whatever becomes of the goodbye.
        drop(timeout(GOODBYE, connection.quit()).await);
        Ok(())
    }

    /// Opens a connection, to the point where the server takes mails of this sender.
    async fn open(&self, mail: &Mail) -> Result<AsyncSmtpConnection, Error> {
        let (tls, start) = match &self.security {
            Security::Here => (None, None),
            Security::StartTls(tls) => (None, Some(tls)),
            Security::Tls(tls) => (Some(tls.clone()), None),
        };
        let place = (self.host.as_str(), self.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(place, Some(self.patience), &self.hello, tls, None).await?;
        if let Some(tls) = start {
            connection.starttls(tls.clone(), &self.hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        connection.command(From::new(Some(mail.from.clone()), Vec::new())).await?;
        Ok(connection)
    }
}

/// Whether a refusal for good says that the reader cannot be reached. By the enhanced status (RFC 3463) 5.1 and 5.2 do,
/// though not 5.1.7 and 5.1.8, which are of the sender; where there is none, or one of another matter than policy (5.7), the
/// code decides. Servers answer the address with what they have against us, too: our host, our sender, our login.
pub(super) fn is_of_reader(code: u16, said: &str) -> bool {
    let status: Vec<&str> = said.split_whitespace().next().unwrap_or_default().split('.').collect();
    match status[..] {
        ["5", "1", "7" | "8"] | ["5", "7", _] => false,
        ["5", "1" | "2", _] => true,
        _ => matches!(code, 550 | 551 | 553),
    }
}

/// Gives the mail itself.
async fn give(connection: &mut AsyncSmtpConnection, mail: &Mail) -> Result<(), Error> {
    connection.command(Rcpt::new(mail.to.clone(), Vec::new())).await?;
    connection.command(Data).await?;
    connection.message(&mail.bytes).await.map(drop)
}

fn tls(config: &SmtpConfig) -> anyhow::Result<TlsParameters> {
    let mut tls = TlsParameters::builder(config.host.clone());
    if let Some(file) = &config.ca_file {
        tls = tls.certificate_store(CertificateStore::None).add_root_certificate(authority(file)?);
    }
    tls.build().with_context(|| format!("preparing TLS with {}", config.host))
}

fn authority(file: &Path) -> anyhow::Result<Certificate> {
    let what = || {
        let file = file.display();
        format!("reading the certificate {file}\nhint: `ca_file` under [mail] is a PEM file")
    };
    Certificate::from_pem(&std::fs::read(file).with_context(what)?).with_context(what)
}

fn password(place: &PasswordPlace) -> anyhow::Result<String> {
    let password = match place {
        PasswordPlace::Variable(name) => std::env::var(name)
            .with_context(|| format!("{name} is not set\nhint: `password_env` under [mail] names the variable"))?,
        PasswordPlace::Program(words) => output_of(&"mail", words)?,
    };
    let password = password.trim_end_matches(['\r', '\n']);
    ensure!(!password.is_empty(), "the mail server's password is empty");
    Ok(password.to_owned())
}
