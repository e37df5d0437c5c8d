//! The forms of a page, read with an HTML tokenizer.

use html5gum::{StartTag, Token, Tokenizer};

/// One control of a form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Control {
    /// `text`, `email`, `password`, `hidden`, `radio`, `checkbox`, `submit`, `select`, …
    pub kind: String,
    pub name: String,
    pub value: String,
    pub checked: bool,
}

/// A form as a browser sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    pub action: String,
    pub method: String,
    pub controls: Vec<Control>,
}

impl Form {
    pub fn has(&self, name: &str) -> bool {
        self.controls.iter().any(|c| c.name == name)
    }

    /// Whether the form has this value to choose or press.
    pub fn offers(&self, name: &str, value: &str) -> bool {
        self.controls.iter().any(|c| c.name == name && c.value == value)
    }

    /// What a browser sends: the given values, and what the page prefilled.
    pub fn fill(&self, given: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for control in &self.controls {
            let pressed = matches!(control.kind.as_str(), "submit" | "button" | "image");
            let chosen = matches!(control.kind.as_str(), "radio" | "checkbox" | "option");
            let replaced = given.iter().any(|(name, _)| *name == control.name);
            if control.name.is_empty() || pressed || replaced || (chosen && !control.checked) {
                continue;
            }
            pairs.push((control.name.clone(), control.value.clone()));
        }
        pairs.extend(given.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
        pairs
    }
}

/// All forms of a page, in order.
pub fn forms(html: &str) -> Vec<Form> {
    let mut found = Vec::new();
    let mut open: Option<Form> = None;
    let mut select: Option<String> = None;
    for token in Tokenizer::new(html) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => start(&tag, &mut open, &mut select),
            Token::EndTag(tag) if is(&tag.name, "form") => found.extend(open.take()),
            Token::EndTag(tag) if is(&tag.name, "select") => select = None,
            _ => {}
        }
    }
    found.extend(open);
    found
}

fn start(tag: &StartTag<()>, open: &mut Option<Form>, select: &mut Option<String>) {
    if is(&tag.name, "form") {
        let method = attribute(tag, "method").unwrap_or_default().to_ascii_lowercase();
        let action = attribute(tag, "action").unwrap_or_default();
        *open = Some(Form { action, method, controls: Vec::new() });
        return;
    }
    let Some(form) = open.as_mut() else { return };
    let named = |tag: &StartTag<()>| attribute(tag, "name").unwrap_or_default();
    let value = attribute(tag, "value");
    if is(&tag.name, "input") {
        let kind = attribute(tag, "type").unwrap_or_else(|| "text".into());
        // A box without a value sends "on" (HTML Living Standard, 4.10.5.4).
        let default = if kind == "checkbox" || kind == "radio" { "on" } else { "" };
        let value = value.unwrap_or_else(|| default.into());
        let checked = attribute(tag, "checked").is_some();
        form.controls.push(Control { kind, name: named(tag), value, checked });
    } else if is(&tag.name, "button") {
        let kind = attribute(tag, "type").unwrap_or_else(|| "submit".into());
        let value = value.unwrap_or_default();
        form.controls.push(Control { kind, name: named(tag), value, checked: false });
    } else if is(&tag.name, "textarea") {
        let kind = "textarea".into();
        form.controls.push(Control { kind, name: named(tag), ..Control::default() });
    } else if is(&tag.name, "select") {
        *select = Some(named(tag));
    } else if is(&tag.name, "option")
        && let Some(name) = select.clone()
    {
        let first = !form.controls.iter().any(|c| c.name == name);
        let checked = attribute(tag, "selected").is_some() || first;
        let value = value.unwrap_or_default();
        form.controls.push(Control { kind: "option".into(), name, value, checked });
    }
}

fn is(name: &[u8], word: &str) -> bool {
    name.eq_ignore_ascii_case(word.as_bytes())
}

fn attribute(tag: &StartTag<()>, name: &str) -> Option<String> {
    let value = tag.attributes.get(name.as_bytes())?;
    Some(String::from_utf8_lossy(value).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<form action="/a?x=1&amp;y=2" method="POST">
        <input type="hidden" name="csrf" value="t&quot;k"><input name="email">
        <input type="radio" name="card" value="a"><input type="radio" name="card" value="b" checked>
        <input type="checkbox" name="claim" value="email" checked>
        <button name="action" value="allow">Ja</button></form>"#;

    #[test]
    fn a_form_is_read_with_its_entities_decoded() {
        let found = forms(PAGE);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].action.as_str(), found[0].method.as_str()), ("/a?x=1&y=2", "post"));
        assert!(found[0].offers("action", "allow") && found[0].offers("card", "a"));
    }

    #[test]
    fn filling_keeps_what_the_page_prefilled_and_presses_only_what_was_asked() {
        let form = &forms(PAGE)[0];
        let sent = form.fill(&[("email", "a@b.example"), ("card", "a")]);
        let pair = |n: &str, v: &str| (n.to_owned(), v.to_owned());
        assert_eq!(
            sent,
            [
                pair("csrf", "t\"k"),
                pair("claim", "email"),
                pair("email", "a@b.example"),
                pair("card", "a")
            ]
        );
    }
}
