//! `perennial key list`: the keys, without their secrets.

use jiff::Timestamp;
use perennial_core::account::Account;
use perennial_core::credential::{AccessRule, Application, ApplicationStatus, Credential, CredentialStatus, Flow};
use perennial_core::ports::Clock;
use perennial_engine::clock::SystemClock;
use perennial_providers::aliyun::SESSION_PREFIX;
use serde_json::json;

use super::{KeyId, KeyKind, is_access_key};
use crate::ledger::Ledger;
use crate::output::{Column, Output, Row, minute, text};

/// Lists the keys of an account, or of all.
///
/// # Errors
/// When there is no such account, or the database does not answer.
pub(super) fn list(ledger: &Ledger, output: Output, account: Option<&str>) -> anyhow::Result<()> {
    const COLUMNS: [Column; 8] = [
        text("ID"),
        text("ACCOUNT"),
        text("API"),
        text("KIND"),
        text("KEY"),
        text("NAME"),
        text("STATUS"),
        text("EXPIRES"),
    ];
    let now = SystemClock.now();
    let mut rows = Vec::new();
    for account in ledger.accounts_or_one(account)? {
        let applications = ledger.books().applications(account.id)?;
        let credentials = ledger.books().credentials(account.id)?;
        for application in &applications {
            let of_it = |credential: &&Credential| credential.application == Some(application.id);
            let shown = if is_access_key(application) {
                Shown::access_key(application, credentials.iter().find(of_it), now)
            } else {
                Shown::application(application)
            };
            rows.push(shown.row(&account));
        }
        let is_part = |credential: &Credential| {
            applications.iter().any(|found| credential.application == Some(found.id) && is_access_key(found))
        };
        let whole = credentials.iter().filter(|credential| !is_part(credential));
        rows.extend(whole.map(|credential| Shown::credential(credential, now).row(&account)));
    }
    output.list(&COLUMNS, rows, "there are no keys")
}

/// What is shown of a key.
struct Shown<'a> {
    id: KeyId,
    dialect: &'a str,
    kind: &'static str,
    key: Option<&'a str>,
    application: Option<KeyId>,
    name: &'a str,
    status: &'static str,
    /// What it may do, where and until when, if that is said of it.
    credential: Option<&'a Credential>,
    created: Timestamp,
}

impl<'a> Shown<'a> {
    fn application(application: &'a Application) -> Self {
        let kind = match application.flow {
            Flow::Signature => KeyKind::Application,
            Flow::ClientCredentials => KeyKind::Oauth2,
        };
        Self {
            id: KeyId::Application(application.id),
            dialect: &application.dialect,
            kind: kind.word(),
            key: Some(&application.key),
            application: None,
            name: &application.name,
            status: application.status.word(),
            credential: None,
            created: application.created,
        }
    }

    /// An application and its credential as the one key that they are. The credential is forgotten some time after its end.
    fn access_key(application: &'a Application, credential: Option<&'a Credential>, now: Timestamp) -> Self {
        let kind = if application.key.starts_with(SESSION_PREFIX) { KeyKind::Sts } else { KeyKind::AccessKey };
        let standing = credential.map_or(CredentialStatus::Expired, |credential| credential.status_at(now));
        let status = match (application.status, standing) {
            (ApplicationStatus::Active, CredentialStatus::Validated) | (ApplicationStatus::Revoked, _) => {
                application.status.word()
            }
            (ApplicationStatus::Active, ended) => ended.word(),
        };
        Self { kind: kind.word(), status, credential, ..Self::application(application) }
    }

    fn credential(credential: &'a Credential, now: Timestamp) -> Self {
        Self {
            id: KeyId::Credential(credential.id),
            dialect: &credential.dialect,
            kind: if credential.application.is_some() { KeyKind::Consumer.word() } else { "token" },
            key: None,
            application: credential.application.map(KeyId::Application),
            name: &credential.label,
            status: credential.status_at(now).word(),
            credential: Some(credential),
            created: credential.created,
        }
    }

    fn row(&self, account: &Account) -> Row {
        let id = self.id.to_string();
        let credential = self.credential;
        let rules: Vec<_> = credential.into_iter().flat_map(|credential| &credential.rules).map(rule_text).collect();
        let allowed_ips: Vec<_> = credential.into_iter().flat_map(|credential| &credential.allowed_ips).collect();
        let expires = credential.and_then(|credential| credential.expires);
        let last_used = credential.and_then(|credential| credential.last_used);
        Row {
            document: json!({
                "id": id,
                "account": account.code,
                "dialect": self.dialect,
                "kind": self.kind,
                "key": self.key,
                "application": self.application.map(|application| application.to_string()),
                "name": self.name,
                "status": self.status,
                "rules": rules,
                "allowed_ips": allowed_ips,
                "created": self.created.to_string(),
                "expires": expires.map(|expires| expires.to_string()),
                "last_used": last_used.map(|used| used.to_string()),
            }),
            cells: vec![
                id,
                account.code.clone(),
                self.dialect.to_owned(),
                self.kind.to_owned(),
                self.key.unwrap_or_default().to_owned(),
                self.name.to_owned(),
                self.status.to_owned(),
                expires.map_or_else(String::new, minute),
            ],
        }
    }
}

/// A rule as its API writes it: `GET /*`, `read:domains`.
fn rule_text(rule: &AccessRule) -> String {
    let between = if rule.path.starts_with('/') { ' ' } else { ':' };
    format!("{}{between}{}", rule.method, rule.path)
}
