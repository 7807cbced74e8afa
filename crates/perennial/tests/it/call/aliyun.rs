//! As we call it.

use perennial_core::buyer::holding::{Native, Standing};
use perennial_core::buyer::remote::{CallError, Finding, Funds, Length, OrderEffect, Outcome, Receipt, RemoteOrder};
use perennial_core::calendar::{AnchorDay, parse_date};
use perennial_providers::aliyun::PROVIDER;
use perennial_testkit::{AliyunClient, Sandbox};
use serde_json::{Value, json};

use super::{ask, done, holding, inventory, offer, remote, seconds};
use crate::exchange;

const INSTANCE: &str = "i-bp67acfmxazb4p0001";
const LOCKED: &str = "i-bp67acfmxazb4p0003";

/// What the ledger holds, without the time.
fn ledger(sandbox: &Sandbox) -> Value {
    let mut ledger = sandbox.ledger().unwrap();
    ledger.as_object_mut().unwrap().remove("now");
    ledger
}

/// How many orders there are in all.
fn orders(sandbox: &Sandbox) -> usize {
    ledger(sandbox)["orders"].as_array().unwrap().len()
}

/// The day on which the instance expires.
fn until(sandbox: &Sandbox) -> String {
    let ledger = ledger(sandbox);
    let services = ledger["services"].as_array().unwrap();
    let found = services.iter().find(|service| service["name"] == json!(INSTANCE)).unwrap();
    found["until"].as_str().unwrap().to_owned()
}

fn paid(outcome: Outcome) -> Receipt {
    match outcome {
        Outcome::Paid(receipt) => receipt,
        other => panic!("is not paid: {other:?}"),
    }
}

#[test]
fn the_inventory_has_what_is_paid_ahead_with_its_expiry_in_china() {
    let sandbox = exchange::start();
    let (remote, network) = remote(&sandbox, PROVIDER);
    let habits = remote.habits();
    assert_eq!((habits.ordering, habits.aligns, habits.switches_native), (OrderEffect::PaysOncePerToken, true, true));
    let introduction = done(remote.introduce()).unwrap();
    assert_eq!((introduction.account.as_str(), introduction.lacks.as_slice()), ("access key demo...1111", &[][..]));
    assert!(introduction.ahead.is_some_and(|ahead| ahead.abs() <= seconds(5)), "{introduction:?}");

    network.take();
    let all = inventory(&*remote);
    assert_eq!(network.take().len(), 3, "regions, instances, and what happens at their expiry");
    let shown: Vec<_> = all.iter().map(|each| (each.key.id.as_str(), each.name.as_str(), each.stand.native)).collect();
    assert_eq!(shown, [(INSTANCE, "web-1", Native::On), (LOCKED, "mail-1", Native::On)]);
    assert_eq!(all[0].stand.until, parse_date("2026-12-12").unwrap());
    assert_eq!(all[0].stand.expires_at.to_string(), "2026-12-11T16:00:00Z");
    assert_eq!(all[0].tags, ["acs:region=cn-hangzhou", "env=production", "team=shop"]);
    assert_eq!(all[0].stand.standing, Standing::Renewable);
    assert!(matches!(&all[1].stand.standing, Standing::Blocked(why) if why.contains("security")));
}

#[test]
fn an_offer_is_what_the_renewal_then_costs_and_asking_changes_nothing() {
    let sandbox = exchange::start();
    let (remote, network) = remote(&sandbox, PROVIDER);
    let web = holding(&*remote, INSTANCE);
    let before = ledger(&sandbox);
    let all = done(remote.offers(&web, &[])).unwrap();
    let lengths: Vec<_> = all.iter().map(|offer| offer.length.to_string()).collect();
    let expected = ["P1M", "P2M", "P3M", "P4M", "P5M", "P6M", "P7M", "P8M", "P9M", "P1Y", "P2Y", "P3Y"];
    assert_eq!(lengths, expected);
    let week = Length::Period(perennial_core::calendar::Period::parse("P1W").unwrap());
    assert_eq!(done(remote.offers(&web, &[week])).unwrap(), [], "a week has no price that is told");
    let day = Length::ToDay(AnchorDay::new(5).unwrap());
    assert_eq!(done(remote.offers(&web, &[day])).unwrap(), [], "no day is set");
    let sight = done(remote.look(&web)).unwrap().unwrap();
    assert_eq!((&sight.stand, sight.open_orders.len()), (&web.stand, 0));
    assert_eq!(sight.watermark.balance.map(|balance| balance.to_string()), Some("5000.00 CNY".to_owned()));
    assert_eq!(ledger(&sandbox), before);

    let month = &all[0];
    assert_eq!((month.gross.to_string(), month.until.to_string()), ("190.00 CNY".to_owned(), "2027-01-12".to_owned()));
    assert_eq!(month.discount.map(|off| off.to_string()), Some("50.00 CNY".to_owned()));
    assert_eq!(month.remarks, ["Coupon"]);

    let ask = web.ask(month.clone(), "t-1".to_owned());
    network.take();
    let receipt = paid(done(remote.order(&ask)));
    assert_eq!(network.take().len(), 1, "where it is was known");
    assert_eq!(until(&sandbox), month.until.to_string());
    let again = paid(done(remote.order(&ask)));
    assert_eq!((&again.order, orders(&sandbox)), (&receipt.order, 1), "the token is the same");

    // With the order known, and without.
    let known = RemoteOrder {
        id: receipt.order.clone().unwrap(),
        invoice: None,
        gross: month.gross,
        until: None,
        services: Vec::new(),
    };
    for order in [Some(&known), None] {
        match done(remote.read_back(&ask, &sight.watermark, order)).unwrap() {
            Finding::Paid(found) => {
                assert_eq!(
                    (&found.order, found.paid, found.until),
                    (&receipt.order, Some(month.gross), Some(month.until))
                );
                assert_eq!(found.balance.map(|balance| balance.to_string()), Some("4810.00 CNY".to_owned()));
            }
            other => panic!("{other:?}"),
        }
    }
    let charges = done(remote.charges(sight.watermark.at)).unwrap();
    assert_eq!(charges.len(), 1);
    assert_eq!((Some(&charges[0].order), charges[0].gross), (receipt.order.as_ref(), month.gross));
    assert_eq!(charges[0].services, [INSTANCE]);
    let later = sight.watermark.at + seconds(3600);
    assert_eq!(done(remote.charges(later)).unwrap(), []);
    let funds = done(remote.funds()).unwrap();
    let fund = |kind: &str, minor| Funds {
        kind: kind.to_owned(),
        amount: Some(perennial_core::money::Money::new(minor, perennial_core::money::Currency::CNY)),
    };
    assert_eq!(funds, [fund("balance", 0), fund("credit line", 481_000)]);
    assert!(matches!(done(remote.pay(&ask, &known)), Outcome::Refused(_)), "nothing is left to pay");
}

#[test]
fn what_nobody_answered_is_read_back() {
    let sandbox = exchange::start();
    let (remote, network) = remote(&sandbox, PROVIDER);
    let mut count = 0;
    for fault in ["reply-lost", "request-lost", "server-error"] {
        let web = holding(&*remote, INSTANCE);
        let ask = ask(&*remote, &web, "P1M", &format!("t-{fault}"));
        let sight = done(remote.look(&web)).unwrap().unwrap();
        sandbox.arm(PROVIDER, "renew", fault, 1).unwrap();
        network.take();
        let outcome = done(remote.order(&ask));
        assert!(matches!(outcome, Outcome::Unknown { .. }), "{fault}: {outcome:?}");
        assert_eq!(network.take().len(), 1, "{fault}: nothing is sent twice");
        let finding = done(remote.read_back(&ask, &sight.watermark, None)).unwrap();
        count += usize::from(fault == "reply-lost");
        assert_eq!(orders(&sandbox), count, "{fault}");
        if fault == "reply-lost" {
            let Finding::Paid(receipt) = finding else { panic!("{finding:?}") };
            assert_eq!((receipt.until, receipt.paid), (Some(ask.offer.until), Some(ask.offer.gross)));
            // Sent again under the same token, it is the same renewal.
            assert_eq!(paid(done(remote.order(&ask))).order, receipt.order);
        } else {
            assert_eq!(finding, Finding::Nothing, "{fault}");
            paid(done(remote.order(&ask)));
            count += 1;
        }
        assert_eq!((orders(&sandbox), until(&sandbox)), (count, ask.offer.until.to_string()), "{fault}");
    }
}

#[test]
fn a_read_that_lags_shows_nothing_first_and_the_truth_later() {
    let sandbox = exchange::start();
    let (remote, _) = remote(&sandbox, PROVIDER);
    let web = holding(&*remote, INSTANCE);
    let ask = ask(&*remote, &web, "P3M", "t-1");
    let sight = done(remote.look(&web)).unwrap().unwrap();
    sandbox.arm(PROVIDER, "renew", "reply-lost", 1).unwrap();
    sandbox.arm(PROVIDER, "orders", "not-yet-visible", 1).unwrap();
    sandbox.arm(PROVIDER, "instances", "not-yet-visible", 1).unwrap();
    assert!(matches!(done(remote.order(&ask)), Outcome::Unknown { .. }));
    assert_eq!(done(remote.read_back(&ask, &sight.watermark, None)).unwrap(), Finding::Nothing);
    // The expiry is seen before the order is.
    sandbox.arm(PROVIDER, "orders", "server-error", 5).unwrap();
    let unread = done(remote.read_back(&ask, &sight.watermark, None));
    assert!(matches!(unread, Err(CallError::Unreachable { .. })), "half a reading is none: {unread:?}");
    let found = done(remote.read_back(&ask, &sight.watermark, None)).unwrap();
    assert!(matches!(&found, Finding::Paid(receipt) if receipt.until == Some(ask.offer.until)), "{found:?}");
}

#[test]
fn who_comes_too_often_has_sent_nothing() {
    let sandbox = exchange::start();
    let (remote, network) = remote(&sandbox, PROVIDER);
    let web = holding(&*remote, INSTANCE);
    let ask = ask(&*remote, &web, "P1M", "t-1");
    sandbox.arm(PROVIDER, "renew", "rate-limited", 1).unwrap();
    match done(remote.order(&ask)) {
        Outcome::NeverSent { retry_after, .. } => assert_eq!(retry_after, Some(seconds(1))),
        other => panic!("{other:?}"),
    }
    assert_eq!(orders(&sandbox), 0);
    network.take();
    sandbox.arm(PROVIDER, "renewal-price", "rate-limited", 2).unwrap();
    offer(&*remote, &web, "P1M").unwrap();
    assert_eq!(network.take().len(), 3, "a read waits and asks again");
}

#[test]
fn a_token_says_which_renewal_it_is() {
    let sandbox = exchange::start();
    let (remote, _) = remote(&sandbox, PROVIDER);
    let web = holding(&*remote, INSTANCE);
    let first = ask(&*remote, &web, "P1M", "t-1");
    let sight = done(remote.look(&web)).unwrap().unwrap();
    paid(done(remote.order(&first)));
    let other = ask(&*remote, &web, "P2M", "t-1");
    let outcome = done(remote.order(&other));
    assert!(matches!(outcome, Outcome::Unknown { .. }), "something was sent under this token: {outcome:?}");
    let found = done(remote.read_back(&other, &sight.watermark, None)).unwrap();
    assert!(matches!(found, Finding::Ambiguous(_)), "an order of the instance for another period: {found:?}");
    assert_eq!(orders(&sandbox), 1);
}

#[test]
fn what_the_provider_will_not_do_is_refused_in_its_words() {
    let sandbox = exchange::start();
    let (remote, _) = remote(&sandbox, PROVIDER);
    let web = holding(&*remote, INSTANCE);
    let ask_web = ask(&*remote, &web, "P1M", "t-1");
    let locked = holding(&*remote, LOCKED);
    assert!(matches!(offer(&*remote, &locked, "P1M"), Err(CallError::Refused { .. })));
    match done(remote.order(&locked.ask(ask_web.offer.clone(), "t-2".to_owned()))) {
        Outcome::Refused(said) => {
            assert_eq!((said.status, said.code.as_deref()), (403, Some("InstanceLockedForSecurity")));
        }
        other => panic!("{other:?}"),
    }
    let wrong = {
        let mut wrong = perennial_providers::call::Credentials::default();
        wrong.set("access_key_id", "demoAliyunKey11111111111");
        wrong.set("access_key_secret", "hunter2");
        wrong
    };
    let (stranger, _) = super::remote_as(&sandbox, PROVIDER, wrong);
    match done(stranger.order(&ask_web)) {
        Outcome::Refused(said) => {
            assert_eq!(said.code.as_deref(), Some("SignatureDoesNotMatch"));
            assert!(!said.to_string().contains("hunter2"));
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(done(stranger.introduce()), Err(CallError::Refused { .. })));
    assert_eq!(orders(&sandbox), 0);
}

#[test]
fn an_instance_is_drawn_to_the_accounts_day_and_its_automatic_renewal_switched_off() {
    let sandbox = exchange::start();
    let (remote, _) = remote(&sandbox, PROVIDER);
    let mut client = AliyunClient::of(&sandbox).unwrap();
    let answer = client.billing("SetAllExpirationDay", &[("UnifyExpireDay", "5")]).unwrap();
    assert_eq!(answer.status, 200);
    let automatic = [("RegionId", "cn-hangzhou"), ("InstanceId", INSTANCE), ("RenewalStatus", "AutoRenewal")];
    let answer = client
        .call(
            "ModifyInstanceAutoRenewAttribute",
            &[&automatic[..], &[("Duration", "3"), ("PeriodUnit", "Month")]].concat(),
        )
        .unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let web = holding(&*remote, INSTANCE);
    assert_eq!((web.stand.native, web.period.map(|period| period.to_string())), (Native::On, Some("P3M".to_owned())));
    for _ in 0..2 {
        done(remote.switch_native_off(&web)).unwrap();
    }
    let sight = done(remote.look(&web)).unwrap().unwrap();
    assert_eq!(sight.stand.native, Native::Off);

    let length = Length::ToDay(AnchorDay::new(5).unwrap());
    let offer = done(remote.offers(&web, &[length])).unwrap().remove(0);
    // A month to 12 January, and 24 days of a thirtieth each; a coupon off.
    assert_eq!((offer.until.to_string(), offer.gross.to_string()), ("2027-02-05".to_owned(), "382.00 CNY".to_owned()));
    let ask = web.ask(offer, "t-1".to_owned());
    sandbox.arm(PROVIDER, "renew", "reply-lost", 1).unwrap();
    assert!(matches!(done(remote.order(&ask)), Outcome::Unknown { .. }));
    let found = done(remote.read_back(&ask, &sight.watermark, None)).unwrap();
    assert!(matches!(&found, Finding::Paid(receipt) if receipt.paid == Some(ask.offer.gross)), "{found:?}");
    assert_eq!(until(&sandbox), "2027-02-05");
}

#[test]
fn an_expired_instance_is_renewed_from_its_old_expiry_and_one_that_is_gone_is_gone() {
    // Nobody renews it.
    let sandbox = exchange::start();
    let (remote, _) = remote(&sandbox, PROVIDER);
    let web = holding(&*remote, INSTANCE);
    sandbox.advance("P25D").unwrap();
    let sight = done(remote.look(&web)).unwrap().unwrap();
    assert_eq!((&sight.stand.standing, sight.stand.until), (&Standing::Renewable, web.stand.until));
    let ask = ask(&*remote, &web, "P1M", "t-1");
    paid(done(remote.order(&ask)));
    assert_eq!(until(&sandbox), "2027-01-12");
    sandbox.advance("P90D").unwrap();
    assert_eq!(done(remote.look(&web)).unwrap(), None);
}
