//! The fonts of PDF documents, how wide text is in them, and where its lines break.

use anyhow::Context;
use krilla::text::Font;
use ttf_parser::Face;

/// `DejaVu` Sans, cut down to Latin, Greek and Cyrillic; its licence lies beside it.
const REGULAR: &[u8] = include_bytes!("../../../assets/fonts/DejaVuSans.ttf");
const BOLD: &[u8] = include_bytes!("../../../assets/fonts/DejaVuSans-Bold.ttf");

/// Stands in for a character that the fonts do not have.
const STAND_IN: char = '?';

/// One style of text: a font at a size.
pub struct Style {
    /// The font.
    pub font: Font,
    /// Its size in points.
    pub size: f32,
    face: Face<'static>,
}

impl Style {
    /// Ordinary text.
    ///
    /// # Errors
    /// When the font cannot be read.
    pub fn regular(size: f32) -> anyhow::Result<Self> {
        Self::of(REGULAR, size)
    }

    /// Headings and sums.
    ///
    /// # Errors
    /// When the font cannot be read.
    pub fn bold(size: f32) -> anyhow::Result<Self> {
        Self::of(BOLD, size)
    }

    fn of(data: &'static [u8], size: f32) -> anyhow::Result<Self> {
        let font = Font::new(data.into(), 0).context("reading a built-in font")?;
        Ok(Self { font, size, face: Face::parse(data, 0).context("reading a built-in font")? })
    }

    /// The text with what the font does not have replaced: a PDF/A must not have gaps.
    pub fn drawable(&self, text: &str) -> String {
        let drawable = |c: char| !c.is_control() && self.face.glyph_index(c).is_some_and(|glyph| glyph.0 != 0);
        text.chars().map(|c| if drawable(c) { c } else { STAND_IN }).collect()
    }

    /// How wide the text is, in points.
    pub fn width(&self, text: &str) -> f32 {
        let advance = |c: char| self.face.glyph_index(c).and_then(|glyph| self.face.glyph_hor_advance(glyph));
        let units: f32 = text.chars().filter_map(advance).map(f32::from).sum();
        units * self.size / f32::from(self.face.units_per_em())
    }

    /// Breaks the text into lines no wider than `most`: at spaces, or inside a word that is too long by itself.
    pub fn lines(&self, text: &str, most: f32) -> Vec<String> {
        let mut lines = Vec::new();
        let mut line = String::new();
        for word in text.split_whitespace() {
            let joined = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if self.width(&joined) <= most {
                line = joined;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for c in word.chars() {
                line.push(c);
                if self.width(&line) > most && line.chars().count() > 1 {
                    line.pop();
                    lines.push(std::mem::replace(&mut line, c.to_string()));
                }
            }
        }
        if !line.is_empty() || lines.is_empty() {
            lines.push(line);
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_and_inside_long_words() {
        let style = Style::regular(10.0).expect("reads");
        let text = "one two three-is-a-very-long-word-without-any-space four";
        let lines = style.lines(text, 100.0);
        assert!(lines.iter().all(|line| style.width(line) <= 100.0), "{lines:?}");
        assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""), "nothing is lost");
        assert_eq!(lines[0], "one two");
        assert_eq!(style.lines("", 100.0), [""]);
        assert_eq!(style.lines("ab", 0.0), ["a", "b"], "a line takes one character at least");
    }

    #[test]
    fn what_the_font_does_not_have_is_replaced() {
        let style = Style::bold(10.0).expect("reads");
        assert_eq!(style.drawable("Zoë Čapek Ωμ Иван 李\n€"), "Zoë Čapek Ωμ Иван ??€");
    }
}
