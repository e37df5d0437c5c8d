//! What an authority must be able to show about one letter, in twelve items (OZG § 9, VwVfG § 41,
//! VwZG § 5): each is there, or says why it does not apply.

mod items;

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Value, json};
use siegel_receipt::{Body, Kind};

use super::legal::Rule;

/// A sentence in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Both {
    pub de: String,
    pub en: String,
}

/// One entry of the letter's evidence and where its receipt lies in the archive.
#[derive(Clone, Debug)]
pub struct Proven {
    pub path: String,
    pub body: Body,
}

/// Whose copy it is, with what only this side may know.
#[derive(Clone, Debug)]
pub enum Side {
    Sender { handle: String, sender_reference: String, request_id: String },
    Recipient { mailbox_entry: String },
}

/// What the items are made from.
#[derive(Clone, Debug)]
pub struct Facts {
    pub side: Side,
    /// Oldest first.
    pub entries: Vec<Proven>,
    pub legal_basis: Option<String>,
    pub rule: Option<Rule>,
    /// What the recipient had chosen about letters when this one came: about all senders, about
    /// this one.
    pub choices: Vec<Chosen>,
}

/// A choice on record (OZG § 9(1)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Chosen {
    /// `all_senders` or `this_sender`
    pub about: &'static str,
    /// `excluded`, `allowed` or `general`
    pub choice: String,
    /// Wording that the person was shown.
    pub wording_version: String,
    /// Of their session.
    pub trust_level: u8,
    #[serde(rename = "chosen_at")]
    pub at: String,
}

/// Present, or why not.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    Present(Value),
    NotApplicable(Both),
}

/// One of the twelve.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// 1 to 12.
    pub number: usize,
    pub name: &'static str,
    pub title: Both,
    pub found: Found,
    /// Receipts that prove it: paths in the archive.
    pub receipts: Vec<String>,
}

fn both(de: &str, en: &str) -> Both {
    Both { de: de.into(), en: en.into() }
}

fn no(de: &str, en: &str) -> Found {
    Found::NotApplicable(both(de, en))
}

/// Name, title, which entries prove it, and what was found.
type Made = (&'static str, Both, &'static [Kind], Found);

impl Facts {
    fn of(&self, kinds: &[Kind]) -> Vec<&Proven> {
        self.entries.iter().filter(|e| kinds.contains(&e.body.kind)).collect()
    }

    fn one(&self, kind: Kind) -> Option<&Body> {
        self.of(&[kind]).first().map(|e| &e.body)
    }

    /// The end of a letter that was not delivered for this reason.
    fn undeliverable(&self, reason: &str) -> Option<&Body> {
        self.one(Kind::Undeliverable).filter(|body| body.reason.as_deref() == Some(reason))
    }

    /// The refusal of a letter that was not accepted for this reason.
    fn rejected(&self, reason: &str) -> Option<&Body> {
        self.one(Kind::Rejected).filter(|body| body.reason.as_deref() == Some(reason))
    }

    /// The twelve items in their order.
    pub fn items(&self) -> Vec<Item> {
        let made = [
            self.sender(),
            self.hashes(),
            self.provision(),
            self.entitled(),
            self.choice(),
            self.notification(),
            self.first_access(),
            self.downloads(),
            self.rule(),
            self.renewed(),
            self.ended(),
            self.gone(),
        ];
        let numbered = (1..).zip(made);
        numbered
            .map(|(number, (name, title, kinds, found))| {
                let receipts = match &found {
                    Found::Present(_) => self.of(kinds).iter().map(|e| e.path.clone()).collect(),
                    Found::NotApplicable(_) => Vec::new(),
                };
                Item { number, name, title, found, receipts }
            })
            .collect()
    }
}

impl Item {
    /// `items/03-provision`
    pub fn stem(&self) -> String {
        format!("items/{:02}-{}", self.number, self.name)
    }

    pub fn to_json(&self) -> Value {
        let mut value = json!({
            "item": self.number,
            "name": self.name,
            "title": self.title,
            "status": self.status(),
            "receipts": self.receipts,
        });
        if let Some(map) = value.as_object_mut() {
            match &self.found {
                Found::Present(facts) => map.insert("facts".into(), facts.clone()),
                Found::NotApplicable(why) => map.insert("why".into(), json!(why)),
            };
        }
        value
    }

    pub const fn status(&self) -> &'static str {
        match self.found {
            Found::Present(_) => "present",
            Found::NotApplicable(_) => "not_applicable",
        }
    }

    /// The same for people.
    pub fn to_text(&self) -> String {
        let mut text = format!("{}. {} / {}\n\n", self.number, self.title.de, self.title.en);
        match &self.found {
            Found::Present(facts) => lines(&mut text, "", facts),
            Found::NotApplicable(why) => {
                let _ = write!(text, "Entfällt: {}\nNot applicable: {}\n", why.de, why.en);
            }
        }
        if !self.receipts.is_empty() {
            let _ = write!(text, "\nBelege / Evidence: {}\n", self.receipts.join(", "));
        }
        text
    }
}

/// `actor.trust_level: 4`
fn lines(text: &mut String, path: &str, value: &Value) {
    let join =
        |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Object(map) => {
            for (name, one) in map {
                lines(text, &join(name), one);
            }
        }
        Value::Array(all) => {
            for (number, one) in all.iter().enumerate() {
                lines(text, &join(&(number + 1).to_string()), one);
            }
        }
        Value::Null => {}
        Value::String(words) => {
            let _ = writeln!(text, "{path}: {words}");
        }
        other => {
            let _ = writeln!(text, "{path}: {other}");
        }
    }
}
