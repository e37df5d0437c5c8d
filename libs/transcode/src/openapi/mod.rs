//! The `OpenAPI` 3.1 document of everything under `/v1`, read off descriptors and access table.

mod comments;
mod operations;
mod schemas;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::routes::{POOL, routes};
use comments::Comments;
use schemas::Schemas;

/// What the document says before it comes to the calls.
const ABOUT: &str = "The gRPC services of the suite as JSON over HTTP: the same handlers, limits and \
errors. Fields are written in lowerCamelCase (names of the .proto files are understood too), 64-bit \
integers as strings, bytes in base64, times as RFC 3339; unknown fields are refused. Server streams \
are Server-Sent Events: an event's id is its cursor, `Last-Event-ID` resumes. Errors are problem \
details (RFC 9457) with the stable `reason` of the call. Calls with a token bound to a key carry a \
DPoP proof over the method and address of the HTTP request (RFC 9449); the first is answered 401 with \
a `DPoP-Nonce` to repeat it with.";

/// The document.
pub fn document() -> Bytes {
    serde_json::to_vec_pretty(&value()).unwrap_or_default().into()
}

pub(crate) fn value() -> Value {
    let comments = Comments::of(&POOL);
    let routes = routes();
    let mut schemas = Schemas::new(&comments, &routes);
    let mut paths = Map::new();
    for route in &routes {
        let operation = operations::operation(route, &comments, &mut schemas);
        let verb = route.verb().as_str().to_ascii_lowercase();
        paths.insert(route.path.clone(), json!({ verb: operation }));
    }
    let mut schemas = schemas.finish();
    schemas.insert("Problem".to_owned(), operations::problem());
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Siegel", "version": env!("CARGO_PKG_VERSION"), "description": ABOUT,
            "license": { "name": "EUPL-1.2", "identifier": "EUPL-1.2" } },
        "servers": [{ "url": "/" }],
        "tags": operations::tags(&routes, &comments),
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": operations::responses(),
            "securitySchemes": operations::security_schemes(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_somewhere() {
        let document = value();
        let mut open = vec![&document];
        while let Some(value) = open.pop() {
            match value {
                Value::Object(map) => {
                    if let Some(Value::String(to)) = map.get("$ref") {
                        let at = to.strip_prefix('#').unwrap();
                        assert!(document.pointer(at).is_some(), "{to}");
                    }
                    open.extend(map.values());
                }
                Value::Array(list) => open.extend(list),
                _ => {}
            }
        }
    }

    #[test]
    fn every_route_is_described_in_words_of_its_proto() {
        let document = value();
        for route in routes() {
            let verb = route.verb().as_str().to_ascii_lowercase();
            let operation = &document["paths"][&route.path][verb];
            assert!(!operation["summary"].as_str().unwrap().is_empty(), "{}", route.path);
        }
        let submit = &document["paths"]["/v1/postbox/SenderService/Submit"]["post"];
        assert_eq!(submit["security"][0]["dpop"][0], "postbox.deliver");
        assert!(submit["description"].as_str().unwrap().contains("`REQUEST_ID_REUSED`"));
    }

    #[test]
    fn a_message_is_described_with_its_json_names() {
        let document = value();
        let letter = &document["components"]["schemas"]["postbox.v1.Letter"];
        assert_eq!(letter["properties"]["senderReference"]["type"], "string");
        assert_eq!(letter["properties"]["publishAt"]["format"], "date-time");
        assert_eq!(
            letter["properties"]["bodies"]["items"]["$ref"],
            "#/components/schemas/postbox.v1.Body"
        );
        assert_eq!(letter["additionalProperties"], false, "what is only sent refuses more");
        let counts = &document["components"]["schemas"]["postbox.v1.GetCountsResponse"];
        assert!(counts["required"].as_array().unwrap().iter().any(|name| name == "inbox"));
        assert_eq!(counts.get("additionalProperties"), None, "what is answered may grow");
    }
}
