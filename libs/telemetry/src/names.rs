//! Names of spans and fields. A field's name carries its unit (`…_ms`, `…_bytes`).

/// Span names, `service.action`.
pub mod span {
    /// One gRPC call on the serving side.
    pub const RPC_SERVER: &str = "rpc.server";
    /// One gRPC call on the calling side.
    pub const RPC_CLIENT: &str = "rpc.client";
    /// One HTTP request.
    pub const HTTP_SERVER: &str = "http.server";
    pub const EID_START: &str = "eid.start";
    pub const EID_FETCH: &str = "eid.fetch";
    pub const EID_SWEEP: &str = "eid.sweep";
    pub const IDENTITY_AUTHORIZE: &str = "identity.authorize";
    pub const IDENTITY_TOKEN: &str = "identity.token";
    pub const POSTBOX_SUBMIT: &str = "postbox.submit";
    pub const POSTBOX_OPEN: &str = "postbox.open";
    pub const POSTBOX_DOWNLOAD: &str = "postbox.download";
    pub const NOTIFICATION_SEND: &str = "notification.send";
}

/// Field names. Ids only; never a value that speaks of a person.
pub mod field {
    /// The service that answers: `postbox`.
    pub const SERVICE: &str = "service";
    /// The RPC: `siegel.postbox.v1.SenderService/Submit`.
    pub const RPC: &str = "rpc.method";
    /// gRPC status: `OK`, `NOT_FOUND`.
    pub const CODE: &str = "rpc.code";
    /// Stable reason of a refusal.
    pub const REASON: &str = "reason";
    /// Who calls: client id, audit pseudonym of an account, or service.
    pub const CALLER: &str = "caller";
    /// Chosen by the client.
    pub const REQUEST_ID: &str = "request.id";
    pub const LETTER_ID: &str = "letter.id";
    pub const EVENT_POSITION: &str = "event.position";
    pub const DURATION_MS: &str = "duration_ms";
    pub const SIZE_BYTES: &str = "size_bytes";
}
