//! From the query of an address to the message of a call.

use axum::extract::Query;
use http::Uri;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value};
use siegel_grpc::invalid;
use tonic::Status;

use crate::input;
use crate::routes::fits_a_query;

/// `?cursor=…&labels=a&labels=b` as the fields of a message.
pub(crate) fn message(kind: MessageDescriptor, uri: &Uri) -> Result<DynamicMessage, Status> {
    let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri);
    let Query(pairs) = pairs.map_err(|_| invalid(&[("", "the query is malformed")]))?;
    let mut fields = Map::new();
    for (name, text) in pairs {
        let field = kind.get_field_by_json_name(&name).or_else(|| kind.get_field_by_name(&name));
        let Some(field) = field.filter(fits_a_query) else {
            return Err(invalid(&[(&name, "there is no such field")]));
        };
        let value = value(&field, text);
        let name = field.json_name().to_owned();
        if field.is_list() {
            match fields.entry(name).or_insert_with(|| Value::Array(Vec::new())) {
                Value::Array(list) => list.push(value),
                other => *other = value,
            }
        } else if fields.insert(name.clone(), value).is_some() {
            return Err(invalid(&[(&name, "stands there twice")]));
        }
    }
    input::message(kind, Value::Object(fields).to_string().as_bytes())
}

/// Everything but truth values may be a string in JSON too.
fn value(field: &FieldDescriptor, text: String) -> Value {
    match (field.kind(), text.as_str()) {
        (Kind::Bool, "true") => Value::Bool(true),
        (Kind::Bool, "false") => Value::Bool(false),
        _ => Value::String(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::POOL;

    fn list(query: &str) -> Result<DynamicMessage, Status> {
        let kind = POOL.get_message_by_name("siegel.postbox.v1.ListLettersRequest").unwrap();
        message(kind, &format!("/x?{query}").parse().unwrap())
    }

    #[test]
    fn a_query_says_the_fields_of_a_request() {
        let message = list("pageSize=7&unread_only=true&folder=FOLDER_TRASH&label=a%20b").unwrap();
        let field = |name: &str| message.get_field_by_name(name).unwrap().into_owned();
        assert_eq!(field("page_size").as_i32(), Some(7));
        assert_eq!(field("unread_only").as_bool(), Some(true));
        assert_eq!(field("folder").as_enum_number(), Some(3));
        assert_eq!(field("label").as_str(), Some("a b"));
    }

    #[test]
    fn a_query_with_what_is_unknown_or_doubled_is_refused() {
        for query in ["nose=1", "label=a&label=b", "pageSize=x", "unreadOnly=yes"] {
            assert!(list(query).is_err(), "{query}");
        }
    }
}
