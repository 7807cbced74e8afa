//! What the schema itself refuses of the buyer's rows, and what the audit finds where the schema was got around.

use crate::constraints::Raw;
use crate::intents::one_of_each;
use crate::world::{Postgres, Sqlite, World};

/// Another intent, of which nothing was sent.
fn another(id: &str, service: &str, fence: &str) -> String {
    format!(
        "insert into intents (id, provider, remote_id, kind, name, fence_date, length_period, net_minor, tax_minor, \
         gross_minor, currency, offer_until_date, remarks, token, expires_at, native, made_at, state, tries, \
         claim_number) values ('{id}', 'ovh-work', '{service}', 'domain', '', '{fence}', 'P1Y', 1, 0, 1, 'EUR', \
         '2029-12-31', '', 'x', 0, 'off', 0, 'planned', 0, 0)"
    )
}

/// What must never happen twice.
const TWICE: [(&str, &str, &str); 6] = [
    ("a second open intent", "s-planned", "2027-12-31"),
    ("one beside what may have been sent", "s-paying", "2027-12-31"),
    ("one beside a parked one", "s-parked", "2027-12-31"),
    ("one for a fence that was renewed from", "s-done", "2026-12-31"),
    ("one for a fence that a person settled", "s-word", "2026-12-31"),
    ("one for a fence that somebody else moved", "s-foreign", "2026-12-31"),
];

/// What must never happen, the statement that would do it, and a word of why it is refused.
const REFUSED: [(&str, &str, &str); 50] = [
    ("another id", "update intents set id = 'x' where id = 'planned'", "asks for stays"),
    ("another account", "update intents set provider = 'x' where id = 'planned'", "asks for stays"),
    ("another service", "update intents set remote_id = 'x' where id = 'planned'", "asks for stays"),
    ("another fence", "update intents set fence_date = '2026-01-01' where id = 'planned'", "asks for stays"),
    ("another fence once refused", "update intents set fence_date = '2026-01-01' where id = 'refused'", "stays"),
    ("another token", "update intents set token = 'x' where id = 'planned'", "asks for stays"),
    ("another price", "update intents set gross_minor = 1 where id = 'refused'", "asks for stays"),
    ("another end", "update intents set offer_until_date = '2029-01-01' where id = 'planned'", "asks for stays"),
    ("another time of making", "update intents set made_at = 0 where id = 'planned'", "made anew"),
    ("another time of a refused one", "update intents set made_at = 0 where id = 'refused'", "made anew"),
    ("a done one that goes on", "update intents set state = 'planned' where id = 'done'", "settled once"),
    (
        "a done one that is refused",
        "update intents set state = 'refused', refused_by = 'person', why = '' where id = 'done'",
        "settled once",
    ),
    (
        "a person's word that we take back",
        "update intents set state = 'refused', refused_by = 'us', why = '' where id = 'word'",
        "settled once",
    ),
    ("a person's word that goes on", "update intents set state = 'confirming' where id = 'word'", "settled once"),
    ("a foreign one that goes on", "update intents set state = 'planned' where id = 'foreign'", "settled once"),
    (
        "a foreign one that a person takes back",
        "update intents set state = 'refused', refused_by = 'person', why = '', foreign_until_date = null where id = 'foreign'",
        "settled once",
    ),
    ("a refused one that goes on as sent", "update intents set state = 'ordering' where id = 'refused'", "settled"),
    ("a receipt that changes", "update intents set paid_minor = 1 where id = 'done'", "what settled"),
    ("a receipt that goes", "update intents set receipt_until_date = null where id = 'done'", "what settled"),
    ("a foreign end", "update intents set foreign_until_date = '2028-01-01' where id = 'foreign'", "what settled"),
    ("an order sent at no time", "update intents set sent_at = null where id = 'ordering'", "CHECK"),
    ("a payment sent at no time", "update intents set sent_at = null where id = 'paying'", "CHECK"),
    (
        "an order without a watermark",
        "update intents set watermark_at = null, watermark_orders = null, watermark_balance_minor = null, watermark_balance_currency = null where id = 'ordering'",
        "CHECK",
    ),
    ("half a watermark", "update intents set watermark_orders = null where id = 'parked'", "CHECK"),
    ("a claim that counts down", "update intents set claim_number = 0 where id = 'planned'", "higher number"),
    (
        "a second holder of a claim",
        "update intents set holder = 'x', held_until = 0 where id = 'planned'",
        "higher number",
    ),
    ("a holder for ever", "update intents set holder = 'x', claim_number = 9 where id = 'planned'", "CHECK"),
    ("a deleted intent", "delete from intents where id = 'refused'", "stays on file"),
    ("an edited note", "update intent_notes set note = ''", "never edited"),
    ("a deleted note", "delete from intent_notes", "stays on file"),
    ("a note of another state", "insert into intent_notes values ('done', 9, 0, 'planned', '')", "its intent is in"),
    ("a note of nothing", "insert into intent_notes values ('nobody', 1, 0, 'planned', '')", "its intent is in"),
    ("a second note of a number", "insert into intent_notes values ('done', 1, 0, 'done', '')", "UNIQUE"),
    ("an unknown state", "update intents set state = 'lost' where id = 'planned'", "CHECK"),
    ("an order of nothing ordered", "update intents set state = 'planned' where id = 'ordered'", "CHECK"),
    ("an ordered one without its order", "update intents set state = 'ordered' where id = 'planned'", "CHECK"),
    ("half an order", "update intents set order_services = null where id = 'ordered'", "CHECK"),
    ("a price in no currency", "update intents set order_currency = null where id = 'refused'", "CHECK"),
    ("nobody knows of what", "update intents set sent = null where id = 'unsure'", "CHECK"),
    ("a payment of no order", "update intents set sent = 'payment' where id = 'planned'", "CHECK"),
    ("an order sent that is known", "update intents set sent = 'order' where id = 'parked'", "CHECK"),
    ("nobody knows whose", "update intents set sender = null where id = 'unsure'", "CHECK"),
    ("readings of nothing", "update intents set reads = 1 where id = 'planned'", "CHECK"),
    ("a receipt of nothing paid", "update intents set receipt_order = 'x' where id = 'planned'", "CHECK"),
    ("paid in no currency", "update intents set paid_currency = null where id = 'confirming'", "CHECK"),
    (
        "done without moving",
        "update intents set state = 'done', reads = null, receipt_until_date = fence_date where id = 'confirming'",
        "CHECK",
    ),
    ("refused by nobody", "update intents set refused_by = null where id = 'refused'", "CHECK"),
    ("parked for no reason", "update intents set why = null where id = 'parked'", "CHECK"),
    ("too many tries", "update intents set tries = 256 where id = 'planned'", "CHECK"),
    ("text for a number", "update intents set tries = 'x' where id = 'planned'", "cannot store TEXT"),
];

fn the_schema_refuses<D: Raw>() {
    let mut world = World::<D>::new();
    one_of_each(&mut world);
    let mut others = Vec::new();
    let mut check = |what: &str, statement: &str, why: &str| {
        let (statement, why) = D::own(what, statement, why);
        let refused = world.database.run(statement).expect_err(what);
        if !refused.contains(why) {
            others.push(format!("{what}: {refused}"));
        }
    };
    for (what, service, fence) in TWICE {
        check(what, &another("x", service, fence), "UNIQUE");
    }
    for state in ["ordering", "done", "refused"] {
        check(state, &another("x", "new", "2026-12-31").replace("'planned'", &format!("'{state}'")), "nothing sent");
    }
    check("a renewal that moves nothing", &another("x", "new", "2029-12-31"), "CHECK");
    check("an id twice", &another("refused", "new", "2026-12-31"), "UNIQUE");
    for (what, statement, why) in REFUSED {
        check(what, statement, why);
    }
    assert_eq!(others, Vec::<String>::new(), "are refused for another reason");
    // What was refused, and an expiry that nothing was done about, stand in nobody's way.
    for (id, service, fence) in [("x", "s-refused", "2026-12-31"), ("y", "s-done", "2027-12-31")] {
        assert_eq!(world.database.run(&another(id, service, fence)), Ok(1));
    }
    world.assert_sound();
}

#[test]
fn the_schema_refuses_what_must_never_happen_to_an_intent() {
    the_schema_refuses::<Sqlite>();
}

#[test]
fn the_schema_of_postgres_refuses_the_same_of_intents() {
    the_schema_refuses::<Postgres>();
}

/// What breaks a rule once its guards are gone, and the rule that finds it.
const BREAKS: [(&str, &str); 7] = [
    ("intent-notes", "delete from intent_notes where intent_id = 'done'"),
    ("intent-notes", "update intent_notes set state = 'planned' where intent_id = 'parked'"),
    ("intent-notes", "update intent_notes set number = 7 where intent_id = 'parked'"),
    ("intent-notes", "insert into intent_notes values ('nobody', 1, 0, 'planned', '')"),
    ("intent-evidence", "update intents set sent_at = null where id = 'ordered'"),
    ("intent-evidence", "update intents set sent_at = null where id = 'word'"),
    ("intent-evidence", "update intents set watermark_at = null where id = 'confirming'"),
];

fn the_audit_finds<D: Raw>() {
    for (rule, statement) in BREAKS {
        let mut world = World::<D>::new();
        one_of_each(&mut world);
        world.assert_sound();
        assert!(world.database.run_unguarded(statement).expect(statement) > 0, "{statement}");
        let report = world.books.audit().expect("audits");
        assert!(report.findings.iter().any(|finding| finding.rule == rule), "{statement}: {report:#?}");
        let intents = report.checked.iter().find(|(kind, _)| kind == "intents");
        assert_eq!(intents.map(|(_, rows)| *rows), Some(11));
    }
}

#[test]
fn the_audit_finds_what_happened_to_intents_behind_its_back() {
    the_audit_finds::<Sqlite>();
    the_audit_finds::<Postgres>();
}
