//! Keys that look like those of secrets. None belongs in the configuration, and none that was written there is shown.

/// What the keys of secrets have in their names.
const WORDS: [&str; 6] = ["token", "secret", "passw", "key", "credential", "private"];

/// What sounds like a private key, and says whom webhooks may reach.
const NETWORKS: &str = "allow_private";

/// Whether a key looks like that of a secret.
pub fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase().replace(NETWORKS, "");
    WORDS.iter().any(|word| key.contains(word))
}

/// Takes what may be a secret out of a text that quotes lines of the file.
pub fn mask(text: &str) -> String {
    let mut has_masked = false;
    let mut lines = Vec::new();
    for line in text.split('\n') {
        let quoted = line.split_once(" | ").filter(|(number, _)| number.trim().parse::<usize>().is_ok());
        lines.push(match quoted.and_then(|(number, content)| Some((number, content.split_once('=')?))) {
            Some((number, (key, _))) if is_secret(content_of(line)) || has_user(content_of(line)) => {
                has_masked = true;
                format!("{number} | {key}= ***")
            }
            _ => line.to_owned(),
        });
    }
    if has_masked {
        // The reason may quote the value as well: invalid type: string "...", expected ...
        for line in &mut lines {
            if let Some((before, rest)) = line.split_once(": string \"")
                && let Some((_, after)) = rest.rsplit_once('"')
            {
                *line = format!("{before}: string \"***\"{after}");
            }
        }
    }
    lines.join("\n")
}

/// Whether there is a URL with a user in it, and so perhaps with a password.
fn has_user(content: &str) -> bool {
    content.split_once("://").is_some_and(|(_, rest)| rest.contains('@'))
}

/// What stands behind the number of a quoted line.
fn content_of(line: &str) -> &str {
    line.split_once(" | ").map_or(line, |(_, content)| content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_of_secrets_are_not_quoted() {
        for (quoted, masked) in [
            ("at line 3\n  |\n3 | token = \"hunter2\"\n  | ^^^", "at line 3\n  |\n3 | token = ***\n  | ^^^"),
            ("12 | secrets_env = { x = \"hunter2\" }", "12 | secrets_env = ***"),
            (
                "3 | secrets_env = \"hunter2\"\n  | ^^\ninvalid type: string \"hunter2\", expected a map",
                "3 | secrets_env = ***\n  | ^^\ninvalid type: string \"***\", expected a map",
            ),
            ("3 | period = \"P1X\"", "3 | period = \"P1X\""),
            ("3 | allow_private = \"yes\"", "3 | allow_private = \"yes\""),
            ("3 | private = \"hunter2\"", "3 | private = ***"),
            ("3 | smtp = \"smtps://u:hunter2@x\"", "3 | smtp = ***"),
            ("3 | smtp = \"http://x\"", "3 | smtp = \"http://x\""),
            ("invalid type: string \"x\", expected y", "invalid type: string \"x\", expected y"),
        ] {
            assert_eq!(mask(quoted), masked);
        }
        assert!(["application_key", "Token", "consumerSecret", "password"].into_iter().all(is_secret));
        assert!(!["api", "url", "profile", "pay_with", "regions", "vat"].into_iter().any(is_secret));
    }
}
