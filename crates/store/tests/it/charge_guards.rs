//! What the schema refuses of charges, and what the audit finds where the schema was got around.

use perennial_core::charge::{Charge, ChargeState};
use perennial_core::ids::{ChargeId, OrderId};
use perennial_core::service::Service;
use perennial_core::snapshot::Change;
use perennial_store::StoreError;

use crate::charges::{card, charged, declined, last_charge, lock, moved, note, refunded};
use crate::constraints::Raw;
use crate::world::{CUSTOMER, DOMAIN, Database, HOSTING, Postgres, SERVER, STACKING, Sqlite, World};

/// A world with charges 1 (settled, of order 1), 2 (its refund, settled), 3 (declined, of order 2), 4 (open, of order 2),
/// 5 (credited, of order 3, which is withdrawn) and 6 (settled, of order 4, which is not given back) with a refund that is
/// open, 7. Order 5 is open and has none.
fn of_every_kind<D: Database>() -> World<D> {
    let mut whole = World::<D>::new();
    let world = &mut whole;
    let card = card(world);
    let place = |world: &mut World<D>, service, period| -> OrderId { world.place(&[service], period).id };
    let first = place(world, STACKING, "P1M");
    let charge = charged(world, first, card);
    note(world, &charge, "pi_1");
    moved(world, &charge);
    let refund = refunded(world, first);
    moved(world, &refund);
    let second = place(world, HOSTING, "P1Y");
    let charge = charged(world, second, card);
    declined(world, &charge);
    let charge = charged(world, second, card);
    note(world, &charge, "pi_4");
    let third = place(world, DOMAIN, "P1Y");
    let charge = charged(world, third, card);
    let unlocked = world.service(CUSTOMER, DOMAIN).hold;
    lock(world, DOMAIN);
    moved(world, &charge);
    let service = Service { hold: unlocked, ..world.service(CUSTOMER, DOMAIN) };
    world.written(&[Change::SetService(service)]).expect("is written");
    let fourth = place(world, STACKING, "P1M");
    let charge = charged(world, fourth, card);
    moved(world, &charge);
    refunded(world, fourth);
    place(world, SERVER, "P1M");
    world.assert_sound();
    whole
}

/// What must never happen, the statement that would do it, and a word of why it is refused. (The card is method 1235.)
const REFUSED: [(&str, &str, &str); 33] = [
    (
        "a second open charge",
        "insert into charges values (9, 1, 2, 1235, 'collect', 1, 0, 'EUR', 'customer', null, 0, null, 'open', null, null, null, null, 0, 0)",
        "UNIQUE",
    ),
    (
        "an id given twice",
        "insert into charges values (4, 1, 5, 1235, 'collect', 1, 0, 'EUR', 'customer', null, 0, null, 'open', null, null, null, null, 0, 0)",
        "UNIQUE",
    ),
    (
        "a charge that starts settled",
        "insert into charges values (9, 1, 5, 1235, 'collect', 1, 0, 'EUR', 'customer', null, 0, null, 'settled', 0, null, null, null, 0, 0)",
        "starts open",
    ),
    (
        "a charge of another's order",
        "insert into methods (id, account_id, kind, label, status, preference, created_at) values (9, 2, 'card', 'x', 'valid', 'other', 0); insert into charges values (9, 2, 5, 9, 'collect', 1, 0, 'EUR', 'customer', null, 0, null, 'open', null, null, null, null, 0, 0)",
        "open order of the account",
    ),
    (
        "a charge of no order",
        "insert into charges values (9, 1, 99, 1235, 'collect', 1, 0, 'EUR', 'customer', null, 0, null, 'open', null, null, null, null, 0, 0)",
        "open order of the account",
    ),
    (
        "a charge with no method",
        "insert into charges values (9, 1, 5, 99, 'collect', 1, 0, 'EUR', 'customer', null, 0, null, 'open', null, null, null, null, 0, 0)",
        "open order of the account",
    ),
    (
        "a charge in another currency",
        "insert into charges values (9, 1, 5, 1235, 'collect', 1, 0, 'SEK', 'customer', null, 0, null, 'open', null, null, null, null, 0, 0)",
        "open order of the account",
    ),
    (
        "a charge for a paid order",
        "insert into charges values (9, 1, 1, 1235, 'collect', 1, 0, 'EUR', 'customer', null, 0, null, 'open', null, null, null, null, 0, 0)",
        "open order of the account",
    ),
    (
        "a refund of an open order",
        "insert into charges values (9, 1, 5, 1235, 'refund', 1, 0, 'EUR', 'customer', null, 0, null, 'open', null, null, null, null, 0, 0)",
        "gives back",
    ),
    (
        "a charge of nothing",
        "insert into charges values (9, 1, 5, 1235, 'collect', 0, 0, 'EUR', 'customer', null, 0, null, 'open', null, null, null, null, 0, 0)",
        "CHECK",
    ),
    (
        "less than nothing from the balance",
        "insert into charges values (9, 1, 5, 1235, 'collect', 1, -1, 'EUR', 'customer', null, 0, null, 'open', null, null, null, null, 0, 0)",
        "CHECK",
    ),
    (
        "money that goes nowhere",
        "insert into charges values (9, 1, 1, 1235, 'x', 1, 0, 'EUR', 'customer', null, 0, null, 'open', null, null, null, null, 0, 0)",
        "CHECK",
    ),
    ("a charge settled at no time", "update charges set state = 'settled' where id = 4", "CHECK"),
    ("an open charge that is settled", "update charges set settled_at = 0 where id = 4", "CHECK"),
    ("a decline without a reason", "update charges set state = 'declined', settled_at = 0 where id = 4", "CHECK"),
    ("a reason of none", "update charges set decline = 'declined' where id = 4", "CHECK"),
    ("a refund on the balance", "update charges set state = 'credited', settled_at = 0 where id = 7", "CHECK"),
    ("an unknown state", "update charges set state = 'x', settled_at = 0 where id = 4", "CHECK"),
    (
        "a charge settled twice",
        "update charges set state = 'declined', decline = 'declined' where id = 1",
        "settled once",
    ),
    ("a charge opened again", "update charges set state = 'open', settled_at = null where id = 1", "settled once"),
    ("another reason", "update charges set decline = 'expired' where id = 3", "settled once"),
    ("a late reference", "update charges set reference = 'pi_3' where id = 3", "settled once"),
    ("another reference", "update charges set reference = 'pi_9' where id = 4", "one reference"),
    ("a reference that is taken away", "update charges set reference = null where id = 4", "one reference"),
    ("an empty reference", "update charges set reference = '' where id = 7", "CHECK"),
    ("another amount", "update charges set amount_minor = 1 where id = 4", "stays"),
    ("another order", "update charges set order_id = 5 where id = 4", "stays"),
    ("a deleted charge", "delete from charges where id = 4", "stays"),
    ("half a claim", "update charges set claimed_by = 'x' where id = 4", "CHECK"),
    ("a claim on what is settled", "update charges set claimed_by = 'x', claimed_until = 0 where id = 1", "CHECK"),
    ("a charge tried less than never", "update charges set tries = -1 where id = 4", "CHECK"),
    ("a method half on a gateway", "update methods set gateway_method = 'x' where id = 1234", "CHECK"),
    (
        "an order that is given back twice",
        "insert into charges values (10, 1, 1, 1235, 'refund', 1, 0, 'EUR', 'customer', null, 0, null, 'open', null, null, null, null, 0, 0); update charges set state = 'settled', settled_at = 0 where id = 10",
        "UNIQUE",
    ),
];

fn the_schema_refuses<D: Raw>() {
    let world = of_every_kind::<D>();
    for (what, statement, why) in REFUSED {
        let (statement, why) = D::own(what, statement, why);
        let refused = world.database.run(statement).expect_err(what);
        assert!(refused.contains(why), "{what}: {refused}");
    }
    world.assert_sound();
}

#[test]
fn the_schema_refuses_charges_that_cannot_be() {
    the_schema_refuses::<Sqlite>();
}

#[test]
fn the_schema_of_postgres_refuses_charges_that_cannot_be() {
    the_schema_refuses::<Postgres>();
}

/// By way of the store: what is not open is neither opened nor set again.
fn the_store_refuses<D: Database>() {
    let mut world = of_every_kind::<D>();
    let settled = last_charge(&world, OrderId(1));
    let open = last_charge(&world, OrderId(2));
    let next = Charge { id: ChargeId(8), state: ChargeState::Open, ..open.clone() };
    for bad in [
        Change::OpenCharge(settled.clone()),
        Change::OpenCharge(next.clone()),
        Change::OpenCharge(Charge { order: OrderId(1), ..next.clone() }),
        Change::SetCharge(Charge { state: ChargeState::Credited(world.now), ..settled }),
        Change::SetCharge(Charge { reference: None, ..open }),
        Change::SetCharge(next),
    ] {
        let refused = world.written(std::slice::from_ref(&bad));
        assert!(matches!(refused, Err(StoreError::Constraint { .. })), "{bad:?}: {refused:?}");
    }
    world.assert_sound();
}

#[test]
fn the_store_refuses_charges_that_cannot_be() {
    the_store_refuses::<Sqlite>();
    the_store_refuses::<Postgres>();
}

/// What breaks a rule once its guards are gone, and the rule that finds it.
const BREAKS: [(&str, &str); 16] = [
    ("open-charges", "update charges set order_id = 1 where id = 4"),
    ("open-charges", "update charges set account_id = 2 where id = 4"),
    ("open-charges", "update charges set amount_minor = 1 where id = 4"),
    ("open-charges", "update charges set direction = 'refund' where id = 4"),
    ("open-charges", "update orders set state = 'cancelled', settled_at = 0 where id = 2"),
    ("settled-charges", "update charges set amount_minor = 1 where id = 1"),
    ("settled-charges", "update charges set method_id = 1234 where id = 1"),
    ("settled-charges", "delete from payments where order_id = 1"),
    ("settled-charges", "delete from transfers where order_id = 3"),
    ("order-bookings", "update charges set state = 'declined', decline = 'declined' where id = 5"),
    ("settled-charges", "update charges set state = 'credited' where id = 6"),
    ("settled-charges", "update charges set state = 'declined', decline = 'declined' where id = 6"),
    ("settled-charges", "update charges set amount_minor = 1 where id = 2"),
    ("settled-charges", "update charges set state = 'declined', decline = 'declined' where id = 2"),
    ("settled-charges", "update transfers set credit = 'collected-paypal' where credit = 'collected-card'"),
    ("settled-charges", "insert into transfers values (999, 1, 'tax', 'adjustment', 1, 'EUR', 4, 0, null, null, null)"),
];

fn the_audit_finds<D: Raw>() {
    for (rule, statement) in BREAKS {
        let world = of_every_kind::<D>();
        assert!(world.database.run_unguarded(statement).expect(statement) > 0, "{statement}");
        let report = world.books.audit().expect("audits");
        assert!(report.findings.iter().any(|finding| finding.rule == rule), "{statement}: {report:#?}");
        let count = |kind| report.checked.iter().find(|(known, _)| known == kind).map(|(_, rows)| *rows);
        assert_eq!(count("charges"), Some(7));
    }
}

#[test]
fn the_audit_finds_what_happened_to_charges_behind_its_back() {
    the_audit_finds::<Sqlite>();
    the_audit_finds::<Postgres>();
}

#[test]
fn the_audit_tells_how_many_charges_are_open() {
    let report = of_every_kind::<Sqlite>().books.audit().expect("audits");
    assert!(report.checked.contains(&("open charges".to_owned(), 2)), "{:?}", report.checked);
}
