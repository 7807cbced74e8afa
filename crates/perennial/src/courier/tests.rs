use std::collections::BTreeSet;

use perennial_core::account::{Standing, TaxTreatment};
use perennial_core::calendar::Zone;
use perennial_core::ids::{AccountId, ServiceId};
use perennial_core::money::{Currency, Money};
use perennial_core::notice::{NoticeKind, Unpaid};

use super::facts::Facts;
use super::texts::{Text, language_of};
use super::*;

fn account(language: Option<&str>) -> Account {
    Account {
        id: AccountId(1),
        code: "a".to_owned(),
        name: "Zoë".to_owned(),
        email: "zoe@example.net".to_owned(),
        country: "FR".to_owned(),
        vat_number: None,
        currency: Currency::EUR,
        tax: TaxTreatment::Exempt,
        zone: Zone::UTC,
        credit_limit: Money::zero(Currency::EUR),
        standing: Standing::Customer,
        page_password: None,
        joint_orders: false,
        align_day: None,
        facts: language.map(|language| ("language".to_owned(), language.to_owned())).into_iter().collect(),
        created: at(),
    }
}

fn at() -> jiff::Timestamp {
    "2026-11-22T08:00:00Z".parse().expect("is an instant")
}

fn notice() -> Notice {
    let (service, name, token) = (ServiceId(1), "vps1".to_owned(), "the-token".to_owned());
    Notice { account: AccountId(1), kind: NoticeKind::TerminationRequested { service, name, token }, at: at() }
}

fn mail(text: Text) -> String {
    let from = "Zoë <renewals@example.net>".parse().expect("is an address");
    let to = message::address("zoe@example.net").expect("is an address");
    let mail = Mail::new((7, &notice()), &from, to, text, None).expect("is made");
    String::from_utf8(mail.bytes).expect("is ASCII")
}

#[test]
fn a_mail_made_twice_is_the_same_mail_and_takes_no_header_from_its_text() {
    let text = || Text { subject: "ä\r\nBcc: x@y".to_owned(), plain: "ö\n".to_owned(), html: "<p>ü</p>".to_owned() };
    let heads = [mail(text()), mail(text())].map(|mail| {
        assert!(mail.is_ascii() && !mail.contains("\nBcc"), "{mail}");
        let (head, _) = mail.split_once("\r\n\r\n").expect("has a body");
        head.lines().filter(|line| !line.contains("boundary")).map(str::to_owned).collect::<Vec<_>>()
    });
    assert_eq!(heads[0], heads[1]);
    for line in [
        "To: zoe@example.net",
        "Date: Sun, 22 Nov 2026 08:00:00 +0000",
        "Message-ID: <notice-7.1795334400000000@example.net>",
        "Auto-Submitted: auto-generated",
    ] {
        assert!(heads[0].iter().any(|told| told == line), "{line}: {:?}", heads[0]);
    }
}

#[test]
fn what_cannot_stand_in_a_header_is_no_address() {
    for wrong in ["", "a", "a@", "@b", "a@b>\r\nBcc: x@y", "a@b\nBcc: x@y.z", "a b@c", "ä@b.c", "a@b.c, d@e.f"] {
        assert!(message::address(wrong).is_none(), "{wrong}");
    }
    assert!(message::address("a.b+c@d-e.example").is_some());
}

#[test]
fn a_text_is_in_the_language_of_its_reader_and_escaped_in_html() {
    let texts = Texts::load(None).expect("are in order");
    for (language, words) in [
        (Some("de"), "läuft am 2027-01-31 ab"),
        (Some("de_DE"), "läuft am 2027-01-31 ab"),
        (Some("de-AT"), "läuft am 2027-01-31 ab"),
        (Some("fr_FR"), "expires on 2027-01-31"),
        (Some("../de"), "expires on 2027-01-31"),
        (None, "expires on 2027-01-31"),
    ] {
        let mut facts = Facts { service: "a\r\nb".to_owned(), ..Facts::sample() };
        let text = texts.render(&language_of(&account(language)), "expiring", &facts).expect("is written");
        assert_eq!(text.subject, format!("a b {words}"), "{language:?}");
        assert!(text.plain.contains("Zoë <Ångström> & Söhne,\n\n"), "{}", text.plain);
        assert!(text.html.contains("Zoë &lt;Ångström&gt; &amp; Söhne,"), "{}", text.html);
        assert!(text.plain.contains("\nhttps://renew.example.net/billing/pay/link\n"), "{}", text.plain);
        facts.order = None;
        let text = texts.render("en", "expiring", &facts).expect("is written");
        assert!(!text.plain.contains("order") && !text.plain.contains("\n\n\n"), "{}", text.plain);
    }
}

#[test]
fn the_built_in_texts_say_this() {
    let texts = Texts::load(None).expect("are in order");
    for language in ["en", "de"] {
        let write = |kind| texts.render(language, kind, &Facts::sample()).expect("is written");
        let all = NoticeKind::WORDS.map(|kind| {
            let text = write(kind);
            format!("## {kind}: {}\n\n{}", text.subject, text.plain)
        });
        insta::assert_snapshot!(format!("texts-{language}"), all.join("\n"));
    }
    let html = texts.render("de", "proposed", &Facts::sample()).expect("is written").html;
    insta::assert_snapshot!("html", html);
}

#[test]
fn every_reason_for_which_an_order_is_not_paid_has_its_own_words_in_each_language() {
    let texts = Texts::load(None).expect("are in order");
    let mut all = BTreeSet::new();
    for (language, before) in [("en", " could not be paid: "), ("de", " konnte nicht bezahlt werden: ")] {
        let mut told = Vec::new();
        for word in Unpaid::all().map(Unpaid::word) {
            let facts = Facts { reason_word: word.to_owned(), ..Facts::sample() };
            let text = texts.render(language, "not-paid", &facts).expect("is written");
            let line = text.plain.lines().find(|line| line.contains(before)).expect("tells why");
            let (order, why) = line.split_once(before).expect("has both");
            assert!(order.ends_with("7 for 12.00 EUR") || order.ends_with("7 über 12.00 EUR"), "{order}");
            assert!(why.len() > "declined.".len() && !why.contains('-') && why.ends_with('.'), "{word}: {why}");
            assert!(text.html.contains(&format!("{before}{why}</p>")), "{word}: {}", text.html);
            told.push(format!("{word}: {why}"));
            assert!(all.insert(why.to_owned()), "{word} says what another one says: {why}");
        }
        for (word, on) in [("credited", ""), ("confirmation-required", "2027-01-24"), ("confirmation-required", "")] {
            let facts = Facts { reason_word: word.to_owned(), on: on.to_owned(), ..Facts::sample() };
            let text = texts.render(language, "not-paid", &facts).expect("is written");
            let what = text.plain.split("\n\n").nth(2).expect("tells what to do");
            told.push(format!("\n{word}: {}\n{what}", text.subject));
        }
        insta::assert_snapshot!(format!("reasons-{language}"), told.join("\n"));
    }
    let facts = Facts { reason_word: "expired".to_owned(), method_label: "<b>".to_owned(), ..Facts::sample() };
    let html = texts.render("en", "not-paid", &facts).expect("is written").html;
    assert!(html.contains(": &lt;b&gt; has expired.</p>"), "{html}");
}

#[test]
fn money_that_came_too_late_is_told_although_its_order_waits_no_more() {
    let order = perennial_core::ids::OrderId(7);
    let holds = |reason, days: i64| {
        let notice = Notice { kind: NoticeKind::NotPaid { order, reason, again_on: None }, ..notice() };
        let now = at() + jiff::SignedDuration::from_hours(24 * days);
        facts::still_holds(&notice, &account(None), (&perennial_core::snapshot::Snapshot::default(), now))
    };
    assert!(holds(Unpaid::Credited, 30));
    assert!(!holds(Unpaid::Credited, 31), "it is no news any more");
    assert!(!holds(Unpaid::NoMethod, 0), "there is nothing to pay");
}

#[test]
fn an_operators_text_stands_in_the_place_of_the_built_in_one() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let put = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().expect("has a folder")).expect("makes a folder");
        std::fs::write(file, text).expect("writes");
    };
    let load = || Texts::load(Some(folder.path())).map_err(|error| format!("{error:#}"));
    put("de/expiring.txt", "Subject: Achtung\n\n{{ service }}, {{ name }}\n");
    put(
        "fr/expired.txt",
        "Subject: {{ service }}\n{% extends \"frame.txt\" %}\n{% block content %}Bonjour{% endblock %}",
    );
    put("fr/expired.html", "{{ name }}");
    put("fr/notes.md", "is left alone");
    let texts = load().expect("are in order");
    let written = |language, kind| texts.render(language, kind, &Facts::sample()).expect("is written");
    assert_eq!(written("de", "expiring").subject, "Achtung");
    assert!(written("de", "expiring").html.contains("Guten Tag"), "the other form stays");
    assert!(written("fr", "expired").plain.contains("Hello Zoë <Ångström> & Söhne,\n\nBonjour\n\n-- \n"));
    assert_eq!(written("fr", "paid").subject, written("en", "paid").subject);

    for (name, text, told) in [
        ("de/expiring.txt", "Subject: x\n\n{{ servise }}", "de/expiring.txt, line 3: undefined value"),
        ("de/expiring.txt", "Subject: {{ x }}\n", "de/expiring.txt, line 1: undefined value"),
        ("de/expiring.txt", "Subject: x\n\n\n{% if %}", "de/expiring.txt, line 4: syntax error"),
        ("de/expiring.txt", "no subject", "de/expiring.txt, line 1 has no subject"),
        ("de/order.txt", "\n{{ order.sum }}", "de/order.txt, line 2: undefined value"),
        (
            "de/reason.txt",
            "{% if reason_word != \"expired\" %}x{% endif %}",
            "de/reason.txt has no words for `expired`",
        ),
        ("fr/reason.txt", "\n{{ method.name }}", "fr/reason.txt, line 2: undefined value"),
        ("fr/reason.html", "x", "fr/reason.html is no text of a mail"),
        ("de/payed.txt", "Subject: x", "de/payed.txt is no text of a mail"),
        ("fr/paid.html", "x", "fr/paid.html has nothing beside it\nhint: add fr/paid.txt"),
        ("French/paid.html", "x", "French is not named after a language"),
    ] {
        let file = folder.path().join(name);
        let before = std::fs::read(&file).ok();
        put(name, text);
        let wrong = load().map(drop).expect_err("is refused");
        assert!(wrong.contains(told), "{told} is not in {wrong}");
        match before {
            Some(before) => std::fs::write(&file, before).expect("writes"),
            None => std::fs::remove_file(&file).expect("is there"),
        }
        if name.starts_with("French") {
            std::fs::remove_dir(folder.path().join("French")).expect("is empty");
        }
    }
}

#[tokio::test]
async fn a_notice_becomes_one_file_however_often_it_comes() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let pickup = Pickup::new(folder.path().to_owned()).expect("is set up");
    for _ in 0..2 {
        let to = message::address("zoe@example.net").expect("is an address");
        pickup.leave(Mail { id: 7, from: to.clone(), to, bytes: b"mail".to_vec() }).await.expect("leaves");
    }
    let files: Vec<_> = std::fs::read_dir(folder.path()).expect("lists").map(|file| file.expect("reads")).collect();
    assert_eq!(files.len(), 1);
    assert_eq!(files[0].file_name(), "notice-7.eml");
    std::fs::remove_dir_all(folder.path()).expect("is removed");
    let to = message::address("zoe@example.net").expect("is an address");
    let left = pickup.leave(Mail { id: 8, from: to.clone(), to, bytes: Vec::new() }).await;
    assert!(matches!(left, Err(Undelivered::Closed(_))), "where the folder is gone, nothing leaves");
}

#[test]
fn a_refusal_gives_a_reader_up_only_where_it_is_of_the_reader() {
    for (code, said) in [
        (550, "5.1.1 <a@b.example>: Recipient address rejected: User unknown"),
        (552, "5.2.2 mailbox full"),
        (554, "5.1.2 no such domain"),
        (550, "no such user"),
        (550, ""),
        (551, "not here"),
        (553, "5.5.4 mailbox name not allowed"),
    ] {
        assert!(smtp::is_of_reader(code, said), "{code} {said}");
    }
    for (code, said) in [
        (554, "5.7.1 <a@b.example>: Relay access denied"),
        (550, "5.7.1 Client host blocked"),
        (553, "5.7.1 Sender address rejected: not owned by user"),
        (553, "5.1.8 Sender address rejected: Domain not found"),
        (553, "5.1.7 bad sender address"),
        (554, "not from here"),
        (530, "5.7.0 Must issue a STARTTLS command first"),
        (535, "authentication failed"),
        (503, "5.5.1 need MAIL command"),
        (552, "5.3.4 message too big"),
    ] {
        assert!(!smtp::is_of_reader(code, said), "{code} {said}");
    }
}
