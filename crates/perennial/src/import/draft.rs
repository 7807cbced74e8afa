//! Drafts: entries with typed fields, each checked on its own. What they refer to is still a name, and an amount whose
//! currency is its account's is still text.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use perennial_core::account::{Seller, Standing, TaxTreatment};
use perennial_core::calendar::{AnchorDay, Period, Zone, parse_date};
use perennial_core::money::{Currency, Money, Rate};
use perennial_core::payment::{MethodKind, MethodStatus, OnGateway, Preference};
use perennial_core::product::{Kind, Price, Renewability};
use perennial_core::service::RenewalMode;

use super::entry::{Entry, Form, Table};
use super::problem::{Place, Problems};
use crate::gateway::{id, stripe};

/// All drafts of an import, in the order of the files.
#[derive(Clone, Debug, Default)]
pub struct Drafts {
    /// Tables and codes or names of all entries, those that are wrong in themselves included: what refers to one of
    /// them is not to blame.
    pub named: HashSet<(Table, String)>,
    pub seller: Option<SellerDraft>,
    pub accounts: Vec<AccountDraft>,
    pub products: Vec<ProductDraft>,
    pub prices: Vec<PriceDraft>,
    pub promos: Vec<PromoDraft>,
    pub services: Vec<ServiceDraft>,
    pub methods: Vec<MethodDraft>,
    pub coupons: Vec<CouponDraft>,
}

#[derive(Clone, Debug)]
pub struct SellerDraft {
    pub name: String,
    pub address: Option<Vec<String>>,
    pub vat_number: Option<String>,
    pub invoice_series: Option<String>,
    pub credit_series: Option<String>,
    pub collects: Option<Vec<MethodKind>>,
    pub receipts: Option<bool>,
}

#[derive(Clone, Debug)]
pub struct AccountDraft {
    pub entry: Arc<Entry>,
    pub code: String,
    pub name: String,
    pub email: String,
    pub country: String,
    pub vat_number: Option<String>,
    pub currency: Currency,
    pub tax: TaxTreatment,
    pub zone: Option<Zone>,
    pub credit_limit: Option<Money>,
    pub joint_orders: Option<bool>,
    pub align_day: Option<AlignDraft>,
    pub standing: Option<Standing>,
    pub facts: Option<BTreeMap<String, String>>,
}

/// The day on which an account's services are to end, or that there is to be none.
#[derive(Clone, Copy, Debug)]
pub struct AlignDraft(pub Option<AnchorDay>);

#[derive(Clone, Debug)]
pub struct ProductDraft {
    pub entry: Arc<Entry>,
    pub code: String,
    pub name: String,
    pub kind: Kind,
    pub renewability: Option<Renewability>,
    pub grace_days: Option<u16>,
    pub suspension_days: Option<u16>,
    pub redemption_days: Option<u16>,
    /// In each currency at most one.
    pub redemption_fees: Option<Vec<Money>>,
    pub ahead_months_max: Option<u16>,
    pub facts: Option<BTreeMap<String, String>>,
    pub prices: Option<Vec<(Place, Price)>>,
}

#[derive(Clone, Debug)]
pub struct PriceDraft {
    pub entry: Arc<Entry>,
    pub product: String,
    pub price: Price,
}

#[derive(Clone, Debug)]
pub struct PromoDraft {
    pub entry: Arc<Entry>,
    pub code: String,
    pub off: Rate,
    /// Codes of the products that it is given for; empty for all.
    pub products: Option<Vec<String>>,
    pub months_min: Option<u16>,
    pub starts: Option<Timestamp>,
    pub ends: Option<Timestamp>,
}

#[derive(Clone, Debug)]
pub struct ServiceDraft {
    pub entry: Arc<Entry>,
    pub id: Option<i64>,
    pub name: String,
    pub account: String,
    pub product: String,
    pub parent: Option<ParentDraft>,
    pub display_name: Option<String>,
    pub created: Option<Date>,
    pub until: Date,
    pub anchor: Option<AnchorDay>,
    pub mode: Option<RenewalMode>,
    pub period: Option<Period>,
    pub protected_prices: Option<Vec<AmountDraft>>,
    pub facts: Option<BTreeMap<String, String>>,
}

/// The service that another belongs to, by its name; by its kind too, where two of the account have the name.
#[derive(Clone, Debug)]
pub struct ParentDraft {
    pub name: String,
    pub kind: Option<Kind>,
}

/// A price in the currency of an account that is not looked up yet.
#[derive(Clone, Debug)]
pub struct AmountDraft {
    pub place: Place,
    pub period: Period,
    pub net: String,
}

#[derive(Clone, Debug)]
pub struct MethodDraft {
    pub entry: Arc<Entry>,
    pub account: String,
    pub kind: MethodKind,
    pub label: String,
    pub description: Option<String>,
    pub status: Option<MethodStatus>,
    pub preference: Option<Preference>,
    pub expires: Option<Date>,
    pub on_gateway: Option<OnGateway>,
}

#[derive(Clone, Debug)]
pub struct CouponDraft {
    pub entry: Arc<Entry>,
    pub id: i64,
    pub account: String,
    pub amount: String,
    pub expires: Option<Timestamp>,
}

impl Drafts {
    /// Reads entries, and reports what is wrong with each on its own, and what is there twice.
    pub fn of(entries: &[Arc<Entry>], problems: &mut Problems) -> Self {
        let mut drafts = Self::default();
        for entry in entries {
            drafts.named.extend(entry.name().map(|name| (entry.table, name.to_owned())));
            let mut form = Form::of(entry, problems);
            match entry.table {
                Table::Seller => {
                    let seller = seller(&mut form);
                    if drafts.seller.is_some() {
                        form.report(&entry.place, "name", "there is one seller, and it is here twice".to_owned());
                    }
                    drafts.seller = seller.or(drafts.seller);
                }
                Table::Accounts => drafts.accounts.extend(account(&mut form, entry)),
                Table::Products => drafts.products.extend(product(&mut form, entry)),
                Table::Prices => drafts.prices.extend(price(&mut form, entry)),
                Table::Promos => drafts.promos.extend(promo(&mut form, entry)),
                Table::Services => drafts.services.extend(service(&mut form, entry)),
                Table::Methods => drafts.methods.extend(method(&mut form, entry)),
                Table::Coupons => drafts.coupons.extend(coupon(&mut form, entry)),
            }
            form.finish();
        }
        drafts.report_twins(problems);
        drafts
    }

    fn report_twins(&self, problems: &mut Problems) {
        let accounts = self.accounts.iter().map(|draft| (draft.entry.place_of("code"), &draft.code));
        report_twins(accounts, "accounts.code", problems);
        let products = self.products.iter().map(|draft| (draft.entry.place_of("code"), &draft.code));
        report_twins(products, "products.code", problems);
        let promos = self.promos.iter().map(|draft| (draft.entry.place_of("code"), &draft.code));
        report_twins(promos, "promos.code", problems);
        let inline = self.products.iter().flat_map(|draft| {
            let prices = draft.prices.iter().flatten();
            prices.map(|(place, price)| (place, (&draft.code, price.period, price.net.currency())))
        });
        let listed = self.prices.iter().map(|draft| {
            let Price { period, net } = draft.price;
            (draft.entry.place_of("period"), (&draft.product, period, net.currency()))
        });
        report_twins(inline.chain(listed), "prices.period", problems);
        let ids = self.services.iter().filter_map(|draft| Some((draft.entry.place_of("id"), draft.id?)));
        report_twins(ids, "services.id", problems);
        let methods = self.methods.iter();
        let labels = methods.map(|draft| (draft.entry.place_of("label"), (&draft.account, draft.kind, &draft.label)));
        report_twins(labels, "methods.label", problems);
        let defaults = self.methods.iter().filter(|draft| draft.preference == Some(Preference::Default));
        let defaults = defaults.map(|draft| (draft.entry.place_of("default"), &draft.account));
        report_twins(defaults, "methods.default", problems);
        let coupons = self.coupons.iter().map(|draft| (draft.entry.place_of("id"), draft.id));
        report_twins(coupons, "coupons.id", problems);
    }
}

/// Reports all but the first of those that have the same key.
pub fn report_twins<'a, K: std::hash::Hash + Eq>(
    keyed: impl Iterator<Item = (&'a Place, K)>,
    field: &str,
    problems: &mut Problems,
) {
    let mut seen = HashMap::new();
    for (place, key) in keyed {
        if let Some(earlier) = seen.get(&key) {
            problems.report(place, field, format!("is here twice: {earlier} says the same"));
        } else {
            seen.insert(key, place);
        }
    }
}

fn seller(form: &mut Form<'_>) -> Option<SellerDraft> {
    let name = form.required("name", words);
    Some(SellerDraft {
        address: form.list("address", words),
        vat_number: form.optional("vat_number", words),
        invoice_series: form.optional("invoice_series", series),
        credit_series: form.optional("credit_series", series),
        collects: form.list("collects", collected_kind),
        receipts: form.flag("receipts"),
        name: name?,
    })
}

fn account(form: &mut Form<'_>, entry: &Arc<Entry>) -> Option<AccountDraft> {
    let code = form.required("code", code);
    let name = form.required("name", words);
    let email = form.required("email", email);
    let country = form.required("country", country);
    let currency = form.required("currency", Currency::parse);
    let tax = tax(form);
    let limit = |text: &str| match currency {
        Some(currency) => Money::parse(text, currency)
            .map_err(|error| error.to_string())
            .and_then(|limit| if limit.minor() < 0 { Err("is below zero".to_owned()) } else { Ok(Some(limit)) }),
        None => Ok(None),
    };
    let credit_limit = form.optional("credit_limit", limit).flatten();
    let joint_orders = form.flag("joint_orders");
    Some(AccountDraft {
        entry: Arc::clone(entry),
        vat_number: form.optional("vat_number", words),
        zone: form.optional("zone", Zone::parse),
        credit_limit,
        joint_orders,
        align_day: form.optional("align_day", align_day),
        standing: form.optional("standing", |word| {
            Standing::from_word(word).ok_or_else(|| one_of(word, ["customer", "reseller"]))
        }),
        facts: form.map("facts"),
        code: code?,
        name: name?,
        email: email?,
        country: country?,
        currency: currency?,
        tax: tax?,
    })
}

/// `tax` with its `tax_rate`, which only the standard treatment has.
fn tax(form: &mut Form<'_>) -> Option<TaxTreatment> {
    let rate = form.optional("tax_rate", percent);
    let treatment = form.required("tax", |word| {
        TaxTreatment::from_word(word, rate.unwrap_or_default())
            .ok_or_else(|| one_of(word, ["standard", "reverse-charge", "exempt"]))
    })?;
    match (treatment, rate) {
        (TaxTreatment::Standard(_), None) => {
            if !form.says("tax_rate") {
                let place = form.place("tax");
                form.report(&place, "tax_rate", "is missing".to_owned());
            }
            None
        }
        (TaxTreatment::ReverseCharge | TaxTreatment::Exempt, Some(_)) => {
            let place = form.place("tax_rate");
            form.report(&place, "tax_rate", format!("is for `standard` only, not for `{}`", treatment.word()));
            None
        }
        _ => Some(treatment),
    }
}

fn product(form: &mut Form<'_>, entry: &Arc<Entry>) -> Option<ProductDraft> {
    let code = form.required("code", code);
    let name = form.required("name", words);
    let kind = form.required("kind", kind);
    let renewability = form.optional("renewability", |word| {
        Renewability::from_word(word).ok_or_else(|| one_of(word, Renewability::ALL.map(Renewability::word)))
    });
    Some(ProductDraft {
        entry: Arc::clone(entry),
        renewability,
        grace_days: form.optional("grace_days", count),
        suspension_days: form.optional("suspension_days", count),
        redemption_days: form.optional("redemption_days", count),
        redemption_fees: redemption_fees(form),
        ahead_months_max: form.optional("ahead_months_max", count),
        facts: form.map("facts"),
        prices: form.groups("prices", |form| Some((form.place("period"), list_price(form)?))),
        code: code?,
        name: name?,
        kind: kind?,
    })
}

/// `redemption_fees`, one for a currency.
fn redemption_fees(form: &mut Form<'_>) -> Option<Vec<Money>> {
    let fees = form.several("redemption_fees", fees)?;
    let currencies: HashSet<_> = fees.iter().map(|fee| fee.currency()).collect();
    if currencies.len() < fees.len() {
        let place = form.place("redemption_fees");
        form.report(&place, "redemption_fees", "has two fees in one currency".to_owned());
        return None;
    }
    Some(fees)
}

/// Amounts with their currencies, such as `80 EUR`, with blanks between them.
fn fees(text: &str) -> Result<Vec<Money>, String> {
    let words: Vec<_> = text.split_whitespace().collect();
    let (pairs, rest) = words.as_chunks::<2>();
    if pairs.is_empty() || !rest.is_empty() {
        return Err(format!("`{text}` is not an amount with its currency, such as 80 EUR"));
    }
    let fee = |[fee, currency]: &[&str; 2]| amount(fee, Currency::parse(currency).map_err(|error| error.to_string())?);
    pairs.iter().map(fee).collect()
}

fn price(form: &mut Form<'_>, entry: &Arc<Entry>) -> Option<PriceDraft> {
    let product = form.required("product", code);
    let price = list_price(form);
    Some(PriceDraft { entry: Arc::clone(entry), product: product?, price: price? })
}

fn list_price(form: &mut Form<'_>) -> Option<Price> {
    let period = form.required("period", Period::parse);
    let currency = form.required("currency", Currency::parse);
    let net = form.required("net", |text| match currency {
        Some(currency) => amount(text, currency).map(Some),
        None => Ok(None),
    });
    Some(Price { period: period?, net: net.flatten()? })
}

fn promo(form: &mut Form<'_>, entry: &Arc<Entry>) -> Option<PromoDraft> {
    let code = form.required("code", code);
    let off = form.required("off", percent);
    let products = form.codes("products", self::code);
    let months_min = form.optional("months_min", count);
    let starts = form.optional("starts", instant);
    let ends = form.optional("ends", instant);
    let entry = Arc::clone(entry);
    Some(PromoDraft { entry, code: code?, off: off?, products, months_min, starts, ends })
}

fn service(form: &mut Form<'_>, entry: &Arc<Entry>) -> Option<ServiceDraft> {
    let name = form.required("name", words);
    let account = form.required("account", code);
    let product = form.required("product", code);
    let until = form.required("until", parse_date);
    let created = form.optional("created", parse_date);
    if let (Some(created), Some(until)) = (created, until)
        && created > until
    {
        let place = form.place("created");
        form.report(&place, "created", format!("is after its end, {until}"));
    }
    let mode = form.optional("mode", |word| {
        RenewalMode::from_word(word).ok_or_else(|| one_of(word, RenewalMode::ALL.map(RenewalMode::word)))
    });
    let parent_kind = form.optional("parent_kind", kind);
    let parent = form.optional("parent", words);
    Some(ServiceDraft {
        entry: Arc::clone(entry),
        id: form.optional("id", id),
        parent: parent.map(|name| ParentDraft { name, kind: parent_kind }),
        display_name: form.optional("display_name", words),
        created,
        anchor: form.optional("anchor_day", anchor_day),
        mode,
        period: form.optional("period", Period::parse),
        protected_prices: form.groups("protected_prices", |form| {
            let period = form.required("period", Period::parse);
            let net = form.required("net", words);
            Some(AmountDraft { place: form.place("net"), period: period?, net: net? })
        }),
        facts: form.map("facts"),
        name: name?,
        account: account?,
        product: product?,
        until: until?,
    })
}

fn method(form: &mut Form<'_>, entry: &Arc<Entry>) -> Option<MethodDraft> {
    let account = form.required("account", code);
    let kind = form.required("kind", collected_kind);
    let label = form.required("label", words);
    let status = form
        .optional("status", |word| MethodStatus::from_word(word).ok_or_else(|| one_of(word, ["valid", "cancelled"])));
    let default = form.flag("default");
    Some(MethodDraft {
        entry: Arc::clone(entry),
        description: form.optional("description", words),
        status,
        preference: default.map(|default| if default { Preference::Default } else { Preference::Other }),
        expires: form.optional("expires", parse_date),
        on_gateway: on_gateway(form),
        account: account?,
        kind: kind?,
        label: label?,
    })
}

/// Where a gateway keeps a method: all of it, or nothing.
fn on_gateway(form: &mut Form<'_>) -> Option<OnGateway> {
    const KEYS: [&str; 3] = ["gateway", "gateway_customer", "gateway_method"];
    let said = KEYS.map(|key| form.says(key));
    if let Some((absent, _)) = KEYS.into_iter().zip(said).find(|(_, said)| !said).filter(|_| said.contains(&true)) {
        let there = KEYS.into_iter().zip(said).find(|(_, said)| *said).map_or(absent, |(there, _)| there);
        let place = form.place(there);
        form.report(&place, absent, format!("is missing, and `{there}` is there"));
    }
    let name = |word: &str| {
        Some(word.to_owned()).filter(|word| word == stripe::NAME).ok_or_else(|| one_of(word, [stripe::NAME]))
    };
    let gateway = form.optional("gateway", name);
    let customer = form.optional("gateway_customer", id::customer);
    let method = form.optional("gateway_method", id::method);
    Some(OnGateway { gateway: gateway?, customer: customer?, method: method? })
}

fn coupon(form: &mut Form<'_>, entry: &Arc<Entry>) -> Option<CouponDraft> {
    let id = form.required("id", id);
    let account = form.required("account", code);
    let amount = form.required("amount", words);
    let expires = form.optional("expires", instant);
    let entry = Arc::clone(entry);
    Some(CouponDraft { entry, id: id?, account: account?, amount: amount?, expires })
}

/// A price or an amount that is given: not below zero.
pub fn amount(text: &str, currency: Currency) -> Result<Money, String> {
    let amount = Money::parse(text, currency).map_err(|error| error.to_string())?;
    if amount.minor() < 0 { Err(format!("`{text}` is below zero")) } else { Ok(amount) }
}

fn words(text: &str) -> Result<String, String> {
    const LENGTH_MAX: usize = 255;
    match text.trim() {
        "" => Err("is empty".to_owned()),
        text if text.chars().count() > LENGTH_MAX => Err(format!("is longer than {LENGTH_MAX} characters")),
        text if text.contains(char::is_control) => Err("has control characters in it".to_owned()),
        text => Ok(text.to_owned()),
    }
}

fn code(text: &str) -> Result<String, String> {
    let text = words(text)?;
    if text.contains(char::is_whitespace) { Err(format!("`{text}` has a blank in it")) } else { Ok(text) }
}

fn series(text: &str) -> Result<String, String> {
    let plain = (1..=12).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    // A digit at its end would run into the number that follows it.
    if plain && !text.ends_with(|letter: char| letter.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err(format!("`{text}` is not 1 to 12 letters, digits and hyphens that end with no digit"))
    }
}

fn email(text: &str) -> Result<String, String> {
    let whole = code(text)?;
    let sides = whole.split_once('@').filter(|(name, host)| !name.is_empty() && host.contains('.'));
    if sides.is_some() { Ok(whole) } else { Err(format!("`{text}` is not an e-mail address")) }
}

fn country(text: &str) -> Result<String, String> {
    let iso = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    if iso { Ok(text.to_owned()) } else { Err(format!("`{text}` is not a country code such as FR")) }
}

fn kind(word: &str) -> Result<Kind, String> {
    Kind::from_word(word).ok_or_else(|| one_of(word, Kind::ALL.map(Kind::word)))
}

/// A kind of method that is registered; balance and credit line need no registration.
fn collected_kind(word: &str) -> Result<MethodKind, String> {
    let registered = MethodKind::ALL.into_iter().filter(|kind| !Seller::default().takes(*kind));
    let words: Vec<_> = registered.map(MethodKind::word).collect();
    MethodKind::from_word(word).filter(|kind| words.contains(&kind.word())).ok_or_else(|| one_of(word, words))
}

fn percent(text: &str) -> Result<Rate, String> {
    Rate::parse_percent(text)
        .map_err(|_| format!("`{text}` is not a percentage from 0 to 100 with at most 4 decimals, such as 20"))
}

fn count(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| format!("`{text}` is not a whole number from 0 to {}", u16::MAX))
}

fn id(text: &str) -> Result<i64, String> {
    text.parse().ok().filter(|id| *id > 0).ok_or_else(|| format!("`{text}` is not a whole number above 0"))
}

fn anchor_day(text: &str) -> Result<AnchorDay, String> {
    let not_a_day = || format!("`{text}` is not a day of the month, 1 to 31");
    AnchorDay::new(text.parse().map_err(|_| not_a_day())?).map_err(|_| not_a_day())
}

fn align_day(text: &str) -> Result<AlignDraft, String> {
    if text == "0" { Ok(AlignDraft(None)) } else { anchor_day(text).map(Some).map(AlignDraft) }
}

/// An instant, or a date for its first moment in UTC.
fn instant(text: &str) -> Result<Timestamp, String> {
    let midnight = || Zone::UTC.midnight(parse_date(text).ok()?).ok();
    text.parse().ok().or_else(midnight).ok_or_else(|| {
        format!("`{text}` is neither a date such as 2027-01-31 nor an instant such as 2027-01-31T12:00:00Z")
    })
}

fn one_of(word: &str, words: impl IntoIterator<Item = &'static str>) -> String {
    let words: Vec<_> = words.into_iter().map(|word| format!("`{word}`")).collect();
    format!("`{word}` is none of {}", words.join(", "))
}
