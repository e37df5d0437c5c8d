//! Attachments that come in one message with what they belong to.

use bytes::Bytes;
use siegel_proto::postbox::v1 as pb;
use tonic::Status;

use super::{convert, status};
use crate::app::submit::SubmitError;
use crate::domain::attachment::Declaration;

/// Declarations and contents, in order; at most `limit` bytes in all.
pub fn read(
    attachments: Vec<pb::InlineAttachment>,
    limit: usize,
) -> Result<(Vec<Declaration>, Vec<Bytes>), Status> {
    let (wire, contents): (Vec<_>, Vec<_>) = attachments
        .into_iter()
        .map(|a| (a.declaration.unwrap_or_default(), Bytes::from(a.content)))
        .unzip();
    let declared = convert::declarations(wire)?;
    check(&declared, &contents, limit).map_err(|e| status::submit(&e))?;
    Ok((declared, contents))
}

fn check(declared: &[Declaration], contents: &[Bytes], limit: usize) -> Result<(), SubmitError> {
    if contents.iter().map(Bytes::len).sum::<usize>() > limit {
        return Err(SubmitError::InlineTooLarge { limit });
    }
    for (index, (one, content)) in declared.iter().zip(contents).enumerate() {
        if one.size_bytes != content.len() as u64 {
            let field = format!("attachments[{index}].declaration.size_bytes");
            return Err(SubmitError::field(&field, "is not the size of the content"));
        }
    }
    Ok(())
}
