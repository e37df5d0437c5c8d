//! How the RPCs of a service are called.

use siegel_grpc::CallerKind;
use siegel_proto::{Message, Rpc};

/// How to call an RPC with names of things.
pub struct Call<N> {
    /// `SenderService/Submit`
    pub rpc: &'static str,
    /// The encoded messages of a call that names these things.
    pub messages: fn(&N) -> Vec<Vec<u8>>,
    /// With which reason even the rightful caller is refused here, if so.
    pub refused_with: Option<&'static str>,
    /// What is not there is answered without a refusal: an empty list, a line that says so.
    pub tells_of_nothing: bool,
    /// Whose things are named, where several kinds may call.
    pub of: Option<CallerKind>,
}

impl<N> Clone for Call<N> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<N> Copy for Call<N> {}

pub const fn call<N>(rpc: &'static str, messages: fn(&N) -> Vec<Vec<u8>>) -> Call<N> {
    Call { rpc, messages, refused_with: None, tells_of_nothing: false, of: None }
}

pub const fn refused<N>(reason: &'static str, call: Call<N>) -> Call<N> {
    Call { refused_with: Some(reason), ..call }
}

pub const fn tells_of_nothing<N>(call: Call<N>) -> Call<N> {
    Call { tells_of_nothing: true, ..call }
}

pub const fn of<N>(kind: CallerKind, call: Call<N>) -> Call<N> {
    Call { of: Some(kind), ..call }
}

/// A call of one message.
pub fn one(message: &impl Message) -> Vec<Vec<u8>> {
    vec![message.encode_to_vec()]
}

/// Every RPC of a package that is `walked` with its calls; fails for an RPC that has none, and for
/// a call of an RPC that there is not.
pub fn calls_of<N>(
    package: &str,
    calls: &[Call<N>],
    walked: impl Fn(&Rpc) -> bool,
) -> Vec<(Rpc, Call<N>)> {
    let own = siegel_proto::rpcs().into_iter().filter(|rpc| rpc.full_name().starts_with(package));
    let rpcs: Vec<Rpc> = own.filter(walked).collect();
    assert!(!rpcs.is_empty(), "{package} has no RPCs");
    let name = |call: &Call<N>| format!("{package}{}", call.rpc);
    for call in calls {
        let known = rpcs.iter().any(|rpc| rpc.full_name() == name(call));
        assert!(known, "no such RPC in this walk: {}", call.rpc);
    }
    let mut found = Vec::new();
    for rpc in rpcs {
        let before = found.len();
        let of_rpc = calls.iter().filter(|call| name(call) == rpc.full_name());
        found.extend(of_rpc.map(|call| (rpc.clone(), *call)));
        let added = found.len() > before;
        assert!(added, "{} is not in the isolation walk: add its call", rpc.full_name());
    }
    found
}
