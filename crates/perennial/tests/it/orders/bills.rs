//! Bills: what is in them, and what is none.

use std::process::Command;

use anyhow::{Context, Result};
use serde_json::json;

use super::{BINARY, DOMAIN, HOSTING, VPS, about, assert_links_open, get, place, settle, start, unknown, until};

#[test]
fn a_bill_adds_up() -> Result<()> {
    let (sandbox, mut client) = start()?;
    let order = place(&mut client, "P1Y", &[HOSTING, DOMAIN])?;
    settle(&mut client, order)?;
    let bill = get(&mut client, "/me/bill/FR00000001")?;
    let placed = get(&mut client, &format!("/me/order/{order}"))?;
    for field in ["orderId", "password", "priceWithTax", "priceWithoutTax", "tax"] {
        assert_eq!(bill[field], placed[field], "{field}");
    }
    let password = bill["password"].as_str().context("a bill has a password")?;
    let link = format!("{}/bill/xx11111-ovh/FR00000001", sandbox.pages());
    assert_eq!(bill["url"], format!("{link}?password={password}"));
    assert_eq!(bill["pdfUrl"], format!("{link}.pdf?password={password}"));
    assert_links_open(&bill)?;
    assert_eq!((&bill["billId"], &bill["category"]), (&json!("FR00000001"), &json!("earlyrenewal")));

    let mut ucents = 0;
    for id in get(&mut client, "/me/bill/FR00000001/details")?.as_array().context("a bill has lines")? {
        let id = id.as_str().context("a line's id is text")?;
        let detail = get(&mut client, &format!("/me/bill/FR00000001/details/{id}"))?;
        ucents += detail["totalPrice"]["priceInUcents"].as_i64().context("a line has a price")?;
        assert_eq!(detail["billDetailId"], id);
        assert_eq!((&detail["periodStart"], &detail["periodEnd"]), (&json!("2026-12-12"), &json!("2027-12-11")));
        assert_eq!(detail["unitPrice"]["text"], detail["totalPrice"]["text"]);
    }
    assert_eq!(json!(ucents), bill["priceWithoutTax"]["priceInUcents"]);
    let payment = get(&mut client, &format!("/me/order/{order}/payment"))?;
    assert_eq!(get(&mut client, "/me/bill/FR00000001/payment")?, payment);

    for id in ["FR1", "FR000000001", "fr00000001", "00000001", "FR", "FRC00000001", "FR+0000001", "FR-0000001", "%2e"] {
        let (status, body) = client.get(&format!("/me/bill/{id}"))?;
        assert_eq!((status, &body["class"]), (404, &json!("Client::NotFound")), "{id}");
    }
    for id in ["1", "0", "1000", "x"] {
        let answer = client.get(&format!("/me/bill/FR00000001/details/{id}"))?;
        assert_eq!(answer, (404, unknown("billDetailId", id)));
    }
    Ok(())
}

#[test]
fn what_is_paid_after_the_expiry_is_a_purchase() -> Result<()> {
    let (sandbox, mut client) = start()?;
    sandbox.advance("P22D")?;
    let order = place(&mut client, "P1M", &[VPS])?;
    settle(&mut client, order)?;
    assert_eq!(get(&mut client, "/me/bill/FR00000001")?["category"], "purchase");
    assert_eq!(until(&sandbox.ledger()?, VPS), "2027-01-12", "a late renewal counts from the old expiry");
    Ok(())
}

#[test]
fn a_credit_note_is_no_bill_and_leaves_the_bill() -> Result<()> {
    let (sandbox, mut client) = start()?;
    let order = place(&mut client, "P1M", &[VPS])?;
    settle(&mut client, order)?;
    let bill = get(&mut client, "/me/bill/FR00000001")?;
    let credited = Command::new(BINARY)
        .arg("--database")
        .arg(sandbox.data().join("perennial.db"))
        .args(["order", "credit", &order.to_string(), "--yes"])
        .output()?;
    assert!(credited.status.success(), "{}", String::from_utf8_lossy(&credited.stderr));
    let ledger = sandbox.ledger()?;
    assert_eq!(about(&ledger, "invoices", order).len(), 2, "an original and its credit note");
    assert_eq!(get(&mut client, "/me/bill")?, json!(["FR00000001"]));
    assert_eq!(get(&mut client, "/me/bill/FR00000001")?, bill);
    assert_eq!(client.get("/me/bill/FRC00000001")?, (404, unknown("billId", "FRC00000001")));
    assert_eq!(get(&mut client, "/me/ovhAccount/xx11111-ovh")?["balance"]["text"], "107.19 €");
    Ok(())
}
