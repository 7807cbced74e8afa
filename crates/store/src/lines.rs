//! Short lists of text in one column: a line an entry, fields apart by tabs. No query looks inside them, so they need
//! no table of their own.

use std::collections::BTreeMap;

/// Writes a list, each entry with its fields.
pub(crate) fn render<'a, Entry>(entries: impl IntoIterator<Item = Entry>) -> String
where
    Entry: IntoIterator<Item = &'a str>,
{
    let mut text = String::new();
    for entry in entries {
        for (index, field) in entry.into_iter().enumerate() {
            if index > 0 {
                text.push('\t');
            }
            for char in field.chars() {
                match char {
                    '\\' => text.push_str("\\\\"),
                    '\t' => text.push_str("\\t"),
                    '\n' => text.push_str("\\n"),
                    plain => text.push(plain),
                }
            }
        }
        text.push('\n');
    }
    text
}

/// Reads what [`render`] wrote.
pub(crate) fn parse(text: &str) -> impl Iterator<Item = Vec<String>> {
    text.split_terminator('\n').map(|line| line.split('\t').map(unescape).collect())
}

/// Writes facts, each a name and what is told under it.
pub(crate) fn render_facts(facts: &BTreeMap<String, String>) -> String {
    render(facts.iter().map(|(name, told)| [name.as_str(), told.as_str()]))
}

/// Reads what [`render_facts`] wrote.
pub(crate) fn parse_facts(text: &str) -> Option<BTreeMap<String, String>> {
    parse(text).map(|fields| <[String; 2]>::try_from(fields).ok().map(|[name, told]| (name, told))).collect()
}

fn unescape(field: &str) -> String {
    let mut text = String::with_capacity(field.len());
    let mut chars = field.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => match chars.next() {
                Some('t') => text.push('\t'),
                Some('n') => text.push('\n'),
                Some(plain) => text.push(plain),
                None => {}
            },
            plain => text.push(plain),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_rendered_reads_back() {
        let lists: [&[&[&str]]; 6] = [
            &[],
            &[&[""]],
            &[&["a"], &["b"]],
            &[&["", ""]],
            &[&["tab\t", "line\nnext"]],
            &[&["back\\slash", "\\t"], &["é"]],
        ];
        for list in lists {
            let text = render(list.iter().map(|entry| entry.iter().copied()));
            assert_eq!(parse(&text).collect::<Vec<_>>(), list, "{text:?}");
        }
    }
}
