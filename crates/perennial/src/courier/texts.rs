//! Texts: the templates of mails, built in or an operator's own, and the languages that they are in.
//!
//! A language is a folder. Of each kind of notice it has a text, `expiring.txt`, whose first line is `Subject: ...`, and the
//! same as HTML, `expiring.html`. What a language does not have is taken from English. (The rejected way is one text from
//! which the other form is made: neither would read well.) Why an order was not paid is a clause that both forms quote,
//! `reason.txt`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail, ensure};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, UndefinedBehavior};
use perennial_core::account::{Account, Seller};
use perennial_core::notice::{NoticeKind, Unpaid};

use super::facts::{Facts, LineFacts, OrderFacts};

/// What the texts of a language share.
const SHARED: [&str; 3] = ["frame", "order", "pay"];

/// Why an order was not paid, in words.
const REASON: &str = "reason.txt";

/// The language that is there for everybody.
const FALLBACK: &str = "en";

macro_rules! language {
    ($name:literal) => {
        language!($name: "termination-requested" "expiring" "ending" "proposed" "method-ends" "paid" "not-paid" "expired"
            "suspended" "redemption" "terminated" "frame" "order" "pay")
    };
    ($name:literal: $($file:literal)*) => {
        [(concat!($name, "/reason.txt"), include_str!(concat!("../../assets/mail/", $name, "/reason.txt"))), $(
            (concat!($name, "/", $file, ".txt"),
                include_str!(concat!("../../assets/mail/", $name, "/", $file, ".txt"))),
            (concat!($name, "/", $file, ".html"),
                include_str!(concat!("../../assets/mail/", $name, "/", $file, ".html"))),
        )*]
    };
}

/// The built-in texts, by language and file.
const BUILT_IN: [[(&str, &str); 29]; 2] = [language!("en"), language!("de")];

/// A mail in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// One line.
    pub subject: String,
    /// The plain form.
    pub plain: String,
    /// The HTML form.
    pub html: String,
}

/// Templates that were read and tried.
pub struct Texts {
    environment: Environment<'static>,
    /// Where the operator's own are, by language and file.
    files: BTreeMap<String, PathBuf>,
    languages: BTreeSet<String>,
}

impl Texts {
    /// Reads the built-in texts and those in a folder, and tries each with sample facts.
    ///
    /// # Errors
    /// With the file, the line and the reason, when one cannot be read or cannot be written out.
    pub fn load(folder: Option<&Path>) -> anyhow::Result<Self> {
        let built_in = BUILT_IN.iter().flatten();
        let mut sources: BTreeMap<_, _> =
            built_in.map(|(name, source)| ((*name).to_owned(), (*source).to_owned())).collect();
        let mut files = BTreeMap::new();
        for (name, file) in folder.map(own_files).transpose()?.unwrap_or_default() {
            let source =
                std::fs::read_to_string(&file).with_context(|| format!("reading the template {}", file.display()))?;
            sources.insert(name.clone(), source);
            files.insert(name, file);
        }
        let languages: BTreeSet<_> = sources.keys().map(|name| language_in(name).to_owned()).collect();
        let mut texts = Self { environment: environment()?, files, languages: BTreeSet::new() };
        for language in &languages {
            for (file, is_shared) in
                NoticeKind::WORDS.map(|kind| (kind, false)).into_iter().chain(SHARED.map(|part| (part, true)))
            {
                texts.add(language, file, is_shared, &sources)?;
            }
            let reason = format!("{language}/{REASON}");
            let source = sources.get(&reason).unwrap_or_else(|| &sources[&format!("{FALLBACK}/{REASON}")]);
            texts.compile(reason.clone(), source.clone(), &reason)?;
        }
        texts.languages = languages;
        texts.check()?;
        Ok(texts)
    }

    /// Adds both forms of a file of a language.
    fn add(
        &mut self,
        language: &str,
        file: &str,
        is_shared: bool,
        sources: &BTreeMap<String, String>,
    ) -> anyhow::Result<()> {
        let names = [format!("{language}/{file}.txt"), format!("{language}/{file}.html")];
        let [plain, html] = names.clone().map(|name| sources.get(&name));
        if !is_shared && plain.is_some() != html.is_some() {
            let [there, missing] = if plain.is_some() { [0, 1] } else { [1, 0] }.map(|at: usize| &names[at]);
            bail!("the template {} has nothing beside it\nhint: add {missing}", self.place(there, None));
        }
        for (name, own) in names.into_iter().zip([plain, html]) {
            let fallback = name.replacen(language, FALLBACK, 1);
            let source = own.unwrap_or_else(|| &sources[&fallback]).clone();
            let is_text = name.strip_suffix(".txt").filter(|_| !is_shared).map(str::to_owned);
            let source = match is_text {
                Some(stem) => {
                    let (subject, body) = self.split(&name, &source)?;
                    self.compile(format!("{stem}.subject"), subject, &name)?;
                    body
                }
                None => source,
            };
            self.compile(name.clone(), source, &name)?;
        }
        Ok(())
    }

    /// The subject, and the text with an empty line in its place, so that lines keep their numbers.
    fn split(&self, name: &str, source: &str) -> anyhow::Result<(String, String)> {
        let (first, rest) = source.split_once('\n').unwrap_or((source, ""));
        let subject = first.strip_prefix("Subject: ").map(str::trim).filter(|subject| !subject.is_empty());
        let subject = subject.with_context(|| {
            format!("{} has no subject\nhint: the first line is `Subject: ...`", self.place(name, Some(1)))
        })?;
        Ok((subject.to_owned(), format!("\n{rest}")))
    }

    fn compile(&mut self, name: String, source: String, file: &str) -> anyhow::Result<()> {
        self.environment.add_template_owned(name, source).map_err(|error| self.told(&error, file))
    }

    /// Writes out what there is in every language, with all facts and with few.
    fn check(&self) -> anyhow::Result<()> {
        for language in &self.languages {
            for kind in NoticeKind::WORDS {
                for facts in [Facts::sample(), Facts::poor_sample()] {
                    let file = format!("{language}/{kind}.txt");
                    self.write(language, kind, &facts).map_err(|error| self.told(&error, &file))?;
                }
            }
            self.check_reasons(language)?;
        }
        Ok(())
    }

    /// Writes out every reason for which an order is not paid: a language has words for each.
    fn check_reasons(&self, language: &str) -> anyhow::Result<()> {
        let file = format!("{language}/{REASON}");
        let told = |error| self.told(&error, &file);
        for word in Unpaid::all().map(Unpaid::word) {
            for sample in [Facts::sample(), Facts::poor_sample()] {
                let facts = Facts { reason_word: word.to_owned(), ..sample };
                let reason = self.reason(language, &facts).map_err(told)?;
                ensure!(!reason.is_empty(), "the template {} has no words for `{word}`", self.place(&file, None));
                self.write(language, "not-paid", &facts).map_err(told)?;
            }
        }
        Ok(())
    }

    /// A mail about a kind of notice, in a language if there is one, else in English.
    ///
    /// # Errors
    /// With the file, the line and the reason, when a template cannot be written out with these facts.
    pub fn render(&self, language: &str, kind: &str, facts: &Facts) -> anyhow::Result<Text> {
        let language = self.languages.get(language).map_or(FALLBACK, String::as_str);
        self.write(language, kind, facts).map_err(|error| self.told(&error, kind))
    }

    fn write(&self, language: &str, kind: &str, facts: &Facts) -> Result<Text, Error> {
        let reason = self.reason(language, facts)?;
        let write = |form: &str, subject: &str| {
            let template = self.environment.get_template(&format!("{language}/{kind}.{form}"))?;
            template.render(facts.value(subject, &reason))
        };
        let subject = one_line(&write("subject", "")?);
        let plain = squeezed(&write("txt", &subject)?);
        let html = write("html", &subject)?;
        Ok(Text { subject, plain, html })
    }

    /// Why an order was not paid, as a clause; empty where that is not told.
    fn reason(&self, language: &str, facts: &Facts) -> Result<String, Error> {
        if facts.reason_word.is_empty() {
            return Ok(String::new());
        }
        let template = self.environment.get_template(&format!("{language}/{REASON}"))?;
        Ok(one_line(&template.render(facts.value("", ""))?))
    }

    /// Where a template is, for people.
    fn place(&self, name: &str, line: Option<usize>) -> String {
        let file = self.files.get(name).map_or_else(|| format!("(built in) {name}"), |file| file.display().to_string());
        line.map_or_else(|| file.clone(), |line| format!("{file}, line {line}"))
    }

    /// An error with its place; the file is told where the error does not name one.
    fn told(&self, mut error: &Error, file: &str) -> anyhow::Error {
        // What went wrong in a part is the cause of what went wrong in the whole.
        while let Some(cause) = std::error::Error::source(error).and_then(|cause| cause.downcast_ref()) {
            error = cause;
        }
        let name = error.name().unwrap_or(file);
        let name = name.strip_suffix(".subject").map_or_else(|| name.to_owned(), |stem| format!("{stem}.txt"));
        let detail = error.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
        let place = self.place(&name, error.line());
        anyhow!("the template {place}: {}{detail}\nhint: mend it, and see with `perennial serve --check`", error.kind())
    }
}

/// The language of an account, as far as texts go: `de` of `de_DE`, `de-AT` or `de`. It is the account's fact `language`.
pub fn language_of(account: &Account) -> String {
    let told = account.facts.get("language").map_or(FALLBACK, String::as_str);
    told.split(['_', '-']).next().unwrap_or_default().to_lowercase()
}

fn environment() -> anyhow::Result<Environment<'static>> {
    let mut environment = Environment::new();
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    // A fact that is not there is a slip of the pen, and not to be found out by a customer.
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // What a template names is of its own language.
    environment.set_path_join_callback(|name, parent| format!("{}/{name}", language_in(parent)).into());
    Ok(environment)
}

fn language_in(name: &str) -> &str {
    name.split_once('/').map_or(FALLBACK, |(language, _)| language)
}

/// The templates in an operator's folder, by language and file.
fn own_files(folder: &Path) -> anyhow::Result<Vec<(String, PathBuf)>> {
    let list = |folder: &Path| -> anyhow::Result<Vec<(String, PathBuf)>> {
        let what = || format!("reading the folder {}\nhint: `templates` under [mail] names it", folder.display());
        let entry = |entry: std::io::Result<std::fs::DirEntry>| {
            let entry = entry?;
            Ok((entry.file_name().to_string_lossy().into_owned(), entry.path()))
        };
        std::fs::read_dir(folder).with_context(what)?.map(entry).collect::<std::io::Result<_>>().with_context(what)
    };
    let mut found = Vec::new();
    for (language, folder) in list(folder)?.into_iter().filter(|(_, path)| path.is_dir()) {
        let is_language = (2..=3).contains(&language.len()) && language.bytes().all(|byte| byte.is_ascii_lowercase());
        ensure!(is_language, "{} is not named after a language, such as `de`", folder.display());
        for (file, path) in list(&folder)? {
            let Some(stem) = file.strip_suffix(".txt").or_else(|| file.strip_suffix(".html")) else { continue };
            ensure!(
                NoticeKind::WORDS.contains(&stem) || SHARED.contains(&stem) || file == REASON,
                "{} is no text of a mail\nhint: those are {}, {}, and {REASON}",
                path.display(),
                NoticeKind::WORDS.join(", "),
                SHARED.join(", ")
            );
            found.push((format!("{language}/{file}"), path));
        }
    }
    Ok(found)
}

/// A text in one line, whatever names it quotes.
fn one_line(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text without what templates leave behind: lines of nothing are one, and none stands at the ends.
fn squeezed(text: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in text.trim().lines() {
        // The two dashes before a signature end in a space (RFC 3676).
        let line = if line == "-- " { line } else { line.trim_end() };
        if !line.is_empty() || lines.last().is_some_and(|last| !last.is_empty()) {
            lines.push(line);
        }
    }
    lines.join("\n") + "\n"
}

impl Facts {
    /// Facts to try templates with.
    pub fn sample() -> Self {
        let line = LineFacts {
            description: "VPS SSD 1".to_owned(),
            service: "vps1.example.net".to_owned(),
            from: "2027-01-31".to_owned(),
            until: "2027-02-28".to_owned(),
            net: "10.00 EUR".to_owned(),
        };
        let order = OrderFacts {
            number: "7".to_owned(),
            date: "2027-01-17".to_owned(),
            lapses: "2027-01-31".to_owned(),
            lines: vec![line],
            net: "10.00 EUR".to_owned(),
            tax: "2.00 EUR".to_owned(),
            tax_rate: "20 %".to_owned(),
            treatment: "standard".to_owned(),
            gross: "12.00 EUR".to_owned(),
            pay_url: "https://renew.example.net/billing/pay/link".to_owned(),
            url: "https://renew.example.net/order/demo/7?password=open".to_owned(),
        };
        Self {
            name: "Zoë <Ångström> & Söhne".to_owned(),
            customer: "demo".to_owned(),
            seller: Seller {
                name: "Example Hosting".to_owned(),
                address: vec!["Roubaix".to_owned()],
                ..Seller::default()
            },
            service: "vps1.example.net".to_owned(),
            token: "token-to-send-back".to_owned(),
            until: "2027-01-31".to_owned(),
            on: "2027-01-24".to_owned(),
            reason_word: "declined".to_owned(),
            order: Some(order),
            method_kind: "card".to_owned(),
            method_label: "visa **** 4242".to_owned(),
            invoice: "FR00000001".to_owned(),
        }
    }

    /// The same, without what may be missing.
    fn poor_sample() -> Self {
        let sample = Self::sample();
        let bare = |order: OrderFacts| OrderFacts {
            lines: Vec::new(),
            tax_rate: "0 %".to_owned(),
            treatment: "reverse-charge".to_owned(),
            pay_url: String::new(),
            ..order
        };
        Self {
            order: sample.order.map(bare),
            on: String::new(),
            method_kind: "balance".to_owned(),
            method_label: String::new(),
            invoice: String::new(),
            ..sample
        }
    }
}
