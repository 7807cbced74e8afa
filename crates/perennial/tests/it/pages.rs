//! The pages, as browsers get them: orders and bills behind their password, the index, and the approval page.

use std::process::Command;

use perennial_testkit::http::Response;
use perennial_testkit::{OvhClient, Sandbox, http};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_perennial");

/// What every page says about itself.
const HEADERS: [(&str, &str); 5] = [
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("X-Robots-Tag", "noindex, nofollow"),
];

/// A sandbox in which the guide's domain and hosting are ordered together, and nothing becomes of services by themselves.
struct World {
    sandbox: Sandbox,
    client: OvhClient,
    order: i64,
    password: String,
}

impl World {
    fn start() -> Self {
        let sandbox = Sandbox::options(BINARY).now("2026-11-22T12:00:00Z").arg("--no-schedule").start().unwrap();
        let mut client = OvhClient::from_env(&sandbox.env().unwrap()).unwrap();
        let body = json!({ "duration": "P1Y", "services": [12_345, 67_890], "dryRun": false });
        let (status, order) = client.post("/service/12345/renew", &body).unwrap();
        assert_eq!(status, 200, "{order}");
        let order = order["orderId"].as_i64().unwrap();
        let (_, shown) = client.get(&format!("/me/order/{order}")).unwrap();
        let password = shown["password"].as_str().unwrap().to_owned();
        Self { sandbox, client, order, password }
    }

    /// The same, with the order paid.
    fn paid() -> Self {
        let mut world = Self::start();
        let body = json!({ "paymentMean": "paypal", "paymentMeanId": 1234 });
        let path = format!("/me/order/{}/payWithRegisteredPaymentMean", world.order);
        assert_eq!(world.client.post(&path, &body).unwrap(), (200, Value::Null));
        world
    }

    fn get(&self, target: &str) -> Response {
        http::get(&format!("{}{target}", self.sandbox.pages())).unwrap()
    }

    /// A document of the customer's, such as `bill/xx11111-ovh/FR00000001`, with the order's password.
    fn document(&self, path: &str) -> Response {
        let answer = self.get(&format!("/{path}?password={}", self.password));
        assert_eq!(answer.status, 200, "{path}");
        assert_guarded(&answer);
        answer
    }
}

#[track_caller]
fn assert_guarded(answer: &Response) {
    for (name, value) in HEADERS {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    let policy = answer.header("Content-Security-Policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
}

/// The page's text is well-formed, and nothing in it needs a script or breaks its own policy.
#[track_caller]
fn assert_plain_html(answer: &Response) -> String {
    const VOID: [&str; 6] = ["meta", "link", "br", "input", "img", "hr"];
    assert_eq!(answer.header("Content-Type"), Some("text/html; charset=utf-8"));
    let page = answer.text();
    assert!(page.starts_with("<!doctype html>\n<html lang=\"en\">"), "{page}");
    let mut open = Vec::new();
    for tag in page.split('<').skip(2) {
        let (tag, _) = tag.split_once('>').unwrap_or_else(|| panic!("<{tag} is not closed"));
        let name = tag.split([' ', '\n']).next().unwrap();
        assert!(!["script", "style", "iframe"].contains(&name), "{name}");
        assert!(!tag.contains(" on") && !tag.contains(" style="), "<{tag}>");
        match name.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "{page}"),
            None if VOID.contains(&name) => {}
            None => open.push(name),
        }
    }
    assert!(open.is_empty(), "{open:?} stay open");
    let title = page.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).unwrap();
    assert!(!title.trim().is_empty() && page.contains("<h1>"), "{page}");
    page
}

/// What poppler's `pdftotext` reads in a PDF, lines as they stand, and how many pages `pdfinfo` counts.
fn read_pdf(answer: &Response) -> (String, usize) {
    assert_eq!(answer.header("Content-Type"), Some("application/pdf"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("document.pdf");
    std::fs::write(&file, &answer.body).unwrap();
    let run = |command: &mut Command| {
        let done = command.output().unwrap();
        assert!(done.status.success() && done.stderr.is_empty(), "{done:?}");
        String::from_utf8(done.stdout).unwrap()
    };
    let text = run(Command::new("pdftotext").args(["-layout", "-enc", "UTF-8"]).arg(&file).arg("-"));
    let info = run(Command::new("pdfinfo").arg(&file));
    let pages = info.lines().find_map(|line| line.strip_prefix("Pages:")).unwrap().trim().parse().unwrap();
    (text, pages)
}

/// Sends a form as browsers do.
fn submit(world: &World, target: &str, form: &str) -> Response {
    let url = format!("{}{target}", world.sandbox.pages());
    let kind = [("Content-Type", "application/x-www-form-urlencoded")];
    let answer = http::send("POST", &url, &kind, form.as_bytes()).unwrap();
    assert_guarded(&answer);
    answer
}

/// Where a browser is sent on to.
#[track_caller]
fn onward(answer: &Response) -> String {
    assert_eq!(answer.status, 303, "{}", answer.text());
    answer.header("Location").unwrap().to_owned()
}

#[track_caller]
fn assert_says(text: &str, all: &[&str]) {
    for part in all {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}

#[test]
fn an_order_is_read_with_its_password_as_page_and_as_pdf() {
    let world = World::start();
    let path = format!("order/xx11111-ovh/{}", world.order);
    let said = ["Perennial Sandbox", "Camille Martin", "xx11111-ovh", "Domain .ovh", "example.ovh", "2026-12-12"];
    let sums = ["37.87 EUR", "VAT 20 %", "7.57 EUR", "45.44 EUR", "1 year"];
    let page = assert_plain_html(&world.document(&path));
    let (text, pages) = read_pdf(&world.document(&format!("{path}.pdf")));
    for text in [&page, &text] {
        assert_says(text, &said);
        assert_says(text, &sums);
        assert_says(text, &["Open: waits for its payment until 2026-11-23 13:00"]);
    }
    assert_eq!(pages, 1);
    assert!(page.contains(&format!("href=\"{}.pdf?password={}\"", world.order, world.password)), "{page}");
    world.sandbox.advance("P2D").unwrap();
    assert_says(&world.document(&path).text(), &["Lapsed: it was not paid in time. Nothing is to be paid."]);
}

#[test]
fn a_bill_is_read_with_its_orders_password_as_page_and_as_pdf() {
    let world = World::paid();
    let page = assert_plain_html(&world.document("bill/xx11111-ovh/FR00000001"));
    let pdf = world.document("bill/xx11111-ovh/FR00000001.pdf");
    assert_eq!(pdf.header("Content-Disposition"), Some("inline; filename=\"invoice-fr00000001.pdf\""));
    let (text, pages) = read_pdf(&pdf);
    for text in [&page, &text] {
        assert_says(text, &["Invoice FR00000001", "Paid.", "2026-11-22", "xx11111-ovh"]);
        assert_says(text, &["Perennial Sandbox", "1 Rehearsal Street", "VAT number FR00000000000", "Camille Martin"]);
        assert_says(text, &["Hosting Perso 2014", "example.cluster001.hosting.ovh.net", "2026-12-12", "2027-12-12"]);
        assert_says(text, &["1.99 EUR", "35.88 EUR", "37.87 EUR", "VAT 20 %", "7.57 EUR", "45.44 EUR"]);
    }
    assert_eq!(pages, 1);
    let order = world.document(&format!("order/xx11111-ovh/{}", world.order)).text();
    assert_says(&order, &["Paid on 2026-11-22 by PayPal.", "45.44 EUR"]);
}

#[test]
fn who_has_not_the_password_learns_nothing() {
    let world = World::paid();
    let (order, password) = (world.order, world.password.as_str());
    let nothing = world.get("/nothing/of/the/kind");
    assert_eq!(nothing.status, 404);
    assert_plain_html(&nothing);
    let mut tried = Vec::new();
    for known in [format!("/order/xx11111-ovh/{order}"), "/bill/xx11111-ovh/FR00000001".to_owned()] {
        for path in [known.clone(), format!("{known}.pdf")] {
            for query in ["", "?", "?password=", "?password=wrong", "?Password=x", "?password=%00", "?password=%ff"] {
                tried.push(format!("{path}{query}"));
            }
            tried.push(format!("{path}?password={}", password.to_lowercase()));
            tried.push(format!("{path}?password={password}x"));
            tried.push(format!("{path}?password=wrong&password={password}"));
            tried.push(format!("{}?password={password}", path.replace("xx11111", "xx22222")));
            tried.push(format!("{}?password={password}", path.replace("xx11111-ovh", "nobody")));
        }
    }
    for path in [
        format!("order/xx11111-ovh/{}", order + 1),
        format!("order/xx11111-ovh/0{order}"),
        format!("order/xx11111-ovh/-{order}"),
        format!("order/xx11111-ovh/{order}.PDF"),
        format!("order/xx11111-ovh/{order}.pdf.pdf"),
        "order/xx11111-ovh/99999999999999999999".to_owned(),
        "order/xx11111-ovh/%ff".to_owned(),
        "order/xx11111-ovh/".to_owned(),
        "bill/xx11111-ovh/FR00000002".to_owned(),
        "bill/xx11111-ovh/FRC00000001".to_owned(),
        "bill/xx11111-ovh/FR1".to_owned(),
        "bill/xx11111-ovh/fr00000001".to_owned(),
        format!("bill/xx11111-ovh/{order}"),
        "bill/xx11111-ovh/..%2f..%2fFR00000001".to_owned(),
    ] {
        tried.push(format!("/{path}?password={password}"));
    }
    let without_date = |answer: Response| {
        let headers: Vec<_> = answer.headers.into_iter().filter(|(name, _)| name != "date").collect();
        (answer.status, headers, answer.body)
    };
    let nothing = without_date(nothing);
    for target in tried {
        let answer = world.get(&target);
        assert_guarded(&answer);
        assert_eq!(without_date(answer), nothing, "{target}");
    }
    let posted = http::send("POST", &format!("{}/order/xx11111-ovh/{order}", world.sandbox.pages()), &[], b"").unwrap();
    assert_eq!(posted.status, 405);
    assert_guarded(&posted);
}

#[test]
fn a_credited_order_has_a_credit_note() {
    let world = World::paid();
    let mut credit = Command::new(BINARY);
    credit.arg("--database").arg(world.sandbox.data().join("perennial.db"));
    let credited = credit.args(["order", "credit", &world.order.to_string(), "--yes"]).output().unwrap();
    assert!(credited.status.success(), "{}", String::from_utf8_lossy(&credited.stderr));
    let page = assert_plain_html(&world.document("bill/xx11111-ovh/FRC00000001"));
    let (text, pages) = read_pdf(&world.document("bill/xx11111-ovh/FRC00000001.pdf"));
    for text in [&page, &text] {
        assert_says(text, &["Credit note FRC00000001", "Corrects invoice", "FR00000001", "Camille Martin"]);
        assert_says(text, &["-1.99 EUR", "-35.88 EUR", "-37.87 EUR", "-7.57 EUR", "-45.44 EUR"]);
    }
    assert_eq!(pages, 1);
    let (bill, _) = read_pdf(&world.document("bill/xx11111-ovh/FR00000001.pdf"));
    assert!(bill.contains("45.44 EUR") && !bill.contains("-45.44"), "the bill stays as it was:\n{bill}");
}

#[test]
fn the_index_shows_services_their_life_and_whether_they_can_be_renewed() {
    let world = World::start();
    let index = world.get("/");
    assert_guarded(&index);
    let page = assert_plain_html(&index);
    assert_says(&page, &["It is 2026-11-22 12:00 UTC here.", &world.sandbox.ovh(), "1 to 3 of 3", "Camille Martin"]);
    assert_says(
        &page,
        &["vps112233.ovh.net", "VPS Value 1-2-40", "2026-12-12", "automatic", "<td class=\"words\">yes</td>"],
    );
    let link = format!("/order/xx11111-ovh/{}?password={}", world.order, world.password);
    assert_says(&page, &["waits for payment", &link, "<span class=\"badge active\">active</span>"]);
    assert!(!page.contains("another.ovh"), "one account at a time:\n{page}");
    assert_eq!(world.get(&link).status, 200);

    let shown = |account: &str| assert_plain_html(&world.get(&format!("/?account={account}")));
    assert_says(&shown("xx33333-ovh"), &["Services of Reseller &#38; Sons", "vps333333.ovh.net"]);
    assert_says(&shown("demo-aliyun"), &["i-bp67acfmxazb4p0003", "locked"]);
    assert_eq!(world.get("/?account=nobody").status, 404);
    assert_eq!(world.get("/?account=xx11111-ovh&page=999").status, 200, "beyond the last page is the last page");
    world.sandbox.set_clock("2026-12-13T12:00:00Z").unwrap();
    assert_says(&shown("xx22222-ovh"), &["<span class=\"badge expired\">expired</span>", "2026-12-12"]);
    world.sandbox.set_clock("2026-12-25T12:00:00Z").unwrap();
    assert_says(&shown("xx22222-ovh"), &["<span class=\"badge redemption\">redemption</span>"]);

    let style = world.get("/style.css");
    assert_eq!((style.status, style.header("Content-Type")), (200, Some("text/css; charset=utf-8")));
    assert_eq!(style.header("X-Content-Type-Options"), Some("nosniff"));
}

#[test]
fn a_customer_lets_an_application_act_on_the_approval_page() {
    let mut world = World::start();
    let ask = json!({
        "accessRules": [{ "method": "GET", "path": "/me" }, { "method": "POST", "path": "/service/*/renew" }],
        "redirection": "https://app.example.net/back?x=1",
    });
    let application = world.client.application_key.clone();
    let headers = [("X-Ovh-Application", application.as_str()), ("Content-Type", "application/json")];
    let url = format!("{}/1.0/auth/credential", world.sandbox.ovh());
    let asked = http::send("POST", &url, &headers, ask.to_string().as_bytes()).unwrap().json().unwrap();
    let link = asked["validationUrl"].as_str().unwrap();
    world.client.consumer_key = asked["consumerKey"].as_str().unwrap().to_owned();
    assert_eq!(world.client.get("/me").unwrap().0, 403, "nobody has approved yet");

    let question = http::get(link).unwrap();
    assert_guarded(&question);
    let page = assert_plain_html(&question);
    assert_says(&page, &["Let demo act for you?", "GET /me", "POST /service/*/renew", "Customer number", "Unlimited"]);
    assert_says(&page, &["<label for=\"account\">", "<label for=\"password\">", "type=\"password\""]);

    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let answer = |body: &str| http::send("POST", link, &form, body.as_bytes()).unwrap();
    for (body, status, said) in [
        ("", 400, "Please approve or refuse."),
        ("answer=approve&account=xx11111-ovh&password=demo", 400, "Please choose how long access lasts."),
        ("answer=approve&validity=P1D&account=&password=", 400, "Please fill in customer number and password."),
        ("answer=approve&validity=P1D&account=xx11111-ovh&password=x", 403, "Customer number or password is wrong."),
        ("answer=approve&validity=P1D&account=%3Cb%3E&password=demo", 403, "value=\"&#60;b&#62;\""),
    ] {
        let refused = answer(body);
        assert_eq!(refused.status, status, "{body}");
        assert_guarded(&refused);
        assert_says(&assert_plain_html(&refused), &[said]);
    }
    assert_eq!(world.client.get("/me").unwrap().0, 403, "nothing was approved");
    let approved = answer("answer=approve&validity=P1D&account=xx11111-ovh&password=demo");
    assert_eq!((approved.status, approved.header("Location")), (303, Some("https://app.example.net/back?x=1")));
    assert_eq!(world.client.get("/me").unwrap().0, 200);
    assert_eq!(world.client.get("/service").unwrap().0, 403, "only what was asked for");
    assert_eq!(http::get(link).unwrap().status, 404, "a question is answered once");
    world.sandbox.advance("PT25H").unwrap();
    assert_eq!(world.client.get("/me").unwrap().0, 403, "for a day, as the customer said");
}

const CAMILLE: &str = "account=xx11111-ovh&password=demo";

#[test]
fn an_invoices_number_leads_its_customer_to_the_page_on_which_it_is_paid() {
    let world = World::start();
    let target = format!("/billing?invoice={}", world.order);
    assert_says(&assert_plain_html(&world.get(&target)), &["Invoice 1", "Customer number", "Password"]);
    assert_eq!(world.get("/billing").status, 404);
    for (form, status, said) in [
        ("", 400, "Please fill in customer number and password."),
        ("account=xx11111-ovh&password=wrong", 403, "Customer number or password is wrong."),
        ("account=nobody&password=demo", 403, "Customer number or password is wrong."),
        ("account=xx22222-ovh&password=demo", 404, "There is no such invoice."),
    ] {
        let answer = submit(&world, &target, form);
        assert_eq!(answer.status, status, "{form}");
        assert_says(&assert_plain_html(&answer), &[said]);
    }
    for unknown in ["2", "FR00000001", "x", "00000001", "%3Cb%3E"] {
        let answer = submit(&world, &format!("/billing?invoice={unknown}"), CAMILLE);
        assert_eq!(answer.status, 404, "{unknown}");
        assert_plain_html(&answer);
    }
    let link = onward(&submit(&world, &target, CAMILLE));
    assert!(link.strip_prefix("/billing/pay/").is_some_and(|token| token.len() == 36), "{link}");
    assert_eq!(onward(&submit(&world, &target, CAMILLE)), link, "an order has one link");

    let paid = submit(&world, &link, &format!("{CAMILLE}&with=method-1235+45.44"));
    assert_eq!(onward(&paid), link);
    let order = format!("/order/xx11111-ovh/{}?password={}", world.order, world.password);
    for number in [world.order.to_string(), "FR00000001".to_owned()] {
        let paper = onward(&submit(&world, &format!("/billing?invoice={number}"), CAMILLE));
        assert_eq!(paper, order, "what is paid leads to its paper");
    }
    assert_eq!(world.get(&order).status, 200);
}

#[test]
fn an_order_is_paid_once_on_the_page_behind_its_link() {
    let world = World::start();
    let link = onward(&submit(&world, &format!("/billing?invoice={}", world.order), CAMILLE));
    let page = assert_plain_html(&world.get(&link));
    assert_says(
        &page,
        &["Order 1", "Open: waits for its payment", "45.44 EUR", "PayPal", "Card ending in 4242", "Balance"],
    );
    assert!(!page.contains("camille.martin@"), "a link goes through mail, and shows no addresses: {page}");
    assert!(!page.contains("0189"), "the seller collects no bank transfers: {page}");
    assert_eq!(page.matches(" checked").count(), 1);

    for (form, status, said) in [
        ("account=xx11111-ovh&password=demo", 400, "Please choose how to pay what is asked for now."),
        (
            "account=xx11111-ovh&password=demo&with=method-1235+45.43",
            400,
            "Please choose how to pay what is asked for now.",
        ),
        (
            "account=xx11111-ovh&password=demo&with=method-1236+45.44",
            400,
            "Please choose how to pay what is asked for now.",
        ),
        (
            "account=xx11111-ovh&password=demo&with=method-2234+45.44",
            400,
            "Please choose how to pay what is asked for now.",
        ),
        ("password=demo&with=balance+45.44", 400, "Please fill in customer number and password."),
        ("account=xx11111-ovh&password=wrong&with=balance+45.44", 403, "Customer number or password is wrong."),
        ("account=xx22222-ovh&password=demo&with=balance+45.44", 403, "Customer number or password is wrong."),
    ] {
        let answer = submit(&world, &link, form);
        assert_eq!(answer.status, status, "{form}");
        assert_says(&assert_plain_html(&answer), &[said, "Pay this order"]);
    }
    assert_eq!(world.sandbox.ledger().unwrap()["payments"], json!([]));

    let form = format!("{CAMILLE}&with=balance+45.44");
    for _ in 0..2 {
        assert_eq!(onward(&submit(&world, &link, &form)), link, "a second time leads there as well");
    }
    let page = assert_plain_html(&world.get(&link));
    assert_says(&page, &["Paid on 2026-11-22 by balance."]);
    assert!(!page.contains("<form") && !page.contains("Pay this order"), "{page}");
    let ledger = world.sandbox.ledger().unwrap();
    assert_eq!(ledger["payments"].as_array().map(Vec::len), Some(1));
    assert_eq!(ledger["audit"]["findings"], json!([]));
}

#[test]
fn a_balance_that_is_too_low_pays_nothing_and_says_so() {
    let mut world = World::start();
    let body = json!({ "duration": "P1Y", "services": [112_233], "dryRun": false });
    let (_, order) = world.client.post("/service/112233/renew", &body).unwrap();
    // 64.69 and 20 % of it leave less than 45.44 of a balance of 100.
    for (order, shown) in [(order["orderId"].as_i64().unwrap(), "77.63"), (world.order, "45.44")] {
        let link = onward(&submit(&world, &format!("/billing?invoice={order}"), CAMILLE));
        let answer = submit(&world, &link, &format!("{CAMILLE}&with=balance+{shown}"));
        if order == world.order {
            assert_eq!(answer.status, 409);
            assert_says(&assert_plain_html(&answer), &["The balance of 22.37 EUR does not cover 45.44 EUR"]);
        } else {
            assert_eq!(onward(&answer), link);
        }
    }
}

#[test]
fn a_link_that_is_unknown_or_too_late_pays_nothing() {
    let world = World::start();
    let link = onward(&submit(&world, &format!("/billing?invoice={}", world.order), CAMILLE));
    for unknown in ["/billing/pay/", "/billing/pay/x", "/billing/pay/%ff", &link[..link.len() - 1]] {
        assert_eq!(world.get(unknown).status, 404, "{unknown}");
        assert_eq!(submit(&world, unknown, CAMILLE).status, 404, "{unknown}");
    }
    assert_eq!(http::send("DELETE", &format!("{}{link}", world.sandbox.pages()), &[], b"").unwrap().status, 405);
    world.sandbox.advance("P40D").unwrap();
    let page = assert_plain_html(&world.get(&link));
    assert_says(&page, &["Lapsed: it was not paid in time."]);
    assert!(!page.contains("<form"), "{page}");
    assert_eq!(onward(&submit(&world, &link, &format!("{CAMILLE}&with=balance+45.44"))), link);
    assert_eq!(world.sandbox.ledger().unwrap()["payments"], json!([]));
}
