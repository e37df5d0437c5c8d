//! Calls: who may make them, what they take and answer.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use siegel_grpc::{CallerKind, Rule};
use siegel_kernel::TrustLevel;

use super::comments::{Comments, first_sentence};
use super::schemas::{Schemas, describe, put};
use crate::routes::{Route, Shape};

pub(super) fn operation(route: &Route, comments: &Comments, schemas: &mut Schemas<'_>) -> Value {
    let service = route.method.parent_service();
    let about = comments.on(&service.parent_file(), route.method.path());
    let mut operation = json!({
        "operationId": format!("{}_{}", service.name(), route.method.name()),
        "tags": [service.name()],
        "summary": first_sentence(about),
        "description": format!("{about}\n\n{}", callers(route.rule)).trim(),
        "security": security(route.rule),
    });
    if route.is_get() {
        put(&mut operation, "parameters", parameters(route, schemas));
    } else {
        let schema = schemas.message(&route.input());
        let content = json!({ "application/json": { "schema": schema } });
        put(&mut operation, "requestBody", json!({ "required": true, "content": content }));
    }
    put(&mut operation, "responses", answers(route, schemas));
    operation
}

fn parameters(route: &Route, schemas: &mut Schemas<'_>) -> Value {
    let input = route.input();
    let fields = input.fields().map(|field| {
        let mut schema = schemas.field(&field);
        let about = schema.as_object_mut().and_then(|schema| schema.remove("description"));
        let mut parameter = json!({ "name": field.json_name(), "in": "query", "schema": schema });
        describe(&mut parameter, about.as_ref().and_then(Value::as_str).unwrap_or(""));
        parameter
    });
    let mut all: Vec<Value> = fields.collect();
    let header = |name: &str, about: &str| json!({ "name": name, "in": "header", "description": about, "schema": { "type": "string" } });
    match route.shape {
        Shape::Bytes if route.input().get_field_by_name("offset_bytes").is_some() => {
            all.push(header("Range", "One range, `bytes=0-499` or `bytes=500-`."));
        }
        Shape::Events if route.input().get_field_by_name("cursor").is_some() => {
            all.push(header("Last-Event-ID", "The cursor to go on after; the newer of the two."));
        }
        _ => {}
    }
    Value::Array(all)
}

fn answers(route: &Route, schemas: &mut Schemas<'_>) -> Value {
    let content = match route.shape {
        Shape::Unary => {
            json!({ "application/json": { "schema": schemas.message(&route.output()) } })
        }
        Shape::Events => {
            let each = schemas.message(&route.output());
            json!({ "text/event-stream": { "schema": {
                "type": "string",
                "description": "Server-Sent Events; the data of each is one message. The last one, \
                    `problem`, says why the stream ended.",
                "contentMediaType": "application/json", "contentSchema": each } } })
        }
        Shape::Bytes => json!({ "*/*": { "schema": { "type": "string", "format": "binary" } } }),
    };
    let mut all = json!({ "200": { "description": "Done.", "content": content } });
    if route.shape == Shape::Bytes {
        let part = json!({ "description": "The range that was asked for.", "content": content });
        put(&mut all, "206", part);
    }
    for name in problems(route) {
        put(&mut all, name, json!({ "$ref": format!("#/components/responses/{name}") }));
    }
    all
}

/// Statuses of refusals, each with what a caller can do.
const PROBLEMS: [(&str, &str); 13] = [
    ("400", "Malformed, or not possible in this state: `code` says which, `reason` why."),
    ("401", "No token or proof that holds; `WWW-Authenticate` says what is missing."),
    ("403", "Not with this token: `reason` says what it lacks."),
    ("404", "Unknown, or not the caller's."),
    ("408", "The body did not arrive in time."),
    ("409", "In conflict with what there is, or a lost race."),
    ("413", "The body is too large."),
    ("415", "The body is not uncompressed JSON."),
    ("416", "The range lies behind the end."),
    ("429", "Too much; `Retry-After` says when."),
    ("500", "A fault of the service."),
    ("503", "Out of reach for now; `Retry-After` says when."),
    ("504", "Not done before the deadline."),
];

fn problems(route: &Route) -> impl Iterator<Item = &'static str> {
    let (post, bytes, public) = (!route.is_get(), route.shape == Shape::Bytes, route.is_public());
    PROBLEMS.into_iter().map(|(status, _)| status).filter(move |status| match *status {
        "401" | "403" => !public,
        "408" | "413" | "415" => post,
        "416" => bytes,
        _ => true,
    })
}

pub(super) fn responses() -> Map<String, Value> {
    let content = json!({ "application/problem+json": {
        "schema": { "$ref": "#/components/schemas/Problem" } } });
    let one = |(status, about): (&str, &str)| {
        let response = json!({ "description": about, "content": content });
        (status.to_owned(), response)
    };
    PROBLEMS.into_iter().map(one).collect()
}

/// Who may call, in words.
fn callers(rule: &Rule) -> String {
    let kinds: Vec<_> = [
        (CallerKind::Public, "Anybody"),
        (CallerKind::Person, "Persons"),
        (CallerKind::Client, "Clients"),
        (CallerKind::Program, "Programs of organisations"),
    ]
    .into_iter()
    .filter_map(|(kind, word)| rule.allows(kind).then_some(word))
    .collect();
    let mut text = format!("Callers: {}", kinds.join(", "));
    if !rule.scope.is_empty() {
        let scopes: Vec<_> = rule.scope.split(' ').map(|scope| format!("`{scope}`")).collect();
        text = format!("{text}; scope {}", scopes.join(" or "));
    }
    if rule.level > TrustLevel::Basic {
        text = format!("{text}; trust level {} at least", rule.level);
    }
    text + "."
}

/// One alternative per scope and way to present a token.
fn security(rule: &Rule) -> Value {
    let mut all = Vec::new();
    if rule.allows(CallerKind::Public) {
        return Value::Array(all);
    }
    for scope in rule.scope.split(' ') {
        all.push(json!({ "dpop": [scope], "dpopProof": [] }));
        all.push(json!({ "bearer": [scope], "certificate": [] }));
        if !rule.bound {
            all.push(json!({ "bearer": [scope] }));
        }
    }
    Value::Array(all)
}

pub(super) fn security_schemes() -> Value {
    json!({
        "dpop": { "type": "http", "scheme": "DPoP",
            "description": "An access token bound to a key (RFC 9449)." },
        "dpopProof": { "type": "apiKey", "in": "header", "name": "DPoP",
            "description": "The proof: a JWT over method, address, token and nonce." },
        "bearer": { "type": "http", "scheme": "bearer",
            "description": "An access token; with `certificate`, one that is bound to it." },
        "certificate": { "type": "mutualTLS",
            "description": "The client's certificate (RFC 8705)." },
    })
}

/// The services, each with its comment.
pub(super) fn tags(routes: &[Route], comments: &Comments) -> Value {
    let named = routes.iter().map(|route| {
        let service = route.method.parent_service();
        let about = comments.on(&service.parent_file(), service.path()).to_owned();
        (service.name().to_owned(), about)
    });
    let named: BTreeMap<_, _> = named.collect();
    named.into_iter().map(|(name, about)| json!({ "name": name, "description": about })).collect()
}

/// RFC 9457, with the members of `google.rpc.ErrorInfo`.
pub(super) fn problem() -> Value {
    let text = json!({ "type": "string" });
    json!({
        "type": "object",
        "description": "Problem details (RFC 9457).",
        "required": ["type", "title", "status", "detail", "code", "reason", "domain", "metadata"],
        "properties": {
            "type": text, "title": text, "status": { "type": "integer" },
            "detail": { "type": "string", "description": "For people; may change." },
            "code": { "type": "string", "description": "The gRPC code, `PERMISSION_DENIED`." },
            "reason": { "type": "string", "description": "For programs; never changes." },
            "domain": text,
            "metadata": { "type": "object", "additionalProperties": text,
                "description": "Facts a program needs to go on; `party` says who must act." },
            "violations": { "type": "array", "description": "Each field that is malformed.",
                "items": { "type": "object", "required": ["field", "description"],
                    "properties": { "field": text, "description": text } } },
        },
    })
}
