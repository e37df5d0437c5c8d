//! Components in KERN markup. Each one escapes its values when it is displayed, so templates write
//! them bare: `{{ email }}`.

mod button;
mod choice;
mod facts;
mod flow;
mod input;
mod message;

pub use button::{Button, Link};
pub use choice::{Checkbox, Choice, Radios, Select};
pub use facts::{Badge, DescriptionList, Item, LevelBadge};
pub use flow::{Pagination, Steps};
pub use input::{Hidden, Input, Textarea};
pub use message::{Alert, ErrorSummary, Errors};

use crate::i18n::{Locale, shared};

/// What every field has. The id is the name unless told, so error summaries find it.
#[derive(Clone, Debug)]
struct Base {
    name: String,
    id: String,
    label: String,
    hint: Option<String>,
    error: Option<String>,
    optional: Option<String>,
}

impl Base {
    fn new(name: impl Into<String>, label: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            id: name.clone(),
            name,
            label: label.into(),
            hint: None,
            error: None,
            optional: None,
        }
    }

    /// The ids for `aria-describedby`, error first so that it is heard first.
    fn described_by(&self) -> Option<String> {
        let error = self.error.as_ref().map(|_| format!("{}-error", self.id));
        let hint = self.hint.as_ref().map(|_| format!("{}-hint", self.id));
        let ids: Vec<_> = error.into_iter().chain(hint).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    fn set_optional(&mut self, locale: Locale) {
        self.optional = Some(shared(locale).get("optional"));
    }
}

/// Builder methods of every field, around its `base`.
macro_rules! field_methods {
    ($($field:ty),+) => {$(
        impl $field {
            /// The element's id, when the name is not unique on the page.
            #[must_use]
            pub fn id(mut self, id: impl Into<String>) -> Self {
                self.base.id = id.into();
                self
            }

            /// A sentence between label and field.
            #[must_use]
            pub fn hint(mut self, text: impl Into<String>) -> Self {
                self.base.hint = Some(text.into());
                self
            }

            /// What is wrong with the value, and how to put it right.
            #[must_use]
            pub fn error(mut self, text: impl Into<String>) -> Self {
                self.base.error = Some(text.into());
                self
            }

            /// The first message that `errors` has for this field.
            #[must_use]
            pub fn error_in(mut self, errors: &crate::forms::Errors) -> Self {
                self.base.error = errors.get(&self.base.id).map(str::to_owned);
                self
            }

            /// Marks the field as optional; all others are taken to be required.
            #[must_use]
            pub fn optional(mut self, locale: crate::Locale) -> Self {
                self.base.set_optional(locale);
                self
            }
        }
    )+};
}

/// Marks components as escaped and gives them `to_html`.
macro_rules! components {
    ($($component:ty),+ $(,)?) => {$(
        impl askama::filters::HtmlSafe for $component {}
        impl $component {
            /// The escaped HTML.
            pub fn to_html(&self) -> String {
                self.to_string()
            }
        }
    )+};
}

field_methods!(Input, Textarea, Select, Checkbox, Radios);
components!(
    Input,
    Textarea,
    Hidden,
    Select,
    Checkbox,
    Radios,
    Button,
    Link,
    Alert,
    ErrorSummary,
    Badge,
    LevelBadge,
    DescriptionList,
    Steps,
    Pagination,
);

#[cfg(test)]
mod tests;
