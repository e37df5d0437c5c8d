//! What identity says about itself.

use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod, CoreGrantType,
    CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
    CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::{
    AdditionalProviderMetadata, EndpointMaybeSet, EndpointNotSet, EndpointSet, ProviderMetadata,
};
use serde::{Deserialize, Serialize};
use siegel_kernel::Timestamp;

/// Endpoints beyond OpenID Connect Discovery.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MoreEndpoints {
    /// RFC 9126 §5.
    pub pushed_authorization_request_endpoint: String,
    /// RFC 8414 §2.
    pub revocation_endpoint: Option<String>,
}

impl AdditionalProviderMetadata for MoreEndpoints {}

pub type Metadata = ProviderMetadata<
    MoreEndpoints,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

pub type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Metadata and keys as fetched at one moment.
pub struct Known {
    pub client: Client,
    pub authorization_endpoint: url::Url,
    pub more: MoreEndpoints,
    pub fetched_at: Timestamp,
}
