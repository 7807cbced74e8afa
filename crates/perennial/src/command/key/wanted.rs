//! What the arguments of `key issue` ask for: whether they go together, and what the key may do.

use perennial_core::credential::{AccessRule, Flow};

use super::issue::IssueArgs;
use super::{Dialect, KeyKind, rule};
use crate::command::Misuse;

/// What is to be made.
pub(super) enum Wanted<'a> {
    /// An application, or an OAuth2 client.
    Application(Flow),
    /// A consumer key for an application, named by its key.
    Consumer {
        /// The application's key.
        application: &'a str,
    },
    /// A key that is presented as it is.
    Token(Vec<AccessRule>),
    /// A token for the calendar feed.
    Calendar,
    /// An access key.
    AccessKey(Vec<AccessRule>),
    /// An access key of a session.
    Session(Vec<AccessRule>),
}

/// What an access key may do that reads and nothing else.
const ALIYUN_READS: [(&str, &str); 3] = [("ecs", "Describe*"), ("bss", "Query*"), ("bss", "Get*")];

impl<'a> Wanted<'a> {
    /// What the arguments ask for.
    ///
    /// # Errors
    /// When they do not go together, or a scope is misspelt.
    pub(super) fn of(args: &'a IssueArgs) -> Result<Self, Misuse> {
        check_dialect(args)?;
        match args.dialect {
            Dialect::Ovh => Self::of_ovh(args),
            Dialect::Vpsbg if args.read_only => Ok(Self::Token(vec![rule("GET", "/*")])),
            Dialect::Vpsbg => {
                Ok(Self::Token(["GET", "POST", "PATCH", "PUT", "DELETE"].map(|method| rule(method, "/*")).to_vec()))
            }
            Dialect::Hostup if args.scope.is_empty() => {
                Ok(Self::Token(["read", "write"].map(|verb| rule(verb, "all")).to_vec()))
            }
            Dialect::Hostup => Ok(Self::Token(scopes(args, hostup_scope)?)),
            Dialect::Aliyun => Self::of_aliyun(args),
            Dialect::Calendar if !args.allow_ip.is_empty() => {
                Err(Misuse("--allow-ip is not for `--dialect calendar`".to_owned()))
            }
            Dialect::Calendar => Ok(Self::Calendar),
        }
    }

    fn of_ovh(args: &'a IssueArgs) -> Result<Self, Misuse> {
        let for_consumer =
            args.application.is_some() || !args.rule.is_empty() || !args.allow_ip.is_empty() || args.expires.is_some();
        match args.kind {
            Some(KeyKind::Consumer) => {
                Ok(Self::Consumer { application: args.application.as_deref().unwrap_or_default() })
            }
            _ if for_consumer => {
                Err(Misuse("--application, --rule, --allow-ip and --expires are for `--kind consumer`".to_owned()))
            }
            Some(KeyKind::Oauth2) => Ok(Self::Application(Flow::ClientCredentials)),
            _ => Ok(Self::Application(Flow::Signature)),
        }
    }

    fn of_aliyun(args: &IssueArgs) -> Result<Self, Misuse> {
        let rules = match (args.read_only, args.scope.is_empty()) {
            (true, false) => return Err(Misuse("--read-only and --scope exclude each other".to_owned())),
            (true, true) => ALIYUN_READS.map(|(api, actions)| rule(api, actions)).to_vec(),
            (false, true) => vec![rule("*", "*")],
            (false, false) => scopes(args, aliyun_scope)?,
        };
        match args.kind {
            Some(KeyKind::Sts) if args.expires.is_some() => {
                Err(Misuse("a session ends after 12 hours: --expires is for `--kind access-key`".to_owned()))
            }
            Some(KeyKind::Sts) => Ok(Self::Session(rules)),
            _ => Ok(Self::AccessKey(rules)),
        }
    }
}

/// Whether everything that is given is for the API.
fn check_dialect(args: &IssueArgs) -> Result<(), Misuse> {
    use Dialect::{Aliyun, Hostup, Ovh, Vpsbg};
    let table: [(&str, bool, &[Dialect]); 5] = [
        ("--kind", args.kind.is_some(), &[Ovh, Aliyun]),
        ("--application", args.application.is_some(), &[Ovh]),
        ("--rule", !args.rule.is_empty(), &[Ovh]),
        ("--read-only", args.read_only, &[Vpsbg, Aliyun]),
        ("--scope", !args.scope.is_empty(), &[Hostup, Aliyun]),
    ];
    for (argument, is_given, dialects) in table {
        if is_given && !dialects.contains(&args.dialect) {
            let dialects: Vec<_> = dialects.iter().map(|dialect| format!("`--dialect {}`", dialect.word())).collect();
            return Err(Misuse(format!("{argument} is for {}", dialects.join(" and "))));
        }
    }
    match args.kind {
        Some(kind) if kind.dialect() != args.dialect => {
            Err(Misuse(format!("`--kind {}` is for `--dialect {}`", kind.word(), kind.dialect().word())))
        }
        _ => Ok(()),
    }
}

fn scopes(args: &IssueArgs, parse: fn(&str) -> Result<AccessRule, String>) -> Result<Vec<AccessRule>, Misuse> {
    let parsed = args.scope.iter().map(|text| parse(text).map_err(|why| Misuse(format!("`--scope {text}`: {why}"))));
    parsed.collect()
}

/// Reads a rule of OVHcloud's: a method and a path.
pub(super) fn parse_rule(text: &str) -> Result<AccessRule, String> {
    const METHODS: [&str; 4] = ["GET", "POST", "PUT", "DELETE"];
    match text.split_once(' ') {
        Some((method, path)) if METHODS.contains(&method) && path.starts_with('/') && !path.contains(' ') => {
            Ok(rule(method, path))
        }
        _ => Err(format!("a rule is a method ({}) and a path, such as \"GET /services/*\"", METHODS.join(", "))),
    }
}

/// Reads a scope of HostUp's: a verb and a noun. Which nouns there are is the API's to say, and it is not told in full
/// anywhere.
fn hostup_scope(text: &str) -> Result<AccessRule, String> {
    const VERBS: [&str; 4] = ["read", "write", "transfer", "console"];
    let is_noun = |noun: &str| !noun.is_empty() && noun.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    match text.split_once(':') {
        Some((verb, noun)) if VERBS.contains(&verb) && is_noun(noun) => Ok(rule(verb, noun)),
        _ => Err(format!("a scope is a verb ({}) and a noun, such as read:domains", VERBS.join(", "))),
    }
}

/// Reads a scope of Alibaba Cloud's: an API, as permissions there (RAM) name it, and an action or the beginning of some.
fn aliyun_scope(text: &str) -> Result<AccessRule, String> {
    const APIS: [&str; 3] = ["ecs", "bss", "*"];
    let is_name = |name: &str| {
        name.starts_with(|first: char| first.is_ascii_uppercase())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let is_action = |text: &str| text == "*" || is_name(text.strip_suffix('*').unwrap_or(text));
    match text.split_once(':') {
        Some((api, action)) if APIS.contains(&api) && is_action(action) => Ok(rule(api, action)),
        _ => Err(
            "a scope is an API (ecs, bss, or * for both) and an action, or the beginning of some with a star, such \
                  as ecs:RenewInstance or ecs:Describe*"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_of_aliyun_is_an_api_and_an_action_or_the_beginning_of_some() {
        for (text, api, action) in [
            ("ecs:RenewInstance", "ecs", "RenewInstance"),
            ("bss:Query*", "bss", "Query*"),
            ("ecs:*", "ecs", "*"),
            ("*:Describe*", "*", "Describe*"),
        ] {
            assert_eq!(aliyun_scope(text), Ok(rule(api, action)), "{text}");
        }
        for text in ["", "*", "ecs", "ecs:", ":*", "rds:*", "ECS:*", "ecs:describe*", "ecs:De*be", "ecs:**", "ecs:A b"]
        {
            assert!(aliyun_scope(text).is_err(), "{text}");
        }
    }
}
