use askama::Template;

use super::Base;

/// One answer of a group or list.
#[derive(Clone, Debug)]
pub struct Choice {
    value: String,
    label: String,
    hint: Option<String>,
}

impl Choice {
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into(), hint: None }
    }

    /// A sentence below the answer (radio buttons only).
    #[must_use]
    pub fn hint(mut self, text: impl Into<String>) -> Self {
        self.hint = Some(text.into());
        self
    }
}

/// One box to tick. Sends `value` (`on` unless told) when ticked, nothing otherwise.
#[derive(Clone, Debug, Template)]
#[template(path = "checkbox.html")]
pub struct Checkbox {
    pub(super) base: Base,
    value: String,
    checked: bool,
    disabled: bool,
}

impl Checkbox {
    pub fn new(name: impl Into<String>, label: impl Into<String>) -> Self {
        let base = Base::new(name, label);
        Self { base, value: "on".to_owned(), checked: false, disabled: false }
    }

    /// What is sent; several boxes of one name need an `id` each.
    #[must_use]
    pub fn value(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }

    #[must_use]
    pub fn checked(mut self, checked: bool) -> Self {
        self.checked = checked;
        self
    }

    /// Shown and not changeable; a disabled box sends nothing.
    #[must_use]
    pub fn disabled(mut self, disabled: bool) -> Self {
        self.disabled = disabled;
        self
    }
}

/// One of a few answers. The first button has the group's id, so error summaries find it.
#[derive(Clone, Debug, Template)]
#[template(path = "radios.html")]
pub struct Radios {
    pub(super) base: Base,
    choices: Vec<Choice>,
    selected: Option<String>,
}

impl Radios {
    pub fn new(
        name: impl Into<String>,
        label: impl Into<String>,
        choices: impl IntoIterator<Item = Choice>,
    ) -> Self {
        let choices = choices.into_iter().collect();
        Self { base: Base::new(name, label), choices, selected: None }
    }

    #[must_use]
    pub fn selected(mut self, value: impl Into<String>) -> Self {
        self.selected = Some(value.into());
        self
    }

    /// The answers with their buttons' ids.
    fn buttons(&self) -> impl Iterator<Item = (String, &Choice)> {
        let id = &self.base.id;
        self.choices.iter().zip(1..).map(move |(choice, n)| match n {
            1 => (id.clone(), choice),
            n => (format!("{id}-{n}"), choice),
        })
    }

    fn is_selected(&self, choice: &Choice) -> bool {
        self.selected.as_ref() == Some(&choice.value)
    }
}

/// One of many answers.
#[derive(Clone, Debug, Template)]
#[template(path = "select.html")]
pub struct Select {
    pub(super) base: Base,
    choices: Vec<Choice>,
    selected: Option<String>,
}

impl Select {
    pub fn new(
        name: impl Into<String>,
        label: impl Into<String>,
        choices: impl IntoIterator<Item = Choice>,
    ) -> Self {
        let choices = choices.into_iter().collect();
        Self { base: Base::new(name, label), choices, selected: None }
    }

    #[must_use]
    pub fn selected(mut self, value: impl Into<String>) -> Self {
        self.selected = Some(value.into());
        self
    }

    fn is_selected(&self, choice: &Choice) -> bool {
        self.selected.as_ref() == Some(&choice.value)
    }
}
