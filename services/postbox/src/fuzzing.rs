//! Doors for the fuzz targets of `fuzz/`; nothing else uses them.

use siegel_kernel::{Timestamp, TrustLevel};
use siegel_proto::Message as _;
use siegel_proto::postbox::v1::{SubmitStreamRequest, submit_stream_request::Part};

use crate::config::LimitsConfig;
use crate::domain::attachment::{self, Declaration};
use crate::domain::html;
use crate::domain::media::Sniffer;
use crate::grpc::convert;

/// Whether a file of this name and type may be attached.
pub fn takes_attachment(name: &str, media_type: &str) -> bool {
    let (name, media_type) = (name.to_owned(), media_type.to_owned());
    let declared = Declaration { name, media_type, sha256: [0; 32], size_bytes: 1 };
    attachment::check(&[declared], &LimitsConfig::default().of_tenant("")).is_ok()
}

/// Whether content that comes in these pieces is what was declared.
pub fn is_of_type(media_type: &str, pieces: &[&[u8]]) -> bool {
    let mut sniffer = Sniffer::default();
    for piece in pieces {
        sniffer.push(piece);
    }
    sniffer.check(media_type).is_ok()
}

/// Whether a text may be written in this HTML.
pub fn takes_html(text: &str) -> bool {
    html::check(text).is_ok()
}

/// Reads one message of a submit stream as the service does, up to the rules about letters; whether
/// it would go on to the recipient.
pub fn takes_message(bytes: &[u8]) -> bool {
    let Ok(message) = SubmitStreamRequest::decode(bytes) else { return false };
    let Some(Part::Head(head)) = message.part else { return false };
    let limits = LimitsConfig::default().of_tenant("");
    let declared = convert::declarations(head.attachments);
    let declared = declared.is_ok_and(|all| attachment::check(&all, &limits).is_ok());
    let letter = convert::letter(head.letter, TrustLevel::High);
    let now = Timestamp::from_seconds(1_741_256_100);
    declared && letter.is_ok_and(|l| l.is_some_and(|l| l.violations(now).is_empty()))
}
