//! Where in a file a key stands, so that an error can name the line.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

/// Offsets of values, bytes, by path (`clients[2].redirect_uris`).
#[derive(Clone, Debug, Default)]
pub(super) struct Lines(BTreeMap<String, usize>);

impl Lines {
    pub(super) fn of_toml(text: &str) -> Self {
        let mut lines = Self::default();
        if let Ok(table) = DeTable::parse(text) {
            lines.table(table.get_ref(), "");
        }
        lines
    }

    /// `text` was read as JSON before: this looks for places, not for mistakes.
    pub(super) fn of_json(text: &str) -> Self {
        let mut walk = Walk { rest: text, length: text.len(), lines: Self::default() };
        walk.value("");
        walk.lines
    }

    /// The line of the longest beginning of `path` that is there, from 1.
    pub(super) fn line(&self, text: &str, path: &str) -> Option<usize> {
        let mut path = path;
        loop {
            if let Some(offset) = self.0.get(path) {
                return Some(line_at(text, *offset));
            }
            path = path.get(..path.rfind(['.', '['])?)?;
        }
    }

    fn table(&mut self, table: &DeTable<'_>, path: &str) {
        for (key, value) in table {
            let below = below(path, key.get_ref());
            self.0.insert(below.clone(), key.span().start);
            self.inside(value.get_ref(), &below);
        }
    }

    fn inside(&mut self, value: &DeValue<'_>, path: &str) {
        match value {
            DeValue::Table(table) => self.table(table, path),
            DeValue::Array(list) => {
                for (i, one) in list.iter().enumerate() {
                    let below = format!("{path}[{i}]");
                    self.0.insert(below.clone(), one.span().start);
                    self.inside(one.get_ref(), &below);
                }
            }
            _ => {}
        }
    }
}

fn below(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// The line of a byte, from 1.
pub(super) fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
}

struct Walk<'a> {
    rest: &'a str,
    length: usize,
    lines: Lines,
}

impl<'a> Walk<'a> {
    fn value(&mut self, path: &str) {
        self.blank();
        if !path.is_empty() {
            self.lines.0.insert(path.to_owned(), self.length - self.rest.len());
        }
        if self.take('{') {
            while let Some(key) = self.string() {
                self.take(':');
                self.value(&below(path, key));
                if !self.take(',') {
                    break;
                }
            }
            self.take('}');
        } else if self.take('[') {
            let mut i = 0;
            while !self.take(']') && !self.rest.is_empty() {
                self.value(&format!("{path}[{i}]"));
                self.take(',');
                i += 1;
            }
        } else if self.string().is_none() {
            let end = self.rest.find([',', ']', '}']).unwrap_or(self.rest.len());
            self.advance(end);
        }
    }

    /// The text between the next quotes, as it is written.
    fn string(&mut self) -> Option<&'a str> {
        self.blank();
        let inside = self.rest.strip_prefix('"')?;
        let mut escaped = false;
        let end = inside.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        })?;
        self.advance(end + 2);
        inside.get(..end)
    }

    fn take(&mut self, c: char) -> bool {
        self.blank();
        let there = self.rest.starts_with(c);
        if there {
            self.advance(c.len_utf8());
        }
        there
    }

    fn blank(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn advance(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_toml_is_found_by_its_path() {
        let text = "[[clients]]\nclient_id = \"a\"\n\n[[clients]]\nclient_id = \"b\"\nredirect_uris = [\n  \"x\",\n]\n";
        let lines = Lines::of_toml(text);
        assert_eq!(lines.line(text, "clients[0].client_id"), Some(2));
        assert_eq!(lines.line(text, "clients[1].client_id"), Some(5));
        assert_eq!(lines.line(text, "clients[1].redirect_uris"), Some(6));
        assert_eq!(lines.line(text, "clients[1].redirect_uris[0]"), Some(7));
        assert_eq!(lines.line(text, "clients[1].absent"), Some(4), "the nearest place around it");
    }

    #[test]
    fn a_key_of_json_is_found_by_its_path() {
        let text = "{\n \"a\\\"]\": 1,\n \"clients\": [\n  {\"client_id\": \"a, }\", \"n\": [ ]},\n  {\n   \"client_id\":\"b\",\"redirect_uris\": [\"x\",\n\"y\"]\n  }\n ]\n}";
        serde_json::from_str::<serde_json::Value>(text).unwrap();
        let lines = Lines::of_json(text);
        assert_eq!(lines.line(text, "clients"), Some(3));
        assert_eq!(lines.line(text, "clients[0].client_id"), Some(4));
        assert_eq!(lines.line(text, "clients[1]"), Some(5));
        assert_eq!(lines.line(text, "clients[1].redirect_uris[1]"), Some(7));
    }
}
