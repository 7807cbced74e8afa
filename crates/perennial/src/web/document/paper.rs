//! Papers: an order's own paper, an invoice or a credit note, found in the ledger with all that it says.

use std::sync::Arc;

use perennial_core::account::Account;
use perennial_core::ids::{AccountId, InvoiceId, OrderId};
use perennial_core::invoice::{Invoice, InvoiceKind};
use perennial_core::order::Order;
use perennial_core::ports::{self, Books, Clock, Documents, Failure, Paper};
use perennial_core::snapshot::{Snapshot, Want};

use super::{Document, Parties, pdf};

/// Finds papers, and makes files of them.
#[derive(Clone)]
pub struct Papers {
    books: Arc<dyn Books + Send + Sync>,
    clock: Arc<dyn Clock>,
}

/// A paper that was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The order that it is about.
    pub order: Order,
    /// What it says.
    pub document: Document,
}

impl Papers {
    /// Papers of a ledger, as they are by a clock.
    pub fn new(books: Arc<dyn Books + Send + Sync>, clock: Arc<dyn Clock>) -> Self {
        Self { books, clock }
    }

    /// A paper of an account; none where the account has no such paper.
    ///
    /// # Errors
    /// [`Failure`] when the ledger does not answer, or an amount has no opposite.
    pub fn find(&self, account: AccountId, paper: Paper) -> Result<Option<Found>, Failure> {
        match paper {
            Paper::Order(id) => Ok(self.about(account, id)?.map(|about| {
                let payment = about.seen.payments.get(&id);
                let document = Document::of_order(about.parties(), &about.order, payment, self.clock.now());
                Found { document, order: about.order }
            })),
            Paper::Invoice(id) => self.invoice(account, id),
        }
    }

    fn invoice(&self, account: AccountId, id: InvoiceId) -> Result<Option<Found>, Failure> {
        let Some(invoice) = self.books.invoice(account, id)? else { return Ok(None) };
        let corrects = match invoice.kind {
            InvoiceKind::CreditNote { corrects } => self.books.invoice(account, corrects)?,
            InvoiceKind::Original | InvoiceKind::Proforma => None,
        };
        let Some(about) = self.about(account, invoice.order)? else { return Ok(None) };
        let corrects = corrects.as_ref().map(Invoice::number_text);
        let document = Document::of_invoice(about.parties(), &invoice, corrects.as_deref(), &about.order)
            .map_err(|error| Failure::new("make an invoice", error))?;
        Ok(Some(Found { document, order: about.order }))
    }

    fn about(&self, account: AccountId, id: OrderId) -> Result<Option<About>, Failure> {
        let wants = [Want::Account(account), Want::Order(account, id), Want::Payment(account, id)];
        let mut seen = self.books.load(&wants)?;
        Ok(match (seen.accounts.remove(&account), seen.orders.remove(&id)) {
            (Some(account), Some(order)) => Some(About { seen, account, order }),
            _ => None,
        })
    }
}

/// An order, with all that its papers say.
struct About {
    seen: Snapshot,
    account: Account,
    order: Order,
}

impl About {
    fn parties(&self) -> Parties<'_> {
        Parties { seller: &self.seen.catalogue.seller, account: &self.account }
    }
}

impl Documents for Papers {
    fn document(&self, account: AccountId, paper: Paper) -> Result<Option<ports::Document>, Failure> {
        let Some(Found { document, .. }) = self.find(account, paper)? else { return Ok(None) };
        let pdf = pdf::render(&document).map_err(|error| Failure::new("make a PDF", error))?;
        Ok(Some(ports::Document { file_name: document.file_name(), pdf }))
    }
}
