//! Messages and enums as JSON Schema.

use std::collections::{BTreeSet, HashSet};

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use super::comments::Comments;
use crate::routes::Route;

/// Schemas of what the calls refer to.
pub(super) struct Schemas<'a> {
    comments: &'a Comments,
    /// Full names of messages that some request carries.
    sent: HashSet<String>,
    /// The same of answers.
    answered: HashSet<String>,
    done: Map<String, Value>,
}

impl<'a> Schemas<'a> {
    pub(super) fn new(comments: &'a Comments, routes: &[Route]) -> Self {
        let (mut sent, mut answered) = (HashSet::new(), HashSet::new());
        for route in routes {
            reach(&route.input(), &mut sent);
            reach(&route.output(), &mut answered);
        }
        Self { comments, sent, answered, done: Map::new() }
    }

    pub(super) fn finish(self) -> Map<String, Value> {
        self.done
    }

    /// A reference to a message's schema.
    pub(super) fn message(&mut self, message: &MessageDescriptor) -> Value {
        if let Some(known) = well_known(message.full_name()) {
            return known;
        }
        let name = short(message.full_name());
        if !self.done.contains_key(&name) {
            // Its place is taken first: messages may contain themselves.
            self.done.insert(name.clone(), Value::Null);
            let schema = self.object(message);
            self.done.insert(name.clone(), schema);
        }
        reference(&name)
    }

    fn object(&mut self, message: &MessageDescriptor) -> Value {
        let mut properties = Map::new();
        let mut always = BTreeSet::new();
        for field in message.fields() {
            properties.insert(field.json_name().to_owned(), self.field(&field));
            if !field.supports_presence() {
                always.insert(field.json_name().to_owned());
            }
        }
        let mut schema = json!({ "type": "object", "properties": properties });
        let about = self.comments.on(&message.parent_file(), message.path());
        let choices = choices(message);
        let about = [about, choices.as_str()].join(" ");
        describe(&mut schema, about.trim());
        let (sent, answered) =
            (self.sent.contains(message.full_name()), self.answered.contains(message.full_name()));
        // What is only sent refuses unknown fields; what is only answered is complete and may grow.
        if sent && !answered {
            put(&mut schema, "additionalProperties", false);
        }
        if answered && !sent && !always.is_empty() {
            put(&mut schema, "required", json!(always));
        }
        schema
    }

    /// The schema of one field, described.
    pub(super) fn field(&mut self, field: &FieldDescriptor) -> Value {
        let mut schema = if field.is_map() {
            let entry = field.kind();
            let value = entry.as_message().map(MessageDescriptor::map_entry_value_field);
            let value = value.map_or(json!({}), |value| self.single(&value));
            json!({ "type": "object", "additionalProperties": value })
        } else if field.is_list() {
            json!({ "type": "array", "items": self.single(field) })
        } else {
            self.single(field)
        };
        let about = self.comments.on(&field.parent_message().parent_file(), field.path());
        describe(&mut schema, about);
        schema
    }

    fn single(&mut self, field: &FieldDescriptor) -> Value {
        match field.kind() {
            Kind::Bool => json!({ "type": "boolean" }),
            Kind::String => json!({ "type": "string" }),
            Kind::Bytes => {
                json!({ "type": "string", "format": "byte", "contentEncoding": "base64" })
            }
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
                json!({ "type": "integer", "format": "int32",
                    "minimum": i32::MIN, "maximum": i32::MAX })
            }
            Kind::Uint32 | Kind::Fixed32 => {
                json!({ "type": "integer", "format": "int64", "minimum": 0, "maximum": u32::MAX })
            }
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
                json!({ "type": "string", "format": "int64", "pattern": "^-?[0-9]{1,18}$" })
            }
            Kind::Uint64 | Kind::Fixed64 => {
                json!({ "type": "string", "format": "uint64", "pattern": "^[0-9]{1,19}$" })
            }
            Kind::Float | Kind::Double => json!({ "type": "number" }),
            Kind::Message(message) => self.message(&message),
            Kind::Enum(kind) => self.choice(&kind),
        }
    }

    fn choice(&mut self, kind: &EnumDescriptor) -> Value {
        let name = short(kind.full_name());
        if !self.done.contains_key(&name) {
            let file = kind.parent_file();
            let values: Vec<String> = kind.values().map(|v| v.name().to_owned()).collect();
            let mut about = self.comments.on(&file, kind.path()).to_owned();
            for value in kind.values() {
                let word = self.comments.on(&file, value.path());
                if !word.is_empty() {
                    about = format!("{about}\n\n`{}`: {word}", value.name());
                }
            }
            let mut schema = json!({ "type": "string", "enum": values });
            describe(&mut schema, about.trim());
            self.done.insert(name.clone(), schema);
        }
        reference(&name)
    }
}

/// Everything a message carries.
fn reach(message: &MessageDescriptor, found: &mut HashSet<String>) {
    if !found.insert(message.full_name().to_owned()) {
        return;
    }
    for field in message.fields() {
        if let Kind::Message(inner) = field.kind() {
            reach(&inner, found);
        }
    }
}

/// `postbox.v1.Letter`
fn short(full_name: &str) -> String {
    full_name.strip_prefix("siegel.").unwrap_or(full_name).to_owned()
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// Sets a member of an object.
pub(super) fn put(object: &mut Value, key: &str, value: impl Into<Value>) {
    if let Some(object) = object.as_object_mut() {
        object.insert(key.to_owned(), value.into());
    }
}

/// Says what something is about, if anybody said so.
pub(super) fn describe(object: &mut Value, about: &str) {
    if !about.is_empty() {
        put(object, "description", about);
    }
}

/// Of the fields of a oneof at most one is there.
fn choices(message: &MessageDescriptor) -> String {
    let real = message.oneofs().filter(|oneof| !oneof.is_synthetic());
    let texts = real.map(|oneof| {
        let names: Vec<_> = oneof.fields().map(|f| format!("`{}`", f.json_name())).collect();
        format!("At most one of {}.", names.join(", "))
    });
    texts.collect::<Vec<_>>().join(" ")
}

/// Types with a JSON form of their own.
fn well_known(name: &str) -> Option<Value> {
    Some(match name.strip_prefix("google.protobuf.")? {
        "Timestamp" => json!({ "type": "string", "format": "date-time" }),
        "Duration" => json!({ "type": "string", "pattern": "^-?[0-9]+(\\.[0-9]{1,9})?s$" }),
        "FieldMask" => json!({ "type": "string" }),
        "Struct" | "Empty" => json!({ "type": "object" }),
        _ => json!({}),
    })
}
