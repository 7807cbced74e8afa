//! `perennial list`: what we rent, the soonest to expire first.

use std::process::ExitCode;

use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use perennial_core::buyer::holding::{Holding, Native, Standing};
use perennial_core::product::Kind;
use perennial_store::HoldingFilter;
use serde_json::{Value, json};

use crate::buyer::{Office, service};
use crate::command::Global;
use crate::command::value::{parse_kind, parse_span};
use crate::output::{self, Column, Row, text};

/// List what you rent, the soonest to expire first
///
/// As it was read last: `sync` reads it anew. NATIVE is whether the provider renews the service by itself.
///
/// --json: a line a service with `version`, `kind` (`holding`), `service` (PROVIDER/ID), `provider`, `id`, `service_kind`, `name`, `label`, `tags`, `parent`,
/// `until`, `expires_at`, `days` (whole ones that are left; negative once it has expired), `native` (on, off, untold),
/// `renewable`, `reason` (null where it is renewable), `period`.
#[derive(Args, Debug)]
pub struct ListArgs {
    /// Expired, or expiring before this span is over, such as P30D or 30d
    #[arg(long, value_name = "SPAN", value_parser = parse_span)]
    expiring: Option<jiff::Span>,
    /// At this account only
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// Of this kind only: server, domain, hosting, instance, addon, ip, support
    #[arg(long, value_parser = parse_kind)]
    kind: Option<Kind>,
}

/// Lists.
///
/// # Errors
/// When there is no such account, or the ledger does not answer.
pub fn run(global: &Global, args: &ListArgs) -> anyhow::Result<ExitCode> {
    const COLUMNS: [Column; 6] =
        [text("SERVICE"), text("KIND"), text("PROVIDER"), text("EXPIRES"), text("NATIVE"), text("STANDING")];
    let office = Office::open_to_read(global)?;
    let names = office.named(args.provider.as_slice())?;
    let now = office.clock().now();
    let today = now.to_zoned(TimeZone::UTC).date();
    let filter = HoldingFilter {
        provider: args.provider.as_ref().and_then(|_| names.first().cloned()),
        until_before: args.expiring.map(|span| today.checked_add(span)).transpose()?,
    };
    let books = office.books()?;
    let mut found = service::all(&*books, &filter)?;
    found.retain(|holding| args.kind.is_none_or(|kind| kind == holding.kind));
    let rows = found.iter().map(|holding| Row { cells: cells(holding, now), document: document(holding, now) });
    global.output().list(&COLUMNS, rows.collect(), "there are no such services")?;
    let syncs = books.syncs()?;
    let unread: Vec<_> =
        names.iter().filter(|name| syncs.iter().all(|sync| sync.provider != **name)).map(ToString::to_string).collect();
    if !unread.is_empty() {
        output::note(&format!("{} has not been read yet\nhint: `perennial sync` reads it", unread.join(", ")));
    }
    Ok(ExitCode::SUCCESS)
}

fn cells(holding: &Holding, now: Timestamp) -> Vec<String> {
    let days = match days(holding, now) {
        0 => "within a day".to_owned(),
        1 => "in 1 day".to_owned(),
        -1 => "1 day ago".to_owned(),
        days if days > 0 => format!("in {days} days"),
        days => format!("{} days ago", -days),
    };
    let called = match &holding.label {
        Some(label) if *label != holding.name => format!("{} ({label})", holding.name),
        _ => holding.name.clone(),
    };
    vec![
        called,
        holding.kind.word().to_owned(),
        holding.key.provider.to_string(),
        format!("{} ({days})", holding.stand.until),
        native(holding.stand.native).to_owned(),
        match &holding.stand.standing {
            Standing::Renewable => "renewable".to_owned(),
            Standing::Blocked(why) => format!("blocked: {why}"),
        },
    ]
}

/// Whether the provider renews by itself, for people.
const fn native(native: Native) -> &'static str {
    match native {
        Native::Untold => "?",
        told => told.word(),
    }
}

/// Whole days until the expiry; where it has passed, since then.
fn days(holding: &Holding, now: Timestamp) -> i64 {
    holding.stand.expires_at.duration_since(now).as_hours() / 24
}

/// A service as JSON.
pub fn document(holding: &Holding, now: Timestamp) -> Value {
    let reason = match &holding.stand.standing {
        Standing::Renewable => None,
        Standing::Blocked(why) => Some(why),
    };
    json!({
        "version": 1,
        "kind": "holding",
        "service": holding.key.to_string(),
        "provider": holding.key.provider.as_str(),
        "id": holding.key.id.as_str(),
        "service_kind": holding.kind.word(),
        "name": holding.name,
        "label": holding.label,
        "tags": holding.tags,
        "parent": holding.parent.as_ref().map(perennial_core::buyer::holding::RemoteId::as_str),
        "until": holding.stand.until.to_string(),
        "expires_at": holding.stand.expires_at.to_string(),
        "days": days(holding, now),
        "native": holding.stand.native.word(),
        "renewable": reason.is_none(),
        "reason": reason,
        "period": holding.period.map(|period| period.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use perennial_core::buyer::holding::{HoldingKey, ProviderName, RemoteId, Stand};

    use super::*;

    #[test]
    fn days_are_whole_and_count_down() {
        let key = HoldingKey {
            provider: ProviderName::parse("ovh").expect("is a name"),
            id: RemoteId::parse("1").expect("is an id"),
        };
        let mut holding = Holding {
            key,
            kind: Kind::Server,
            name: "web".to_owned(),
            label: None,
            tags: Vec::new(),
            parent: None,
            stand: Stand {
                until: jiff::civil::date(2026, 12, 1),
                expires_at: Timestamp::UNIX_EPOCH,
                standing: Standing::Renewable,
                native: Native::Untold,
            },
            period: None,
        };
        let now: Timestamp = "2026-11-30T12:00:00Z".parse().expect("is an instant");
        for (expires_at, shown) in [
            ("2026-12-02T12:00:00Z", "2026-12-01 (in 2 days)"),
            ("2026-12-02T11:59:59Z", "2026-12-01 (in 1 day)"),
            ("2026-12-01T00:00:00Z", "2026-12-01 (within a day)"),
            ("2026-11-29T12:00:00Z", "2026-12-01 (1 day ago)"),
            ("2026-11-20T12:00:00Z", "2026-12-01 (10 days ago)"),
        ] {
            holding.stand.expires_at = expires_at.parse().expect("is an instant");
            assert_eq!(cells(&holding, now), ["web", "server", "ovh", shown, "?", "renewable"]);
        }
    }
}
