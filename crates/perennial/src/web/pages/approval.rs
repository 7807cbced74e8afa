//! The approval page: a customer lets an application act for the account, or refuses.

use askama::Template;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use jiff::{Span, Timestamp, tz::TimeZone};
use perennial_core::command::{Action, Command};
use perennial_core::credential::{AccessRule, Application, Credential, CredentialStatus};
use perennial_core::ids::CredentialId;
use perennial_core::ports::{Lane, Rejection};
use perennial_core::snapshot::Want;

use perennial_providers::secret::digest;

use super::query::Pairs;
use super::sign_in::Customer;
use super::{Shared, Stop, message, page};
use crate::vault::hex;

/// The page sends the browser on to the application afterwards; `form-action` counts for that too.
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self' https: http:; \
                      frame-ancestors 'none'";

/// For how long the application may act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Validity {
    Day,
    Week,
    Month,
    Year,
    Unlimited,
}

impl Validity {
    const ALL: [Self; 5] = [Self::Day, Self::Week, Self::Month, Self::Year, Self::Unlimited];

    const fn word(self) -> &'static str {
        match self {
            Self::Day => "P1D",
            Self::Week => "P7D",
            Self::Month => "P30D",
            Self::Year => "P1Y",
            Self::Unlimited => "unlimited",
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Day => "1 day",
            Self::Week => "1 week",
            Self::Month => "1 month",
            Self::Year => "1 year",
            Self::Unlimited => "Unlimited",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|validity| validity.word() == word)
    }

    fn ends(self, now: Timestamp) -> Result<Option<Timestamp>, jiff::Error> {
        let span = match self {
            Self::Day => Span::new().days(1),
            Self::Week => Span::new().days(7),
            Self::Month => Span::new().days(30),
            Self::Year => Span::new().years(1),
            Self::Unlimited => return Ok(None),
        };
        now.to_zoned(TimeZone::UTC).checked_add(span).map(|ends| Some(ends.timestamp()))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Approve(Validity),
    Refuse,
}

/// What was sent with the form.
#[derive(Debug, PartialEq, Eq)]
struct Form {
    customer: Customer,
    verb: Verb,
}

impl Form {
    fn parse(body: &[u8]) -> Result<Self, &'static str> {
        let pairs = Pairs::parse(body);
        let verb = match pairs.get("answer") {
            "approve" => {
                Verb::Approve(Validity::from_word(pairs.get("validity")).ok_or("Please choose how long access lasts.")?)
            }
            "refuse" => Verb::Refuse,
            _ => return Err("Please approve or refuse."),
        };
        Ok(Self { customer: Customer::of(&pairs)?, verb })
    }
}

#[derive(Template)]
#[template(path = "approval.html")]
struct Question<'a> {
    application: &'a str,
    description: &'a str,
    rules: &'a [AccessRule],
    validities: [Validity; 5],
    account: &'a str,
    error: &'a str,
}

/// A question that waits for its answer.
struct Pending {
    credential: Credential,
    application: Option<Application>,
    /// SHA-256 of the token, in hexadecimal: what tries are counted for, beside the account.
    digest: String,
}

impl Pending {
    /// Finds what the link asks about.
    fn find(shared: &Shared, query: Option<&str>) -> Result<Self, Stop> {
        let pairs = Pairs::parse(query.unwrap_or_default().as_bytes());
        let digest = digest(pairs.get("credentialToken"));
        let found = shared.books.find_pending_credential(&digest)?;
        let now = shared.clock.now();
        let credential =
            found.filter(|found| found.status_at(now) == CredentialStatus::Pending).ok_or(Stop::NotFound)?;
        let application = match credential.application {
            None => None,
            Some(id) => shared.books.load(&[Want::Application(id)])?.applications.remove(&id),
        };
        Ok(Self { credential, application, digest: hex(&digest) })
    }

    fn page(&self, status: StatusCode, account: &str, error: &str) -> Result<Response, Stop> {
        let question = Question {
            application: self.application.as_ref().map_or("An application", |application| &application.name),
            description: self.application.as_ref().map_or("", |application| &application.description),
            rules: &self.credential.rules,
            validities: Validity::ALL,
            account,
            error,
        };
        let mut response = page(&question)?;
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        Ok(response)
    }
}

/// Asks.
pub(super) async fn ask(State(shared): State<Shared>, RawQuery(query): RawQuery) -> Result<Response, Stop> {
    Pending::find(&shared, query.as_deref())?.page(StatusCode::OK, "", "")
}

/// Hears the answer.
pub(super) async fn answer(
    State(shared): State<Shared>,
    RawQuery(query): RawQuery,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Stop> {
    let body = body.map_err(|_| Stop::TooLarge)?;
    let pending = Pending::find(&shared, query.as_deref())?;
    let form = match Form::parse(&body) {
        Ok(form) => form,
        Err(error) => return pending.page(StatusCode::BAD_REQUEST, Pairs::parse(&body).get("account"), error),
    };
    let code = form.customer.code.clone();
    let account = match form.customer.prove(&shared, &[&pending.digest], |_| true).await? {
        Ok(account) => account,
        Err(denied) => return pending.page(denied.status, &code, denied.words),
    };
    let action = action(form.verb, pending.credential.id, shared.clock.now())?;
    match shared.cashier.submit(Command { account: account.id, token: None, action }).await {
        Ok(_) => Ok(answered(form.verb, pending.credential.redirection.as_deref())),
        // Somebody else answered in the meantime.
        Err(Rejection::Refused(_)) => Err(Stop::NotFound),
        Err(error) => Err(Stop::inside(&error)),
    }
}

fn action(verb: Verb, credential: CredentialId, now: Timestamp) -> Result<Action, Stop> {
    Ok(match verb {
        Verb::Approve(validity) => {
            let expires = validity.ends(now).map_err(|error| Stop::inside(&error))?;
            Action::ApproveCredential { credential, expires }
        }
        Verb::Refuse => Action::RefuseCredential { credential },
    })
}

/// Sends the browser on to the application, or says what was done.
fn answered(verb: Verb, redirection: Option<&str>) -> Response {
    let onward = redirection.filter(|url| is_web(url)).and_then(|url| HeaderValue::from_str(url).ok());
    if let Some(url) = onward {
        return (StatusCode::SEE_OTHER, [(header::LOCATION, url)]).into_response();
    }
    let (title, text) = match verb {
        Verb::Approve(_) => ("Approved", "The application may now act for the account. You can close this page."),
        Verb::Refuse => ("Refused", "The application may not act for the account. You can close this page."),
    };
    message(StatusCode::OK, title, text)
}

/// Whether a browser can be sent there; `javascript:` and the like are not the web.
fn is_web(url: &str) -> bool {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    matches!(scheme.as_deref(), Some("http" | "https"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_whole_or_refused() {
        let form = Form::parse(b"account=+xx11111-ovh&password=d%26mo&validity=P30D&answer=approve").expect("is whole");
        assert_eq!(form.customer.code, "xx11111-ovh");
        assert_eq!(form.verb, Verb::Approve(Validity::Month));
        let refused = Form::parse(b"account=a&password=b&answer=refuse").expect("needs no validity");
        assert_eq!(refused.verb, Verb::Refuse);
        for body in [
            "",
            "account=a&password=b",
            "account=a&password=b&answer=approve",
            "account=a&password=b&answer=approve&validity=P2D",
            "account=&password=b&answer=refuse",
            "account=a&answer=refuse",
        ] {
            assert!(Form::parse(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn access_ends_when_it_was_chosen_to() {
        let now: Timestamp = "2028-02-29T12:00:00Z".parse().expect("is an instant");
        let ends: Vec<_> = Validity::ALL
            .map(|validity| validity.ends(now).expect("is in the calendar").map(|ends| ends.to_string()))
            .into_iter()
            .collect();
        let expected = ["2028-03-01T12:00:00Z", "2028-03-07T12:00:00Z", "2028-03-30T12:00:00Z", "2029-02-28T12:00:00Z"];
        assert_eq!(ends[..4], expected.map(|text| Some(text.to_owned())));
        assert_eq!(ends[4], None);
    }

    #[test]
    fn a_browser_is_sent_to_the_web_only() {
        assert!(is_web("https://example.net/back?x=1") && is_web("HTTP://127.0.0.1:9000/"));
        for url in ["javascript:alert(1)", "data:text/html,x", "//example.net", "/back", "ftp://example.net"] {
            assert!(!is_web(url), "{url}");
        }
        assert_eq!(answered(Verb::Refuse, Some("javascript://x")).status(), StatusCode::OK);
        assert_eq!(answered(Verb::Refuse, Some("https://example.net/")).status(), StatusCode::SEE_OTHER);
    }
}
