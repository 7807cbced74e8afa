//! A document as PDF/A-3b: A4, as many pages as its lines need, each with the table's head and its number.

use anyhow::{Context, anyhow};
use jiff::tz::TimeZone;
use krilla::Document as Pdf;
use krilla::color::rgb;
use krilla::configure::{Archival, ConfigurationBuilder};
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::{DateTime, Metadata};
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::text::TextDirection;
use krilla::{SerializeSettings, num::NormalizedF32};

use super::font::Style;
use super::{Document, Line};

// A4 and its parts, in points.
const WIDTH: f32 = 595.28;
const HEIGHT: f32 = 841.89;
const LEFT: f32 = 56.0;
const RIGHT: f32 = WIDTH - 56.0;
const TOP: f32 = 72.0;
const BOTTOM: f32 = HEIGHT - 72.0;
const FOOT: f32 = HEIGHT - 40.0;
const LEADING: f32 = 14.0;

// The table: where each column begins; the last one ends at the right edge.
const FROM: f32 = 330.0;
const UNTIL: f32 = 398.0;
const SERVICE_WIDTH: f32 = FROM - LEFT - 12.0;

/// What the sums need below the last line.
const SUMS_HEIGHT: f32 = 5.0 * LEADING;

/// Red, green, blue.
type Rgb = [u8; 3];

const INK: Rgb = [0x1f, 0x29, 0x33];
const QUIET: Rgb = [0x5a, 0x67, 0x74];
const RULE: Rgb = [0xc4, 0xcc, 0xd4];

/// Draws the document.
///
/// # Errors
/// When the PDF would not be a valid PDF/A, which no document's text can bring about.
pub fn render(document: &Document) -> anyhow::Result<Vec<u8>> {
    let styles = Styles::load()?;
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A3_B)
        .finish()
        .map_err(|error| anyhow!("{error:?}"))
        .context("choosing PDF/A-3b")?;
    let mut pdf = Pdf::new_with(SerializeSettings { configuration, ..SerializeSettings::default() });
    pdf.set_metadata(metadata(document));
    let sheets = sheets(&styles, document);
    let count = sheets.len();
    for (number, sheet) in sheets.into_iter().enumerate() {
        let settings = PageSettings::from_wh(WIDTH, HEIGHT).context("A4 is a size")?;
        let mut page = pdf.start_page_with(settings);
        let mut surface = page.surface();
        for mark in &sheet {
            draw(&mut surface, mark);
        }
        draw(&mut surface, &Mark::text(&styles.small, QUIET, LEFT, FOOT, &document.title));
        let place = format!("Page {} of {count}", number + 1);
        draw(&mut surface, &Mark::right(&styles.small, QUIET, RIGHT, FOOT, &place));
        surface.finish();
        page.finish();
    }
    pdf.finish().map_err(|error| anyhow!("{error:?}")).context("finishing the PDF")
}

fn metadata(document: &Document) -> Metadata {
    let issued = document.issued.to_zoned(TimeZone::UTC);
    let part = |number: i8| u8::try_from(number).unwrap_or(0);
    let date = DateTime::new(u16::try_from(issued.year()).unwrap_or(0))
        .month(part(issued.month()))
        .day(part(issued.day()))
        .hour(part(issued.hour()))
        .minute(part(issued.minute()))
        .second(part(issued.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0);
    Metadata::new()
        .title(document.title.clone())
        .authors(document.seller.first().cloned().into_iter().collect())
        .language("en".to_owned())
        .creation_date(date)
}

struct Styles {
    title: Style,
    text: Style,
    strong: Style,
    small: Style,
}

impl Styles {
    fn load() -> anyhow::Result<Self> {
        Ok(Self {
            title: Style::bold(20.0)?,
            text: Style::regular(9.5)?,
            strong: Style::bold(9.5)?,
            small: Style::regular(8.0)?,
        })
    }
}

/// Something at its place on a sheet.
enum Mark<'a> {
    Text { style: &'a Style, color: Rgb, x: f32, y: f32, text: String },
    Rule { y: f32 },
}

impl<'a> Mark<'a> {
    fn text(style: &'a Style, color: Rgb, x: f32, y: f32, text: &str) -> Self {
        Self::Text { style, color, x, y, text: style.drawable(text) }
    }

    /// Text that ends at `x`.
    fn right(style: &'a Style, color: Rgb, x: f32, y: f32, text: &str) -> Self {
        let text = style.drawable(text);
        Self::Text { style, color, x: x - style.width(&text), y, text }
    }
}

type Sheet<'a> = Vec<Mark<'a>>;

/// Lays everything out, sheet by sheet.
fn sheets<'a>(styles: &'a Styles, document: &Document) -> Vec<Sheet<'a>> {
    let mut sheets = Vec::new();
    let mut sheet = Sheet::new();
    let mut y = head(styles, document, &mut sheet);
    table_head(styles, &mut y, &mut sheet);
    for line in &document.lines {
        let service = styles.small.lines(&styles.small.drawable(&line.service), SERVICE_WIDTH);
        let description = styles.text.lines(&styles.text.drawable(&line.description), SERVICE_WIDTH);
        let height = LEADING * rows(service.len() + description.len()) + 8.0;
        if y + height > BOTTOM {
            sheets.push(std::mem::take(&mut sheet));
            y = TOP;
            table_head(styles, &mut y, &mut sheet);
        }
        table_row(styles, line, &description, &service, y, &mut sheet);
        y += height;
    }
    if y + SUMS_HEIGHT > BOTTOM {
        sheets.push(std::mem::take(&mut sheet));
        y = TOP;
    }
    sums(styles, document, y, &mut sheet);
    sheets.push(sheet);
    sheets
}

/// Title, state, parties and facts; tells where the table begins.
fn head<'a>(styles: &'a Styles, document: &Document, sheet: &mut Sheet<'a>) -> f32 {
    sheet.push(Mark::text(&styles.title, INK, LEFT, TOP + 8.0, &document.title));
    let mut y = TOP + 32.0;
    for line in styles.text.lines(&styles.text.drawable(&document.state), RIGHT - LEFT) {
        sheet.push(Mark::text(&styles.text, QUIET, LEFT, y, &line));
        y += LEADING;
    }
    y += LEADING;
    let half = (RIGHT - LEFT) / 2.0;
    let from = party(styles, "From", &document.seller, LEFT, y, half - 12.0, sheet);
    let to = party(styles, "To", &document.customer, LEFT + half, y, half, sheet);
    y = from.max(to) + LEADING;
    for (name, value) in &document.facts {
        sheet.push(Mark::text(&styles.text, QUIET, LEFT, y, name));
        sheet.push(Mark::text(&styles.text, INK, LEFT + 120.0, y, value));
        y += LEADING;
    }
    y + LEADING
}

fn party<'a>(
    styles: &'a Styles,
    name: &str,
    lines: &[String],
    x: f32,
    mut y: f32,
    width: f32,
    sheet: &mut Sheet<'a>,
) -> f32 {
    sheet.push(Mark::text(&styles.small, QUIET, x, y, name));
    y += LEADING;
    for line in lines.iter().flat_map(|line| styles.text.lines(&styles.text.drawable(line), width)) {
        sheet.push(Mark::text(&styles.text, INK, x, y, &line));
        y += LEADING;
    }
    y
}

fn table_head<'a>(styles: &'a Styles, y: &mut f32, sheet: &mut Sheet<'a>) {
    sheet.push(Mark::text(&styles.strong, INK, LEFT, *y, "Service"));
    sheet.push(Mark::text(&styles.strong, INK, FROM, *y, "From"));
    sheet.push(Mark::text(&styles.strong, INK, UNTIL, *y, "Until"));
    sheet.push(Mark::right(&styles.strong, INK, RIGHT, *y, "Without tax"));
    sheet.push(Mark::Rule { y: *y + 6.0 });
    *y += LEADING + 8.0;
}

fn table_row<'a>(
    styles: &'a Styles,
    line: &Line,
    description: &[String],
    service: &[String],
    mut y: f32,
    sheet: &mut Sheet<'a>,
) {
    sheet.push(Mark::text(&styles.text, INK, FROM, y, &line.from));
    sheet.push(Mark::text(&styles.text, INK, UNTIL, y, &line.until));
    sheet.push(Mark::right(&styles.text, INK, RIGHT, y, &line.net));
    for text in description {
        sheet.push(Mark::text(&styles.text, INK, LEFT, y, text));
        y += LEADING;
    }
    for text in service {
        sheet.push(Mark::text(&styles.small, QUIET, LEFT, y, text));
        y += LEADING;
    }
    sheet.push(Mark::Rule { y: y - 6.0 });
}

fn sums<'a>(styles: &'a Styles, document: &Document, mut y: f32, sheet: &mut Sheet<'a>) {
    y += 4.0;
    let rows = [
        (&styles.text, "Sum without tax", &document.net),
        (&styles.text, document.tax_name.as_str(), &document.tax),
        (&styles.strong, "Total", &document.gross),
    ];
    for (style, name, amount) in rows {
        sheet.push(Mark::text(style, INK, FROM, y, name));
        sheet.push(Mark::right(style, INK, RIGHT, y, amount));
        y += LEADING;
    }
    if !document.note.is_empty() {
        sheet.push(Mark::text(&styles.text, INK, LEFT, y + 4.0, document.note));
    }
}

#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "a few rows of text; no amount")]
fn rows(count: usize) -> f32 {
    count as f32
}

fn draw(surface: &mut Surface<'_>, mark: &Mark<'_>) {
    match mark {
        Mark::Text { style, color, x, y, text } => {
            surface.set_fill(Some(fill(*color)));
            let at = Point::from_xy(*x, *y);
            surface.draw_text(at, style.font.clone(), style.size, text, false, TextDirection::Auto);
        }
        Mark::Rule { y } => {
            surface.set_fill(Some(fill(RULE)));
            let mut path = PathBuilder::new();
            if let Some(line) = Rect::from_xywh(LEFT, *y, RIGHT - LEFT, 0.6) {
                path.push_rect(line);
            }
            if let Some(path) = path.finish() {
                surface.draw_path(&path);
            }
        }
    }
}

fn fill([red, green, blue]: Rgb) -> Fill {
    Fill { paint: rgb::Color::new(red, green, blue).into(), opacity: NormalizedF32::ONE, ..Fill::default() }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_document_goes_over_as_many_pages_as_its_lines_need() {
        let styles = Styles::load().expect("reads");
        let pages = |lines| sheets(&styles, &sample::document(lines)).len();
        assert_eq!([pages(0), pages(2), pages(12), pages(60)], [1, 1, 2, 5]);
    }

    #[test]
    fn nothing_is_drawn_below_the_foot_or_beyond_the_edges() {
        let styles = Styles::load().expect("reads");
        for mark in sheets(&styles, &sample::document(60)).iter().flatten() {
            if let Mark::Text { style, x, y, text, .. } = mark {
                assert!(*x >= LEFT && x + style.width(text) <= RIGHT + 0.1 && *y <= BOTTOM, "{text} at {x}, {y}");
            }
        }
    }

    #[test]
    fn every_name_makes_a_valid_pdf() {
        let mut document = sample::document(3);
        document.customer = vec!["李雷 \u{1f600}\u{7}".to_owned(), String::new()];
        document.lines[0].service = "x".repeat(500);
        let pdf = render(&document).expect("is PDF/A");
        assert!(pdf.starts_with(b"%PDF-1.7") && pdf.len() < 100_000, "{}", pdf.len());
        assert!(pdf.windows(10).any(|bytes| bytes == b"pdfaid:par"), "it says that it is PDF/A");
    }
}
