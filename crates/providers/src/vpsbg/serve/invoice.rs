//! `/invoices`: proformas, originals and credit notes, and their documents.
//!
//! Papers of all kinds share one row of ids here: a proforma has twice its order's number, and what was issued has twice
//! its own and one. An order keeps its proforma whatever becomes of it (unverified).

use std::cmp::Reverse;
use std::io::{Cursor, Write};

use http::header::CONTENT_DISPOSITION;
use http::{HeaderValue, Method};
use perennial_core::account::Account;
use perennial_core::ids::{InvoiceId, OrderId};
use perennial_core::invoice::{Invoice, InvoiceKind};
use perennial_core::money::Money;
use perennial_core::order::Order;
use perennial_core::payment::Payment;
use perennial_core::ports::{self, BoxFuture, Document, Paper, Span};
use perennial_core::snapshot::Want;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::found::midnight;
use super::money::net;
use super::order::{Sums, fits};
use super::page::Asked;
use super::{Context, Row};
use crate::common::bearer::Answer;
use crate::vpsbg::wire::error::Failure;
use crate::vpsbg::wire::invoice::{DownloadRequest, Invoice as WireInvoice, InvoiceType};

pub(super) const ROWS: &[Row] = &[
    Row::read("/invoices", "invoices", list),
    Row::act(Method::POST, "/invoices/{id}/download", "download-invoice", download).inferred(),
    Row::act(Method::POST, "/invoices/download", "download-invoices", download_many).inferred(),
];

/// The most papers in one file.
const PAPERS_MAX: usize = 100;

/// The field that names the papers.
const FIELD: &str = "invoice_ids";

/// The id of a paper among all of them.
const fn id_of(paper: Paper) -> i64 {
    match paper {
        Paper::Order(OrderId(order)) => order.saturating_mul(2),
        Paper::Invoice(InvoiceId(invoice)) => invoice.saturating_mul(2).saturating_add(1),
    }
}

/// The paper that an id names.
const fn paper_of(id: i64) -> Paper {
    let half = id.div_euclid(2);
    if id.rem_euclid(2) == 0 { Paper::Order(OrderId(half)) } else { Paper::Invoice(InvoiceId(half)) }
}

/// Every paper of an order: its proforma, then what was issued. What was paid from the balance stands on no original:
/// its VAT was invoiced when it was paid in (documented sample).
pub(super) fn papers(
    account: &Account,
    order: &Order,
    payment: Option<&Payment>,
    issued: &[Invoice],
) -> Result<Vec<WireInvoice>, Failure> {
    let proforma = Invoice::proforma(order);
    std::iter::once(&proforma).chain(issued).map(|invoice| paper(account, order, payment, invoice)).collect()
}

fn paper(
    account: &Account,
    order: &Order,
    payment: Option<&Payment>,
    invoice: &Invoice,
) -> Result<WireInvoice, Failure> {
    let (paper, invoice_type) = match invoice.kind {
        InvoiceKind::Proforma => (Paper::Order(order.id), InvoiceType::Proform),
        InvoiceKind::Original => (Paper::Invoice(invoice.id), InvoiceType::Original),
        InvoiceKind::CreditNote { .. } => (Paper::Invoice(invoice.id), InvoiceType::CreditNote),
    };
    let [amount, amount_with_vat] = shown(order, payment, invoice.kind)?;
    Ok(WireInvoice {
        id: id_of(paper),
        invoice_number: format!("{:010}", invoice.number),
        created_at: midnight(account, account.zone.date_of(invoice.issued))?,
        amount: net(amount),
        amount_with_vat: net(amount_with_vat),
        invoice_type,
        order_ids: vec![order.id.0],
    })
}

/// What a paper of an order says, without VAT and with it.
fn shown(order: &Order, payment: Option<&Payment>, kind: InvoiceKind) -> Result<[Money; 2], Failure> {
    let payment = payment.filter(|_| kind != InvoiceKind::Proforma);
    let Sums { net, gross, .. } = Sums::of(order, payment)?;
    Ok(match kind {
        InvoiceKind::Proforma | InvoiceKind::Original => [net, gross],
        InvoiceKind::CreditNote { .. } => [fits(net.negated())?, fits(gross.negated())?],
    })
}

/// The list: newest first (unverified).
fn list(context: &Context<'_>) -> Result<Answer, Failure> {
    let page = Asked::of(context)?;
    let account = context.account();
    // Invoices first: the order of each that is there by then is there, too.
    let mut invoices = context.ports.books.invoices(account.id, Span::default())?;
    let orders = context.ports.books.order_ids(account.id, Span::default())?;
    let loaded = context.load(&orders.iter().map(|order| Want::Order(account.id, *order)).collect::<Vec<_>>())?;
    invoices.extend(loaded.orders.values().map(Invoice::proforma));
    // A proforma and an invoice may have the same id here; both may be of one instant.
    invoices
        .sort_unstable_by_key(|invoice| Reverse((invoice.issued, invoice.kind != InvoiceKind::Proforma, invoice.id)));
    let asked = page.slice(&invoices);
    let payments =
        context.load(&asked.iter().map(|invoice| Want::Payment(account.id, invoice.order)).collect::<Vec<_>>())?;
    let papers = asked.iter().map(|invoice| {
        let order = loaded.order_of(account.id, invoice.order)?;
        paper(account, order, payments.payments.get(&order.id), invoice)
    });
    page.envelope(context, "/invoices", papers.collect::<Result<_, Failure>>()?, invoices.len())
}

/// The document of a paper of the caller's, if there is such a paper.
fn document(context: &Context<'_>, id: i64) -> Result<Option<Document>, Failure> {
    Ok(context.ports.documents.document(context.account().id, paper_of(id))?)
}

fn download<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let id = context.param("id").parse().map_err(|_| Failure::not_found())?;
        let Document { file_name, pdf } = document(context, id)?.ok_or_else(Failure::not_found)?;
        Ok(file("application/pdf", &file_name, pdf))
    })
}

/// Several papers as one archive; that it is an archive is unverified.
fn download_many<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let DownloadRequest { invoice_ids } = context.body()?;
        if invoice_ids.is_empty() || invoice_ids.len() > PAPERS_MAX {
            return Err(Failure::invalid(FIELD, format!("`{FIELD}` has from 1 to {PAPERS_MAX} invoices")));
        }
        let mut documents = Vec::with_capacity(invoice_ids.len());
        for (index, id) in invoice_ids.iter().enumerate() {
            let unknown = || Failure::invalid(&format!("{FIELD}.{index}"), "The selected invoice does not exist.");
            if !invoice_ids[..index].contains(id) {
                documents.push(document(context, *id)?.ok_or_else(unknown)?);
            }
        }
        let archive = archive(&documents).map_err(|error| ports::Failure::new("make an archive", error))?;
        Ok(file("application/zip", "invoices.zip", archive))
    })
}

/// A file to be kept.
fn file(content_type: &'static str, name: &str, bytes: Vec<u8>) -> Answer {
    let mut answer = Answer::of(content_type, bytes.into());
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{}\"", plain(name))) {
        answer.headers.insert(CONTENT_DISPOSITION, value);
    }
    answer
}

/// A name without what would end it in a header.
fn plain(name: &str) -> String {
    let keep = |letter: char| if letter.is_ascii_alphanumeric() || "-_.".contains(letter) { letter } else { '-' };
    name.chars().map(keep).collect()
}

/// Documents in an archive, as they are: a PDF does not shrink.
fn archive(documents: &[Document]) -> zip::result::ZipResult<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for document in documents {
        archive.start_file(plain(&document.file_name), stored)?;
        archive.write_all(&document.pdf)?;
    }
    Ok(archive.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn papers_of_all_kinds_share_one_row_of_ids() {
        for (paper, id) in [
            (Paper::Order(OrderId(7_801)), 15_602),
            (Paper::Invoice(InvoiceId(7_801)), 15_603),
            (Paper::Invoice(InvoiceId(0)), 1),
        ] {
            assert_eq!((id_of(paper), paper_of(id)), (id, paper));
        }
        assert_eq!(paper_of(-1), Paper::Invoice(InvoiceId(-1)));
    }

    #[test]
    fn a_name_ends_no_header() {
        assert_eq!(plain("invoice-fr00000001.pdf"), "invoice-fr00000001.pdf");
        assert_eq!(plain("a\"b\r\né/.pdf"), "a-b----.pdf");
    }

    #[test]
    fn an_archive_holds_every_document() {
        let document = |name: &str| Document { file_name: name.to_owned(), pdf: name.as_bytes().to_vec() };
        let bytes = archive(&[document("a.pdf"), document("b.pdf")]).expect("is made");
        let mut read = zip::ZipArchive::new(Cursor::new(bytes)).expect("is an archive");
        assert_eq!(read.len(), 2);
        for name in ["a.pdf", "b.pdf"] {
            let mut text = String::new();
            std::io::Read::read_to_string(&mut read.by_name(name).expect("is there"), &mut text).expect("reads");
            assert_eq!(text, name);
        }
    }
}
