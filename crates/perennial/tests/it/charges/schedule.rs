//! Renewals that the schedule pays with cards.

use jiff::ToSpan;
use perennial_core::calendar::Zone;
use perennial_core::ports::Clock;
use perennial_engine::clock::SystemClock;

use super::*;

/// Two services that are paid by themselves today, of two customers.
const DUE: &str = r#"
[[services]]
id = 2001
name = "vps7.example.net"
account = "acme"
product = "vps"
until = DAY
period = "P1M"
mode = "automatic"

[[services]]
id = 2002
name = "vps8.example.net"
account = "globex"
product = "vps"
until = DAY
period = "P1M"
mode = "automatic"
"#;

/// What was told today was told yesterday, today is still to be gone through, and its payments are still to be tried.
const A_DAY_LATER: &str = "
    drop trigger stages_stay;
    update stages set attended_at = attended_at - 86400000000;
    delete from stages where stage = 'payment-3';
    delete from schedule";

#[test]
fn the_schedule_pays_with_a_card_and_tells_who_was_declined_when_it_tries_again() {
    let world = World::on(None, "[schedule]\nenabled = false\n");
    let card = |account, number| {
        let kept = world.stripe.card(&world.customer, number).unwrap();
        world.register(account, &kept, &["--default"])
    };
    card("acme", stripe::PAYS);
    card("globex", stripe::DECLINES);
    // A month is paid three days before it ends, and is tried again on the last one.
    let today = Zone::UTC.date_of(SystemClock.now());
    let file = world.ledger.shop.write("due.toml", &DUE.replace("DAY", &(today + 3.days()).to_string()));
    world.ledger.shop.run(&["import", &file]).done();
    let folder = world.ledger.shop.path("mails");
    std::fs::create_dir(&folder).unwrap();
    world.configure(world.port, "[mail]\nfrom = \"Example Hosting <renewals@example.net>\"\npickup = \"mails\"\n");
    let mails = |count: usize| {
        process::until("are told", || {
            let files = std::fs::read_dir(&folder)?.flatten();
            let texts: Vec<_> = files.filter_map(|file| std::fs::read_to_string(file.path()).ok()).collect();
            Ok((texts.len() == count).then_some(texts))
        })
        .unwrap()
    };
    world.restart();
    mails(2);
    world.ledger.sql(A_DAY_LATER);
    world.restart();

    let told = mails(4);
    let order = |account: &str| {
        let [order] = world.ledger.shop.json(&["order", "list", "--account", account]).try_into().unwrap();
        world.ledger.order(order["id"].as_i64().unwrap())
    };
    let (paid, not_paid) = (order("acme"), order("globex"));
    let charge = |order: &Value| ["state", "reason", "again_on"].map(|field| order["charges"][0][field].clone());
    let last = json!((today + 2.days()).to_string());
    assert_eq!((&paid["state"], charge(&paid)), (&json!("fulfilled"), [json!("settled"), Value::Null, last.clone()]));
    assert_eq!(
        (&not_paid["state"], charge(&not_paid)),
        (&json!("open"), [json!("declined"), json!("declined"), last.clone()])
    );
    assert_eq!(world.moved(), GROSS);
    let again = format!("We try again on {}.", last.as_str().unwrap());
    let says =
        |text: &String| text.contains("ap@globex") && text.contains("could not be paid") && text.contains(&again);
    assert_eq!(told.iter().filter(|text| says(text)).count(), 1, "{told:?}");
    world.ledger.audit();
}
