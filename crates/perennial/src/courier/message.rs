//! A mail as it is sent (RFC 5322): text and HTML, and perhaps a paper.

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, Message, MultiPart};
use lettre::{Address, error};
use perennial_core::notice::Notice;
use perennial_core::ports::Document;

use super::texts::Text;

/// A mail that is ready to leave.
#[derive(Clone, Debug)]
pub struct Mail {
    /// The notice's id.
    pub id: i64,
    /// Who sends it.
    pub from: Address,
    /// Who gets it.
    pub to: Address,
    /// The message, ASCII.
    pub bytes: Vec<u8>,
}

/// An address that can stand in a header and in an envelope without SMTPUTF8.
pub fn address(text: &str) -> Option<Address> {
    text.parse().ok().filter(|_| text.is_ascii())
}

impl Mail {
    /// The mail of a notice. However often it is made, it is the same one: it has the notice's instant, and an id of its own.
    ///
    /// # Errors
    /// When a part cannot be made.
    pub fn new(
        (id, notice): (i64, &Notice),
        from: &Mailbox,
        to: Address,
        text: Text,
        paper: Option<Document>,
    ) -> Result<Self, error::Error> {
        let domain = from.email.domain();
        let message_id = format!("<notice-{id}.{}@{domain}>", notice.at.as_microsecond());
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted"); // RFC 3834
        let builder = Message::builder()
            .from(from.clone())
            .to(Mailbox::new(None, to.clone()))
            .subject(text.subject)
            .date(notice.at.into())
            .message_id(Some(message_id))
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()));
        let words = MultiPart::alternative_plain_html(text.plain, text.html);
        let message = match paper {
            None => builder.multipart(words)?,
            Some(Document { file_name, pdf }) => {
                let kind = ContentType::parse("application/pdf").expect("is a media type");
                let paper = Attachment::new(file_name).body(pdf, kind);
                builder.multipart(MultiPart::mixed().multipart(words).singlepart(paper))?
            }
        };
        Ok(Self { id, from: from.email.clone(), to, bytes: message.formatted() })
    }
}
