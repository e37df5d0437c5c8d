//! What mails say, in German and English, as plain text and as HTML.

mod render;

pub use render::{Mail, render};
