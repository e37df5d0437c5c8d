use prost::Message as _;
use prost_types::FileDescriptorSet;

/// One RPC of the suite, as declared in `proto/`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rpc {
    /// `siegel.postbox.v1.SenderService`
    pub service: String,
    /// `Submit`
    pub method: String,
    pub client_streaming: bool,
    pub server_streaming: bool,
}

impl Rpc {
    /// `siegel.postbox.v1.SenderService/Submit`
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.service, self.method)
    }
}

/// Every RPC of the suite's own packages, sorted.
///
/// # Panics
/// Never: the descriptors are written by this crate's build script.
pub fn rpcs() -> Vec<Rpc> {
    let set = FileDescriptorSet::decode(crate::DESCRIPTORS).expect("own descriptors");
    let mut all: Vec<Rpc> = set
        .file
        .iter()
        .filter(|file| file.package().starts_with("siegel."))
        .flat_map(|file| file.service.iter().map(move |service| (file, service)))
        .flat_map(|(file, service)| {
            service.method.iter().map(move |method| Rpc {
                service: format!("{}.{}", file.package(), service.name()),
                method: method.name().to_owned(),
                client_streaming: method.client_streaming(),
                server_streaming: method.server_streaming(),
            })
        })
        .collect();
    all.sort();
    all
}
