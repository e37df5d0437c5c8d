//! A receipt as a document that a clerk can read and an archive can keep: PDF/A-3a (ISO 19005-3)
//! and PDF/UA-1 (ISO 14289-1), with the machine-readable receipt inside. No I/O.
//!
//! The document proves nothing by itself: it shows what the embedded file says, and that file is
//! verified as any other receipt (docs/receipts.md). The same receipt always gives the same bytes.

mod draw;
mod font;
mod layout;
mod story;
pub mod window;
mod words;

use siegel_receipt::Verified;

pub use words::Language;

/// Name under which the receipt lies in the document.
pub const EMBEDDED: &str = "receipt.json";

/// What the one who hands the document out knows about the letter. It is not signed, and the
/// document says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The sender's reference (Aktenzeichen); empty when unknown.
    pub reference: String,
    /// The case (Vorgang); empty when unknown.
    pub case_id: String,
}

/// What to render.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// The receipt, verified.
    pub verified: &'a Verified,
    /// The exact text of its file, which is embedded.
    pub file: &'a str,
    /// Where the keys are published.
    pub jwks_uri: &'a str,
    pub known: &'a Known,
    pub language: Language,
}

/// A document was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    #[error("a built-in font cannot be used")]
    Font,
    #[error("the document would break PDF/A-3a or PDF/UA-1")]
    Standard,
}

/// Renders a receipt.
/// # Errors
/// `Standard` when the writer's own checks of the two standards find something.
pub fn render(document: &Document<'_>) -> Result<Vec<u8>, RenderError> {
    let fonts = font::fonts()?;
    let story = story::tell(document);
    let laid = layout::lay_out(fonts, &story);
    draw::write(fonts, document, &story, &laid)
}
