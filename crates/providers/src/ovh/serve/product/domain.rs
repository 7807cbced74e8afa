//! Domain names. Facts: `whoisOwner`, `offer`, `dnssecState`, `nameServerType`, `nameServers`, `transferLockStatus`.

use perennial_core::product::Kind;
use perennial_core::service::{Hold, Lifecycle, RenewalMode};

use super::super::context::{Answer, Context};
use super::super::found::{Found, Standing};
use super::facts::Facts;
use super::{load_named, names_where};
use crate::ovh::wire::error::Failure;
use crate::ovh::wire::product::{
    ContactSummary, Domain, DomainRenewalState, DomainState, DomainSuspensionState, NameServer,
};

/// The names, all of them or those that one owner has in the register.
pub(super) fn names(context: &Context<'_>) -> Result<Answer, Failure> {
    let owner = context.query.text("whoisOwner");
    names_where(context, Kind::Domain, |found| owner.is_none_or(|owner| whois_owner(found) == owner))
}

pub(super) fn one(context: &Context<'_>) -> Result<Answer, Failure> {
    let (seen, id) = load_named(context, Kind::Domain)?;
    Answer::json(&shown(&Found::of(context, &seen, id)?)?)
}

fn shown(found: &Found<'_>) -> Result<Domain, Failure> {
    let facts = Facts::of(found.service);
    let contact = || ContactSummary { id: found.account.code.clone() };
    let expiry = found.midnight(found.service.until)?;
    let suspended =
        matches!(found.life, Lifecycle::Suspended | Lifecycle::Redemption) || found.service.hold == Hold::Locked;
    Ok(Domain {
        contact_admin: contact(),
        contact_billing: contact(),
        contact_owner: contact(),
        contact_tech: contact(),
        dnssec_state: facts.text("dnssecState", "disabled"),
        dnssec_supported: true,
        domain: found.service.name.clone(),
        expiration_date: expiry,
        glue_record_ipv6_supported: true,
        glue_record_multi_ip_supported: true,
        host_supported: true,
        iam: None,
        // When a service last changed is not kept.
        last_update: found.midnight(found.service.created)?,
        name_server_type: facts.text("nameServerType", "hosted"),
        name_servers: name_servers(&facts),
        offer: facts.text("offer", "gold"),
        owo_supported: false,
        parent_service: None,
        renewal_date: expiry,
        renewal_state: renewal_state(found.standing(), found.service.mode),
        service_id: found.service.id.0,
        state: state(found.standing(), found.life, found.service.hold),
        suspension_state: if suspended {
            DomainSuspensionState::Suspended
        } else {
            DomainSuspensionState::NotSuspended
        },
        transfer_lock_status: facts.text("transferLockStatus", "locked"),
        whois_owner: whois_owner(found),
    })
}

fn whois_owner(found: &Found<'_>) -> String {
    Facts::of(found.service).text("whoisOwner", &found.account.code)
}

fn name_servers(facts: &Facts<'_>) -> Vec<NameServer> {
    let kind = facts.text("nameServerType", "hosted");
    let servers = facts.list("nameServers").into_iter().zip(1..);
    servers
        .map(|(name_server, id)| NameServer { id, ipv4: None, ipv6: None, name_server, name_server_type: kind.clone() })
        .collect()
}

const fn renewal_state(standing: Standing, mode: RenewalMode) -> DomainRenewalState {
    match (standing, mode) {
        (_, RenewalMode::DeleteAtExpiry) => DomainRenewalState::CancellationRequested,
        (Standing::Unpaid, _) => DomainRenewalState::Unpaid,
        (_, RenewalMode::Automatic) => DomainRenewalState::AutomaticRenew,
        (_, RenewalMode::Manual) => DomainRenewalState::ManualRenew,
    }
}

/// After the days of grace a domain can be had back for a while, with or without a fee: it is restorable, unless its
/// reseller suspended it.
const fn state(standing: Standing, life: Lifecycle, hold: Hold) -> DomainState {
    match (hold, life, standing) {
        (Hold::Locked | Hold::Suspended, ..) => DomainState::TechnicalSuspended,
        (_, Lifecycle::Suspended | Lifecycle::Redemption, _) => DomainState::Restorable,
        (.., Standing::Lapsed) => DomainState::Expired,
        (.., Standing::RenewalPlaced) => DomainState::AutorenewInProgress,
        (.., Standing::Paid | Standing::Unpaid) => DomainState::Ok,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_says_how_it_renews() {
        for (standing, mode, shown) in [
            (Standing::Paid, RenewalMode::Automatic, DomainRenewalState::AutomaticRenew),
            (Standing::Lapsed, RenewalMode::Manual, DomainRenewalState::ManualRenew),
            (Standing::Unpaid, RenewalMode::Automatic, DomainRenewalState::Unpaid),
            (Standing::Unpaid, RenewalMode::DeleteAtExpiry, DomainRenewalState::CancellationRequested),
        ] {
            assert_eq!(renewal_state(standing, mode), shown);
        }
    }

    #[test]
    fn a_domain_says_where_it_is_in_its_life() {
        for (standing, life, hold, shown) in [
            (Standing::Paid, Lifecycle::Active, Hold::None, DomainState::Ok),
            (Standing::Unpaid, Lifecycle::Active, Hold::None, DomainState::Ok),
            (Standing::RenewalPlaced, Lifecycle::Active, Hold::None, DomainState::AutorenewInProgress),
            (Standing::Lapsed, Lifecycle::Expired, Hold::None, DomainState::Expired),
            (Standing::Lapsed, Lifecycle::Suspended, Hold::None, DomainState::Restorable),
            (Standing::Lapsed, Lifecycle::Redemption, Hold::None, DomainState::Restorable),
            (Standing::Lapsed, Lifecycle::Suspended, Hold::Suspended, DomainState::TechnicalSuspended),
            (Standing::Paid, Lifecycle::Active, Hold::Locked, DomainState::TechnicalSuspended),
        ] {
            assert_eq!(state(standing, life, hold), shown, "{life:?} {hold:?}");
        }
    }
}
