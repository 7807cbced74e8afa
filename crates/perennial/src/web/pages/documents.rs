//! Orders, invoices and credit notes, as pages and as PDF, for whoever has the order's password.

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use perennial_core::ids::{AccountId, OrderId};
use perennial_core::invoice::Invoice;
use perennial_core::ports::{Books, Failure, Paper};
use subtle::ConstantTimeEq;

use super::query::Pairs;
use super::{Shared, Stop, page};
use crate::web::document::{Document, pdf};

/// How a document is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Page,
    Pdf,
}

#[derive(Template)]
#[template(path = "document.html")]
struct DocumentPage<'a> {
    document: &'a Document,
    pdf: &'a str,
}

/// An order's paper.
pub(super) async fn order(
    State(shared): State<Shared>,
    address: Result<Path<(String, String)>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, Stop> {
    let Path((account, document)) = address.map_err(|_| Stop::NotFound)?;
    let (number, form) = split(&document);
    let id = parse_id(number).ok_or(Stop::NotFound)?;
    let document = find(&shared, account, query.as_deref(), move |_, _| Ok(Some(Paper::Order(id)))).await?;
    show(document, form, query.as_deref()).await
}

/// An invoice or a credit note.
pub(super) async fn bill(
    State(shared): State<Shared>,
    address: Result<Path<(String, String)>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, Stop> {
    let Path((account, document)) = address.map_err(|_| Stop::NotFound)?;
    let (number, form) = split(&document);
    let number = number.to_owned();
    let named = move |books: &dyn Books, account| {
        let Some((series, number)) = Invoice::split_number(&number) else { return Ok(None) };
        Ok(books.find_invoice(account, series, number)?.map(|invoice| Paper::Invoice(invoice.id)))
    };
    let document = find(&shared, account, query.as_deref(), named).await?;
    show(document, form, query.as_deref()).await
}

/// Finds a paper of the account with a customer number, if the query has the password of its order. Off the async
/// threads: an account may have many invoices.
async fn find(
    shared: &Shared,
    code: String,
    query: Option<&str>,
    named: impl FnOnce(&dyn Books, AccountId) -> Result<Option<Paper>, Failure> + Send + 'static,
) -> Result<Document, Stop> {
    let (books, papers, password) = (shared.books.clone(), shared.papers.clone(), password(query));
    let found = off_thread(move || {
        let Some(account) = books.find_account(&code)? else { return Ok(None) };
        let Some(paper) = named(&*books, account)? else { return Ok(None) };
        papers.find(account, paper)
    });
    let found = found.await?.filter(|found| opens(&found.order.password, &password));
    Ok(found.ok_or(Stop::NotFound)?.document)
}

/// Compares a link's password with the order's; how long that takes tells nothing.
fn opens(expected: &str, given: &str) -> bool {
    !expected.is_empty() && bool::from(expected.as_bytes().ct_eq(given.as_bytes()))
}

/// `12.pdf` is the PDF of `12`.
fn split(document: &str) -> (&str, Form) {
    document.strip_suffix(".pdf").map_or((document, Form::Page), |number| (number, Form::Pdf))
}

/// Digits alone: one order has one address.
pub(super) fn parse_id(number: &str) -> Option<OrderId> {
    let digits = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
    digits.then(|| number.parse().ok()).flatten().map(OrderId)
}

fn password(query: Option<&str>) -> String {
    Pairs::parse(query.unwrap_or_default().as_bytes()).get("password").to_owned()
}

async fn show(document: Document, form: Form, query: Option<&str>) -> Result<Response, Stop> {
    match form {
        Form::Page => {
            let number = document.title.rsplit(' ').next().unwrap_or_default();
            page(&DocumentPage { document: &document, pdf: &format!("{number}.pdf?{}", query.unwrap_or_default()) })
        }
        Form::Pdf => {
            let name = format!("inline; filename=\"{}\"", document.file_name());
            let rendered = tokio::task::spawn_blocking(move || pdf::render(&document)).await;
            let pdf = rendered.map_err(|error| Stop::inside(&error))?.map_err(|error| Stop::inside(&*error))?;
            let name = HeaderValue::from_str(&name).map_err(|error| Stop::inside(&error))?;
            let kind = HeaderValue::from_static("application/pdf");
            Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)], pdf).into_response())
        }
    }
}

/// Reads off the async threads.
pub(super) async fn off_thread<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Stop> {
    Ok(tokio::task::spawn_blocking(read).await.map_err(|error| Stop::inside(&error))??)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::document::sample;

    #[test]
    fn a_document_is_named_by_its_number_and_form() {
        assert_eq!(split("12"), ("12", Form::Page));
        assert_eq!(split("FR00000001.pdf"), ("FR00000001", Form::Pdf));
        assert_eq!(parse_id("12"), Some(OrderId(12)));
        for wrong in ["", "012", "+12", "1e3", "99999999999999999999", "x"] {
            assert_eq!(parse_id(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_link_opens_with_the_whole_password_only() {
        assert!(opens("qoxYeH3IZFOC7PvN", "qoxYeH3IZFOC7PvN"));
        for wrong in ["", "q", "qoxYeH3IZFOC7Pv", "qoxYeH3IZFOC7PvNN", "QOXYEH3IZFOC7PVN"] {
            assert!(!opens("qoxYeH3IZFOC7PvN", wrong), "{wrong}");
        }
        assert!(!opens("", ""), "an order without a password opens to nobody");
        assert_eq!(password(Some("x=1&password=a%2Bb")), "a+b");
        assert_eq!(password(None), "");
    }

    #[test]
    fn a_page_says_what_its_document_says() {
        let document = sample::document(1);
        let html = DocumentPage { document: &document, pdf: "FR00000001.pdf?password=x" }.render().expect("renders");
        insta::assert_snapshot!(html);
    }
}
