//! Against `localstripe`: every way a charge can go, and every call of it lost once.

use perennial_testkit::proxy::{Fate, Proxy};
use perennial_testkit::stripe::{CONFIRMS, DECLINES, IBAN_FAILS, IBAN_PAYS, LocalStripe, PAYS};

use super::*;
use crate::buyer::http::{Limits, Network, Trust};

/// How often a charge is looked at before a test gives up.
const LOOKS: usize = 200;

fn stripe_at(url: String, key: &str) -> Stripe {
    // Another test may have done it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let network = Network::open(Trust::Nobody, Limits::default()).expect("opens");
    Stripe::new(Arc::new(network), url, key.into())
}

fn stripe(fake: &LocalStripe) -> Stripe {
    stripe_at(fake.url(), LocalStripe::KEY)
}

fn local() -> (LocalStripe, String) {
    let fake = LocalStripe::start().expect("starts");
    let customer = fake.customer().expect("makes a customer");
    (fake, customer)
}

/// Asks until it is told what became of a charge, as the cashier does: the first reference that is known is the one.
async fn settle(
    stripe: &Stripe,
    charge: &Charge,
    method: &OnGateway,
    collected: Option<&str>,
) -> (String, ChargeOutcome) {
    let mut reference = None;
    for _ in 0..LOOKS {
        let Some(on_file) = &reference else {
            match stripe.prepare(charge, method, collected).await {
                Ok(Prepared::As(made)) => reference = Some(made),
                Ok(Prepared::Never(outcome)) => return (String::new(), outcome),
                Err(_) => {}
            }
            continue;
        };
        match stripe.carry_out(charge, on_file).await {
            Ok(Some(outcome)) => return (on_file.clone(), outcome),
            Ok(None) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            Err(_) => {}
        }
    }
    panic!("nothing is known of the charge after {LOOKS} looks");
}

fn statuses(fake: &LocalStripe) -> Vec<String> {
    let intents = fake.intents().expect("lists");
    intents.iter().map(|intent| intent["status"].as_str().expect("is a status").to_owned()).collect()
}

#[tokio::test]
async fn a_card_pays_once_and_is_paid_back_once_however_often_it_is_asked() {
    let (fake, customer) = local();
    let stripe = stripe(&fake);
    let method = on_file(&customer, &fake.card(&customer, PAYS).expect("registers"));
    let collect = charge(Direction::Collect);
    let (reference, outcome) = settle(&stripe, &collect, &method, None).await;
    assert_eq!((outcome, fake.moved().expect("lists")), (MOVED, 1_200));
    for _ in 0..3 {
        assert_eq!(told(stripe.carry_out(&collect, &reference).await), "Some(Moved)");
    }
    assert_eq!((statuses(&fake), fake.moved().expect("lists")), (vec!["succeeded".to_owned()], 1_200));
    let refund = Charge { id: ChargeId(8), ..charge(Direction::Refund) };
    let (again, outcome) = settle(&stripe, &refund, &method, Some(&reference)).await;
    assert_eq!((again, outcome, fake.moved().expect("lists")), (reference.clone(), MOVED, 0));
    assert_eq!(told(stripe.carry_out(&refund, &reference).await), "Some(Moved)");
    assert_eq!((fake.refunds().expect("lists").len(), fake.moved().expect("lists")), (1, 0));
}

#[tokio::test]
async fn what_did_not_pay_is_told_with_its_reason_and_never_pays_later() {
    let (fake, customer) = local();
    let stripe = stripe(&fake);
    for (number, decline) in [(DECLINES, Decline::Declined), (CONFIRMS, Decline::Confirmation)] {
        let method = on_file(&customer, &fake.card(&customer, number).expect("registers"));
        let (_, outcome) = settle(&stripe, &charge(Direction::Collect), &method, None).await;
        assert_eq!(outcome, ChargeOutcome::Declined(decline), "{number}");
    }
    assert_eq!((statuses(&fake), fake.moved().expect("lists")), (vec!["canceled".to_owned(); 2], 0));
}

#[tokio::test]
async fn a_bank_account_is_debited_and_what_is_under_way_is_waited_for() {
    let (fake, customer) = local();
    let stripe = stripe(&fake);
    let pays = on_file(&customer, &fake.bank_account(&customer, IBAN_PAYS).expect("registers"));
    let (_, outcome) = settle(&stripe, &charge(Direction::Collect), &pays, None).await;
    assert_eq!((outcome, fake.moved().expect("lists")), (MOVED, 1_200));
    let fails = on_file(&customer, &fake.bank_account(&customer, IBAN_FAILS).expect("registers"));
    let later = Charge { id: ChargeId(8), ..charge(Direction::Collect) };
    let prepared = stripe.prepare(&later, &fails, None).await.expect("prepares");
    let Prepared::As(reference) = prepared else { panic!("{prepared:?}") };
    assert_eq!(told(stripe.carry_out(&later, &reference).await), "None", "it is under way");
    let mut seen = told(stripe.carry_out(&later, &reference).await);
    for _ in 0..LOOKS {
        if seen != "None" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        seen = told(stripe.carry_out(&later, &reference).await);
    }
    assert_eq!((seen, fake.moved().expect("lists")), (declined(Decline::Declined), 1_200));
}

#[tokio::test]
async fn a_method_of_another_customer_or_of_nobody_is_not_there() {
    let (fake, customer) = local();
    let stripe = stripe(&fake);
    let card = fake.card(&customer, PAYS).expect("registers");
    let own = on_file(&customer, &card);
    let kept = r#"Some(Kept { kind: Card, label: "visa **** 4242", expires: Some(2035-12-31) })"#;
    assert_eq!(told(stripe.kept(&own).await), kept);
    let stranger = fake.customer().expect("makes a customer");
    let never = "Never(Declined(Gone))";
    for foreign in [on_file(&stranger, &card), on_file(&customer, "pm_nothing")] {
        assert_eq!(told(stripe.kept(&foreign).await), "None");
        assert_eq!(told(stripe.prepare(&charge(Direction::Collect), &foreign, None).await), never);
    }
    fake.detach(&card).expect("takes it away");
    assert_eq!(told(stripe.kept(&own).await), "None");
    assert_eq!(told(stripe.prepare(&charge(Direction::Collect), &own, None).await), never);
    assert_eq!(statuses(&fake), Vec::<String>::new());
}

#[tokio::test]
async fn a_wrong_key_is_told_from_an_address_where_nobody_is() {
    let (fake, customer) = local();
    let card = on_file(&customer, &fake.card(&customer, PAYS).expect("registers"));
    assert_eq!(told(stripe_at(fake.url(), "hunter2").kept(&card).await), "barred");
    let url = fake.url();
    drop(fake);
    assert_eq!(told(stripe_at(url, LocalStripe::KEY).kept(&card).await), "silent");
}

#[tokio::test]
async fn money_given_back_by_hand_is_not_given_back_again() {
    let (fake, customer) = local();
    let stripe = stripe(&fake);
    let method = on_file(&customer, &fake.card(&customer, PAYS).expect("registers"));
    let (reference, _) = settle(&stripe, &charge(Direction::Collect), &method, None).await;
    fake.refund(&reference).expect("gives back");
    let refund = Charge { id: ChargeId(8), ..charge(Direction::Refund) };
    let (_, outcome) = settle(&stripe, &refund, &method, Some(&reference)).await;
    assert_eq!((outcome, fake.refunds().expect("lists").len(), fake.moved().expect("lists")), (MOVED, 1, 0));
}

/// Loses each call of a charge's life once, on its way there and on its way back, and looks what came of it.
async fn losing_each_call(number: &str, direction: Direction, expected: ChargeOutcome, moves: i64) {
    let (fake, customer) = local();
    let direct = stripe(&fake);
    let method = on_file(&customer, &fake.card(&customer, number).expect("registers"));
    let mut ids = (1..).map(ChargeId);
    for fate in [Fate::Lose, Fate::Cut(0), Fate::Cut(40)] {
        for lost in 0.. {
            let mut next = |direction| Charge { id: ids.next().expect("has no end"), ..charge(direction) };
            let mut collected = None;
            if direction == Direction::Refund {
                collected = Some(settle(&direct, &next(Direction::Collect), &method, None).await.0);
            }
            let before = fake.moved().expect("lists");
            let proxy = Proxy::before(fake.address()).expect("listens");
            proxy.rule(move |passing| if passing.number == lost { fate } else { Fate::Pass });
            let stripe = stripe_at(format!("http://{}", proxy.address()), LocalStripe::KEY);
            let (_, outcome) = settle(&stripe, &next(direction), &method, collected.as_deref()).await;
            assert_eq!(outcome == MOVED, expected == MOVED, "{fate:?} {lost}");
            assert_eq!(fake.moved().expect("lists") - before, moves, "{fate:?} {lost}");
            if proxy.passed().len() <= lost {
                assert_eq!((outcome, lost > 2), (expected, true), "nothing was lost");
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_card_pays_once_whichever_call_is_lost() {
    losing_each_call(PAYS, Direction::Collect, MOVED, 1_200).await;
}

#[tokio::test]
async fn a_card_that_is_declined_pays_nothing_whichever_call_is_lost() {
    losing_each_call(DECLINES, Direction::Collect, ChargeOutcome::Declined(Decline::Declined), 0).await;
    losing_each_call(CONFIRMS, Direction::Collect, ChargeOutcome::Declined(Decline::Confirmation), 0).await;
}

#[tokio::test]
async fn a_card_is_paid_back_once_whichever_call_is_lost() {
    losing_each_call(PAYS, Direction::Refund, MOVED, -1_200).await;
}
