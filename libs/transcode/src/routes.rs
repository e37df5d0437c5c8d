//! Which RPC is reachable where.

use std::collections::HashSet;
use std::sync::LazyLock;

use http::Method;
use prost_reflect::{
    Cardinality, DescriptorPool, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor,
};
use siegel_grpc::{CallerKind, Rule, access_table};

/// The descriptors of this build.
pub(crate) static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    // Descriptors that do not decode have no routes; the tests below refuse to build such a release.
    DescriptorPool::decode(siegel_proto::DESCRIPTORS).unwrap_or_default()
});

/// How an RPC looks over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// JSON to JSON.
    Unary,
    /// Answers Server-Sent Events.
    Events,
    /// Answers the bytes of a file: a server stream whose messages have a `bytes chunk`.
    Bytes,
}

/// One RPC over HTTP.
#[derive(Clone, Debug)]
pub struct Route {
    /// `/v1/postbox/SenderService/Submit`
    pub path: String,
    pub shape: Shape,
    pub rule: &'static Rule,
    pub(crate) method: MethodDescriptor,
}

impl Route {
    /// Path of the gRPC call, `/siegel.postbox.v1.SenderService/Submit`.
    pub fn grpc_path(&self) -> String {
        format!("/{}", self.rule.rpc)
    }

    pub(crate) fn input(&self) -> MessageDescriptor {
        self.method.input()
    }

    pub(crate) fn output(&self) -> MessageDescriptor {
        self.method.output()
    }

    /// Streams are asked for by GET, for `EventSource` and downloads, when a query can say it all.
    /// Everything else is POST: nothing it says stands in an address.
    pub fn is_get(&self) -> bool {
        self.shape != Shape::Unary && self.input().fields().all(|field| fits_a_query(&field))
    }

    pub(crate) fn verb(&self) -> Method {
        if self.is_get() { Method::GET } else { Method::POST }
    }

    /// The bytes of files stand in its messages.
    pub(crate) fn takes_files(&self) -> bool {
        holds_files(&self.input(), &mut HashSet::new())
    }

    pub(crate) fn is_public(&self) -> bool {
        self.rule.allows(CallerKind::Public)
    }
}

/// Every RPC that somebody outside may call, except those that take a stream: bytes are sent by
/// `PUT`, and only gRPC has a call with many requests.
pub fn routes() -> Vec<Route> {
    let services = POOL.services();
    let methods = services.flat_map(|service| service.methods().collect::<Vec<_>>());
    let mut routes: Vec<Route> = methods.filter_map(route).collect();
    routes.sort_by(|a, b| a.path.cmp(&b.path));
    routes
}

/// Callers from outside the suite.
const OUTSIDE: [CallerKind; 4] =
    [CallerKind::Public, CallerKind::Person, CallerKind::Client, CallerKind::Program];

fn route(method: MethodDescriptor) -> Option<Route> {
    let service = method.parent_service();
    let rule = access_table().rule(&format!("{}/{}", service.full_name(), method.name()))?;
    if method.is_client_streaming() || !OUTSIDE.iter().any(|kind| rule.allows(*kind)) {
        return None;
    }
    let shape = match (method.is_server_streaming(), chunk(&method.output())) {
        (false, _) => Shape::Unary,
        (true, None) => Shape::Events,
        (true, Some(_)) => Shape::Bytes,
    };
    let path = path_of(service.package_name(), service.name(), method.name())?;
    Some(Route { path, shape, rule, method })
}

/// `siegel.postbox.v1`, `SenderService`, `Submit` to `/v1/postbox/SenderService/Submit`.
fn path_of(package: &str, service: &str, method: &str) -> Option<String> {
    let (name, version) = package.strip_prefix("siegel.")?.split_once('.')?;
    Some(format!("/{version}/{name}/{service}/{method}"))
}

/// The field that makes a message a piece of a file.
pub(crate) fn chunk(message: &MessageDescriptor) -> Option<FieldDescriptor> {
    message.get_field_by_name("chunk").filter(|field| field.kind() == Kind::Bytes)
}

/// Whether a message has, at any depth, a field for the bytes of a file; digests are none.
fn holds_files(message: &MessageDescriptor, seen: &mut HashSet<String>) -> bool {
    seen.insert(message.full_name().to_owned())
        && message.fields().any(|field| match field.kind() {
            Kind::Bytes => matches!(field.name(), "content" | "chunk" | "document"),
            Kind::Message(inner) => holds_files(&inner, seen),
            _ => false,
        })
}

pub(crate) fn fits_a_query(field: &FieldDescriptor) -> bool {
    match field.kind() {
        Kind::Message(message) => {
            field.cardinality() != Cardinality::Repeated
                && message.full_name() == "google.protobuf.Timestamp"
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes a stream: reachable by gRPC only.
    const STREAMS: [&str; 3] = ["SubmitStream", "UploadAttachment", "UploadDocument"];

    #[test]
    fn every_rpc_for_callers_outside_has_a_route() {
        let known: HashSet<_> = routes().into_iter().map(|route| route.rule.rpc.clone()).collect();
        let missing: Vec<_> = siegel_proto::rpcs()
            .iter()
            .filter(|rpc| !STREAMS.contains(&rpc.method.as_str()))
            .map(siegel_proto::Rpc::full_name)
            .filter(|rpc| {
                let rule = access_table().rule(rpc).unwrap();
                OUTSIDE.iter().any(|kind| rule.allows(*kind)) && !known.contains(rpc)
            })
            .collect();
        assert!(missing.is_empty(), "not reachable over HTTP: {missing:#?}");
    }

    #[test]
    fn no_rpc_for_siblings_has_a_route() {
        for route in routes() {
            assert!(
                !route
                    .rule
                    .callers
                    .iter()
                    .all(|kind| { matches!(kind, CallerKind::Sibling | CallerKind::Peer) })
            );
        }
        assert!(!routes().iter().any(|route| route.path.contains("HandleService")));
    }

    #[test]
    fn paths_are_read_off_the_names() {
        let find = |path: &str| routes().into_iter().find(|route| route.path == path).unwrap();
        let submit = find("/v1/postbox/SenderService/Submit");
        assert_eq!(submit.grpc_path(), "/siegel.postbox.v1.SenderService/Submit");
        assert_eq!((submit.shape, submit.is_get()), (Shape::Unary, false));
        let watch = find("/v1/postbox/SenderService/WatchEvents");
        assert_eq!((watch.shape, watch.is_get()), (Shape::Events, true));
        let download = find("/v1/postbox/MailboxService/DownloadAttachment");
        assert_eq!((download.shape, download.is_get()), (Shape::Bytes, true));
    }

    #[test]
    fn two_rpcs_never_share_a_path() {
        let all = routes();
        let paths: HashSet<_> = all.iter().map(|route| &route.path).collect();
        assert_eq!(paths.len(), all.len());
    }
}
