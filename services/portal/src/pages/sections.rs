//! Pages that are a row of sections, each with facts and small forms.

use siegel_web::CsrfField;
use siegel_web::forms::{Button, DescriptionList, Hidden, Link};

/// The body of such a page.
#[derive(askama::Template)]
#[template(path = "sections.html")]
pub struct Sections {
    pub csrf: CsrfField,
    pub sections: Vec<Section>,
}

/// One section.
#[derive(Default)]
pub struct Section {
    title: String,
    texts: Vec<String>,
    /// Made of components, which escape what they show.
    facts: String,
    forms: Vec<SmallForm>,
    links: Vec<Link>,
}

/// A form that is sent with one button.
pub struct SmallForm {
    action: String,
    /// Made of components.
    parts: String,
    send: Button,
}

#[derive(askama::Template)]
#[template(
    source = "<fieldset class=\"kern-fieldset\"><legend class=\"kern-label\">{{ caption }}</legend>\
        <div class=\"kern-fieldset__body\">{{ boxes|safe }}</div></fieldset>",
    ext = "html"
)]
struct Group<'a> {
    caption: &'a str,
    /// Made of components.
    boxes: &'a str,
}

impl Section {
    pub fn new(title: String) -> Self {
        Self { title, ..Self::default() }
    }

    #[must_use]
    pub fn text(mut self, text: String) -> Self {
        self.texts.push(text);
        self
    }

    #[must_use]
    pub fn facts(mut self, facts: &DescriptionList) -> Self {
        self.facts = facts.to_html();
        self
    }

    /// HTML made of components.
    #[must_use]
    pub fn html(mut self, html: String) -> Self {
        self.facts = html;
        self
    }

    #[must_use]
    pub fn form(mut self, form: SmallForm) -> Self {
        self.forms.push(form);
        self
    }

    #[must_use]
    pub fn link(mut self, link: Link) -> Self {
        self.links.push(link);
        self
    }
}

impl SmallForm {
    pub fn new(action: String, send: Button) -> Self {
        Self { action, parts: String::new(), send }
    }

    /// A component's HTML.
    #[must_use]
    pub fn part(mut self, html: &str) -> Self {
        self.parts.push_str(html);
        self
    }

    /// Boxes that belong together under one caption.
    #[must_use]
    pub fn group(self, caption: &str, boxes: &str) -> Self {
        let group = Group { caption, boxes };
        self.part(&group.to_string())
    }

    #[must_use]
    pub fn hidden(self, name: &'static str, value: impl Into<String>) -> Self {
        let field = Hidden::new(name, value).to_html();
        self.part(&field)
    }
}
