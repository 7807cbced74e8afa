//! The courier: each notice becomes one mail, which is left in the pickup folder of a mail server, or handed to a server.

mod facts;
mod message;
mod pickup;
mod smtp;
#[cfg(test)]
mod tests;
mod texts;

use std::sync::Arc;

use anyhow::anyhow;
use lettre::message::Mailbox;
use perennial_core::account::Account;
use perennial_core::notice::Notice;
use perennial_core::ports::{BoxFuture, Failure};
use perennial_engine::outbox::{Courier, Undelivered};

pub use self::facts::Sources;
use self::message::Mail;
use self::pickup::Pickup;
use self::smtp::Smtp;
use self::texts::Texts;
use crate::config::mail::{MailConfig, MailWay};

const DOING: &str = "write a mail";

/// How mails are written and leave: all that can be looked at before there is a ledger.
pub struct Mailing {
    from: Mailbox,
    texts: Texts,
    way: Way,
}

/// Where mails go.
enum Way {
    Pickup(Pickup),
    Smtp(Box<Smtp>),
}

impl Mailing {
    /// Reads what the configuration names: templates, password, certificate.
    ///
    /// # Errors
    /// When one of them cannot be had, or a template is wrong.
    pub fn of(config: &MailConfig) -> anyhow::Result<Self> {
        let texts = Texts::load(config.templates.as_deref())?;
        let way = match &config.way {
            MailWay::Pickup(folder) => Way::Pickup(Pickup::new(folder.clone())?),
            MailWay::Smtp(server) => Way::Smtp(Box::new(Smtp::new(server, config.from.email.domain())?)),
        };
        Ok(Self { from: config.from.clone(), texts, way })
    }

    /// Carries the notices of a ledger.
    pub fn courier(self, sources: Sources) -> Arc<dyn Courier> {
        Arc::new(Mailer(Arc::new((self, sources))))
    }

    /// Writes the mail of a notice.
    fn write(&self, sources: &Sources, id: i64, notice: &Notice, to: &Account) -> Result<Mail, Undelivered> {
        let later = |cause: anyhow::Error| Undelivered::Later(Failure { doing: DOING, cause: cause.into() });
        if !sources.holds(notice, to).map_err(Undelivered::Later)? {
            return Err(Undelivered::Stale);
        }
        let address = message::address(&to.email).ok_or_else(|| {
            let why = format!("the account {} has no mail address", to.code);
            Undelivered::Refused(Failure::new(DOING, why))
        })?;
        let (facts, paper) = sources.facts(notice, to).map_err(Undelivered::Later)?;
        let text = self.texts.render(&texts::language_of(to), notice.kind.word(), &facts).map_err(later)?;
        Mail::new((id, notice), &self.from, address, text, paper).map_err(|error| later(anyhow!(error)))
    }
}

/// Writes mails from what a ledger has, and lets them leave.
struct Mailer(Arc<(Mailing, Sources)>);

impl Courier for Mailer {
    fn deliver<'a>(&'a self, id: i64, notice: &'a Notice, to: &'a Account) -> BoxFuture<'a, Result<(), Undelivered>> {
        Box::pin(async move {
            let (shared, notice, to) = (Arc::clone(&self.0), notice.clone(), to.clone());
            // It reads the ledger, and a paper takes some milliseconds of computing.
            let written = tokio::task::spawn_blocking(move || shared.0.write(&shared.1, id, &notice, &to)).await;
            let mail = written.map_err(|cause| Undelivered::Later(Failure::new(DOING, cause)))??;
            match &self.0.0.way {
                Way::Pickup(folder) => folder.leave(mail).await,
                Way::Smtp(server) => server.send(&mail).await,
            }
        })
    }
}
