//! What a credential may call.

use crate::ovh::wire::auth::{AccessRule, HttpMethod};

impl AccessRule {
    /// Tells whether the rule covers a call. The path is as it came, without its version and query.
    ///
    /// `*` is any run of characters, `/` included, or none: `/sms/*` covers `/sms/1/jobs` and not `/sms`. A rule with a
    /// space at its end covers nothing, as seen of the real API.
    pub fn allows(&self, method: HttpMethod, path: &str) -> bool {
        self.method == method && !self.path.ends_with(' ') && covers(&self.path, path)
    }
}

/// Matches a pattern: each part between stars where it is first found, the last part at the end.
fn covers(pattern: &str, path: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| path.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some((_, behind)) = rest.split_once(part) else { return false };
        rest = behind;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_covers_its_path_and_nothing_else() {
        for (rule, path, covered) in [
            ("/me", "/me", true),
            ("/me", "/me/bill", false),
            ("/me", "/m", false),
            ("/me", "/Me", false),
            ("/*", "/", true),
            ("/*", "/me/bill/FR1", true),
            ("*", "/me", true),
            ("/sms/*", "/sms", false),
            ("/sms/*", "/sms/", true),
            ("/sms/*", "/sms/1/jobs", true),
            ("/vps/*/serviceInfos", "/vps/a/serviceInfos", true),
            ("/vps/*/serviceInfos", "/vps/a/b/serviceInfos", true),
            ("/vps/*/serviceInfos", "/vps/serviceInfos", false),
            ("/vps/*/serviceInfos", "/vps/a/serviceInfos/x", false),
            ("/*a*a", "/a", false),
            ("/*a*a", "/aa", true),
            ("/*ab*b", "/ab", false),
            ("/**", "/me", true),
            ("/me ", "/me", false),
            ("/me ", "/me ", false),
            ("/* ", "/me", false),
            ("", "", true),
            ("", "/", false),
        ] {
            let rule = AccessRule { method: HttpMethod::Get, path: rule.to_owned() };
            assert_eq!(rule.allows(HttpMethod::Get, path), covered, "{rule:?} {path}");
            assert!(!rule.allows(HttpMethod::Post, path));
        }
    }
}
