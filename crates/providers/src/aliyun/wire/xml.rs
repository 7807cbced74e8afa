//! A JSON body in the other writing: XML. Each field is an element, and each item of an array an element of the array's
//! name, so `{"Instances":{"Instance":[...]}}` nests as the vendor's XML does.

use serde_json::value::RawValue;

use crate::common::body::RawFields;

/// Writes a JSON object as an XML document with a root element.
///
/// # Errors
/// serde's, for a text that is no JSON.
pub fn document(root: &str, json: &[u8]) -> Result<String, serde_json::Error> {
    let mut text = String::from("<?xml version='1.0' encoding='UTF-8'?>");
    element(root, serde_json::from_slice(json)?, &mut text)?;
    Ok(text)
}

fn element(name: &str, value: &RawValue, out: &mut String) -> Result<(), serde_json::Error> {
    let json = value.get();
    match json.as_bytes().first() {
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(json)?;
            return items.into_iter().try_for_each(|item| element(name, item, out));
        }
        Some(b'n') => return Ok(()),
        _ => {}
    }
    out.extend(["<", name, ">"]);
    match json.as_bytes().first() {
        Some(b'{') => {
            let RawFields(fields) = serde_json::from_str(json)?;
            fields.into_iter().try_for_each(|(name, value)| element(&name, value, out))?;
        }
        Some(b'"') => escape(&serde_json::from_str::<String>(json)?, out),
        // A number or a boolean, as it is written.
        _ => out.push_str(json),
    }
    out.extend(["</", name, ">"]);
    Ok(())
}

/// Writes a text. What XML has no way to write is left away.
fn escape(text: &str, out: &mut String) {
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // A reader would take a bare one for a line feed.
            '\r' => out.push_str("&#13;"),
            '\t' | '\n' => out.push(letter),
            '\u{fffe}' | '\u{ffff}' => {}
            other if other.is_control() && other < ' ' => {}
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_elements_and_items_repeat_the_arrays_name() {
        let json = br#"{"RequestId":"A","Total":2.50,"On":true,"None":null,"Empty":{"Item":[]},
            "List":{"Item":[{"Id":"i-1"},{"Id":"a<b>&\r\u0001"}]}}"#;
        let text = document("Answer", json).expect("is JSON");
        let expected = "<?xml version='1.0' encoding='UTF-8'?><Answer><RequestId>A</RequestId><Total>2.50</Total>\
            <On>true</On><Empty></Empty><List><Item><Id>i-1</Id></Item><Item><Id>a&lt;b&gt;&amp;&#13;</Id></Item></List>\
            </Answer>";
        assert_eq!(text, expected);
        assert!(document("Answer", b"{").is_err());
    }
}
