//! What the provider says where it refuses. No body of a refusal is documented: one may be absent, or be no JSON at all.

use std::collections::BTreeMap;

use http::StatusCode;
use perennial_core::buyer::remote::Said;
use serde::Deserialize;

use crate::call::Reply;
use crate::common::body::body;

/// The longest text that is quoted, in characters.
const QUOTED_MAX: usize = 300;

/// The code of a refusal that is not told in the API's own form: of somebody in between, or of a wrong address.
const ALIEN: &str = "not in the API's words";

#[derive(Deserialize)]
struct Message {
    message: String,
}

#[derive(Deserialize)]
struct Fields {
    errors: BTreeMap<String, Vec<String>>,
}

/// Whether a status is one of the documented refusals, after which nothing was done.
pub(super) fn is_refusal(status: StatusCode) -> bool {
    use StatusCode as Is;
    [Is::BAD_REQUEST, Is::UNAUTHORIZED, Is::FORBIDDEN, Is::NOT_FOUND, Is::UNPROCESSABLE_ENTITY].contains(&status)
}

/// What a refusal says. Its code is the field that is to blame.
pub(super) fn said(reply: &Reply) -> Said {
    let status = reply.status;
    let Ok(Message { message }) = body(&reply.body) else {
        let text = status.canonical_reason().unwrap_or("no reason").to_owned();
        return Said { status: status.as_u16(), code: Some(ALIEN.to_owned()), text };
    };
    let blamed = body::<Fields>(&reply.body).ok().and_then(|fields| fields.errors.into_keys().next());
    Said { status: status.as_u16(), code: blamed.map(|field| quoted(&field)), text: quoted(&message) }
}

/// Whether the provider says that there is no such thing. A page that was not found says nothing of a server.
pub(super) fn is_absence(said: &Said) -> bool {
    said.status == StatusCode::NOT_FOUND.as_u16() && said.code.as_deref() != Some(ALIEN)
}

/// Whether what is to blame is a field of this name.
pub(super) fn blames(said: &Said, field: &str) -> bool {
    said.status == StatusCode::UNPROCESSABLE_ENTITY.as_u16() && said.code.as_deref() == Some(field)
}

/// A foreign text on one line, and short.
pub(super) fn quoted(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(QUOTED_MAX).collect()
}
