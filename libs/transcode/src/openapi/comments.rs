//! Comments of the .proto files as descriptions.

use std::collections::HashMap;

use prost_reflect::{DescriptorPool, FileDescriptor};

/// Leading comments by file and place.
pub(super) struct Comments(HashMap<(String, Vec<i32>), String>);

impl Comments {
    pub(super) fn of(pool: &DescriptorPool) -> Self {
        let mut found = HashMap::new();
        for file in pool.files() {
            let info = file.file_descriptor_proto().source_code_info.clone().unwrap_or_default();
            for location in info.location {
                if let Some(text) = &location.leading_comments {
                    found.insert((file.name().to_owned(), location.path), flowing(text));
                }
            }
        }
        Self(found)
    }

    /// The comment on what stands at `path`; empty when there is none.
    pub(super) fn on(&self, file: &FileDescriptor, path: &[i32]) -> &str {
        let key = (file.name().to_owned(), path.to_vec());
        self.0.get(&key).map_or("", String::as_str)
    }
}

/// Paragraphs without the line breaks of the source.
fn flowing(text: &str) -> String {
    let paragraphs = text.split("\n \n").map(|paragraph| {
        paragraph
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    });
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

/// The first sentence, without its full stop.
pub(super) fn first_sentence(text: &str) -> &str {
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    let end = paragraph.find(". ").unwrap_or(paragraph.len());
    paragraph.get(..end).unwrap_or(paragraph).trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_the_first_sentence() {
        assert_eq!(flowing(" One\n two.\n"), "One two.");
        assert_eq!(first_sentence("Newest first. No legal effect."), "Newest first");
        assert_eq!(first_sentence("Anybody."), "Anybody");
    }
}
