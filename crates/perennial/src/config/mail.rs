//! `[mail]`: how notices leave.

use std::num::NonZeroU8;
use std::path::PathBuf;

use http::Uri;
use lettre::message::Mailbox;
use percent_encoding::percent_decode_str;
use serde::de::{DeserializeSeed, Error};
use serde::{Deserialize, Deserializer};

use super::checked::checked;
use super::secret::is_secret;
use super::text::{FromText, Program, Text, Variable};
use perennial_providers::call::is_loopback;

/// How notices leave.
#[derive(Clone, Debug)]
pub struct MailConfig {
    /// The sender's address, with or without a name: `Example Hosting <renewals@example.net>`.
    pub from: Mailbox,
    /// Where mails go.
    pub way: MailWay,
    /// A folder with texts that stand in the place of the built-in ones; absent for those.
    pub templates: Option<PathBuf>,
}

/// Where mails go.
#[derive(Clone, Debug)]
pub enum MailWay {
    /// A pickup folder of a mail server: each notice becomes one `.eml` file in it.
    Pickup(PathBuf),
    /// A server.
    Smtp(SmtpConfig),
}

/// A mail server, and how it is reached.
#[derive(Clone, Debug)]
pub struct SmtpConfig {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether TLS begins with the first byte.
    pub tls: bool,
    /// The user, and where the password is; absent where the server asks for none.
    pub login: Option<(String, PasswordPlace)>,
    /// The certificate of the authority that is trusted instead of the public ones, PEM.
    pub ca_file: Option<PathBuf>,
    /// How long the server may take to be reached, and as long again to take a mail, in seconds. Default 30.
    pub timeout_s: NonZeroU8,
}

impl SmtpConfig {
    /// Whether it is on this machine, so that nobody else sees what is sent.
    pub fn is_here(&self) -> bool {
        is_loopback(&self.host)
    }
}

/// Where a password is.
#[derive(Clone, Debug)]
pub enum PasswordPlace {
    /// In an environment variable.
    Variable(String),
    /// A program prints it.
    Program(Vec<String>),
}

/// The longest `timeout_s`: the outbox waits no longer for a mail than twice as long.
const TIMEOUT_S_MAX: u8 = 55;
const TIMEOUT_S: NonZeroU8 = NonZeroU8::new(30).expect("is not zero");

/// `[mail]` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MailSection {
    from: Text<Mailbox>,
    pickup: Option<PathBuf>,
    smtp: Option<Text<Server>>,
    password_env: Option<Text<Variable>>,
    password_command: Option<Program>,
    ca_file: Option<PathBuf>,
    timeout_s: Option<NonZeroU8>,
    templates: Option<PathBuf>,
}

impl<'de> Deserialize<'de> for MailConfig {
    fn deserialize<D: Deserializer<'de>>(given: D) -> Result<Self, D::Error> {
        let section: MailSection =
            checked("a section of its own in brackets, as in [mail]", no_secret).deserialize(given)?;
        section.settle().map_err(D::Error::custom)
    }
}

impl MailSection {
    fn settle(self) -> Result<MailConfig, String> {
        let way = match (self.pickup, self.smtp) {
            (Some(folder), None) => {
                let has_more = self.password_env.is_some() || self.password_command.is_some();
                if has_more || self.ca_file.is_some() || self.timeout_s.is_some() {
                    return Err("a pickup folder takes no password, `ca_file` or `timeout_s`".to_owned());
                }
                MailWay::Pickup(folder)
            }
            (None, Some(Text(server))) => {
                let place = match (self.password_env, self.password_command) {
                    (Some(Text(variable)), None) => Some(PasswordPlace::Variable(variable.0)),
                    (None, Some(program)) => Some(PasswordPlace::Program(program.0)),
                    (None, None) => None,
                    (Some(_), Some(_)) => return Err("the password is in one place: write one of both".to_owned()),
                };
                let login = match (server.user, place) {
                    (Some(user), Some(place)) => Some((user, place)),
                    (None, None) => None,
                    (Some(_), None) => {
                        return Err("`smtp` names a user: say where the password is, by `password_env` or \
                                    `password_command`"
                            .to_owned());
                    }
                    (None, Some(_)) => {
                        return Err("there is a password, and `smtp` names no user, as in smtps://user@host".to_owned());
                    }
                };
                let timeout_s = self.timeout_s.unwrap_or(TIMEOUT_S);
                if timeout_s.get() > TIMEOUT_S_MAX {
                    return Err(format!("`timeout_s` is {TIMEOUT_S_MAX} at the most"));
                }
                let Server { host, port, tls, .. } = server;
                MailWay::Smtp(SmtpConfig { host, port, tls, login, ca_file: self.ca_file, timeout_s })
            }
            _ => return Err("say where mails go: by `smtp`, or by `pickup`".to_owned()),
        };
        Ok(MailConfig { from: self.from.0, way, templates: self.templates })
    }
}

impl MailConfig {
    /// The paths in it, which count from the folder of the file.
    pub fn paths_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let way = match &mut self.way {
            MailWay::Pickup(folder) => Some(folder),
            MailWay::Smtp(server) => server.ca_file.as_mut(),
        };
        way.into_iter().chain(&mut self.templates)
    }
}

/// Refuses a key that looks like that of a secret.
fn no_secret(key: &str) -> Result<(), String> {
    if !is_secret(key) || ["password_env", "password_command"].contains(&key) {
        return Ok(());
    }
    Err(format!(
        "`{key}` would be a secret, and none belongs in this file: name a program that prints the password \
         (`password_command`), or the environment variable that holds it (`password_env`)"
    ))
}

impl FromText for Mailbox {
    fn from_text(text: &str) -> Result<Self, String> {
        let mailbox: Option<Self> = text.parse().ok();
        mailbox.filter(|mailbox| AsRef::<str>::as_ref(&mailbox.email).is_ascii()).ok_or_else(|| {
            format!("`{text}` is not a mail address, as in renewals@example.net or Example <renewals@example.net>")
        })
    }
}

/// `smtp://host`, `smtps://user@host:465`.
#[derive(Debug)]
struct Server {
    host: String,
    port: u16,
    tls: bool,
    user: Option<String>,
}

impl FromText for Server {
    /// What it says is not shown: there may be a password in it.
    fn from_text(text: &str) -> Result<Self, String> {
        let wrong =
            || "this is not a mail server, such as smtp://127.0.0.1:25 or smtps://user@mail.example.net".to_owned();
        let url: Uri = text.parse().map_err(|_| wrong())?;
        let place = url.authority().ok_or_else(wrong)?;
        let tls = match url.scheme_str() {
            Some("smtp") => false,
            Some("smtps") => true,
            _ => return Err(wrong()),
        };
        if !["", "/"].contains(&url.path()) || url.query().is_some() || place.host().is_empty() {
            return Err(wrong());
        }
        let user = place.as_str().rsplit_once('@').map(|(user, _)| user);
        if user.is_some_and(|user| user.contains(':')) {
            return Err(
                "no password belongs in this file: say where it is, by `password_env` or `password_command`".to_owned()
            );
        }
        let user = user.map(|user| percent_decode_str(user).decode_utf8().map_err(|_| wrong())).transpose()?;
        let host = place.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        // RFC 5321 on this machine, RFC 6409 and RFC 8314 elsewhere.
        let usual = if tls {
            465
        } else if is_loopback(&host) {
            25
        } else {
            587
        };
        Ok(Self { host, port: place.port_u16().unwrap_or(usual), tls, user: user.map(Into::into) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<MailConfig, String> {
        toml::from_str(&format!("from = \"a@example.net\"\n{text}")).map_err(|error| error.to_string())
    }

    #[test]
    fn a_server_is_a_url_with_its_user_and_usual_port() {
        for (text, expected) in [
            ("smtp://127.0.0.1", ("127.0.0.1", 25, false, None)),
            ("smtp://[::1]:1025/", ("::1", 1025, false, None)),
            ("smtp://mail.example.net", ("mail.example.net", 587, false, None)),
            ("smtps://mail.example.net", ("mail.example.net", 465, true, None)),
            (
                "smtps://shop%40example.net@mail.example.net:4650",
                ("mail.example.net", 4650, true, Some("shop@example.net")),
            ),
        ] {
            let server = Server::from_text(text).expect("is a server");
            assert_eq!((server.host.as_str(), server.port, server.tls, server.user.as_deref()), expected, "{text}");
        }
        for text in
            ["", "127.0.0.1", "http://x", "smtp://", "smtp://x/y", "smtp://x?y", "smtps://u:hunter2@x", "smtp:x"]
        {
            let why = Server::from_text(text).map(drop).expect_err("is no server");
            assert!(!why.contains("hunter2"), "{why}");
        }
    }

    #[test]
    fn mails_go_one_way_and_the_password_is_elsewhere() {
        for text in [
            "pickup = \"out\"",
            "smtp = \"smtp://127.0.0.1:25\"\ntimeout_s = 5",
            "smtp = \"smtps://u@x\"\npassword_env = \"MAIL_PASSWORD\"\nca_file = \"ca.pem\"",
            "smtp = \"smtps://u@x\"\npassword_command = [\"pass\", \"mail\"]\ntemplates = \"mails\"",
        ] {
            assert!(read(text).is_ok(), "{text}");
        }
        for (text, why) in [
            ("", "say where mails go"),
            ("pickup = \"a\"\nsmtp = \"smtp://x\"", "say where mails go"),
            ("pickup = \"a\"\npassword_env = \"X\"", "a pickup folder takes no password"),
            ("smtp = \"smtps://u@x\"", "say where the password is"),
            ("smtp = \"smtps://x\"\npassword_env = \"X\"", "names no user"),
            ("smtp = \"smtps://u@x\"\npassword_env = \"X\"\npassword_command = [\"x\"]", "in one place"),
            ("smtp = \"smtps://u@x\"\npassword = \"X\"", "`password` would be a secret"),
            ("smtp = \"smtp://x\"\ntimeout_s = 56", "`timeout_s` is 55 at the most"),
            ("smtp = \"smtp://x\"\ntimeout_s = 0", "nonzero"),
        ] {
            let told = read(text).expect_err("is refused");
            assert!(told.contains(why), "{told}");
        }
        assert!(toml::from_str::<MailConfig>("from = \"ä@x.y\"\npickup = \"a\"").is_err());
    }
}
