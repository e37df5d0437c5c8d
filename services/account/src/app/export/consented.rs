//! What was allowed, what went out, and what waits for a decision.

use serde_json::{Value, json};
use siegel_db::Tx;
use siegel_kernel::{AccountId, Timestamp, TrustLevel};

use super::super::Failure;
use super::super::changes::read;
use super::super::privacy::{document_of, handed, read_receipt};
use super::super::vault::AccountKey;
use super::{READ, time};
use crate::store::consents::{self, ConsentId};
use crate::store::{changes, export};

/// Every consent there ever was, oldest first, each with what its page said.
pub(super) async fn consents(
    tx: &mut Tx,
    account: AccountId,
    key: &AccountKey,
) -> Result<Vec<Value>, Failure> {
    let mut before = (Timestamp::from_micros(i64::MAX), ConsentId::from_uuid(uuid::Uuid::max()));
    let mut all = Vec::new();
    loop {
        let some = consents::past(tx, account, before, READ).await?;
        let Some(last) = some.last() else { break };
        before = (last.consent.given_at, last.consent.id);
        for past in some {
            let receipt = read_receipt(key, &past)?.map(|receipt| document_of(&past, &receipt));
            let asked = &past.consent.asked;
            all.push(json!({
                "client_id": asked.client_id,
                "client_name": asked.client_name,
                "attributes": asked.attributes.to_text(),
                "purpose": asked.purpose,
                "given_at": past.consent.given_at.to_rfc3339(),
                "ended_at": time(past.ended_at),
                "ended_by": past.ended_by,
                "receipt": receipt,
            }));
        }
    }
    all.reverse();
    Ok(all)
}

pub(super) async fn disclosures(
    tx: &mut Tx,
    account: AccountId,
    key: &AccountKey,
) -> Result<Vec<Value>, Failure> {
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let some = export::disclosures(tx, account, after, READ).await?;
        let Some(last) = some.last().map(|line| line.id) else { return Ok(all) };
        after = last;
        for line in some {
            let document = match line.document_id.zip(line.document_name) {
                None => Value::Null,
                Some((id, name)) => {
                    json!({"document_id": id.to_string(), "name": handed(key, id, &name)?})
                }
            };
            all.push(json!({
                "client_id": line.client_id,
                "client_name": line.client_name,
                "attributes": line.attributes,
                "document": document,
                "purpose": line.purpose,
                "level": line.level.as_str(),
                "at": line.at.to_rfc3339(),
            }));
        }
    }
}

/// What a new card said, while its person has not decided; `null`: nothing waits.
pub(super) async fn pending_change(
    tx: &mut Tx,
    account: AccountId,
    key: &AccountKey,
) -> Result<Value, Failure> {
    let Some(waiting) = changes::waiting(tx, account).await? else { return Ok(Value::Null) };
    let lines = read(key, &waiting)?.into_iter().map(|one| {
        json!({
            "name": one.attribute.name,
            "value": one.value,
            "not_applicable": one.not_applicable,
            "source": one.proof.source.name(),
            "source_detail": one.proof.detail,
            "level": one.proof.level.map(TrustLevel::as_str),
            "verified_at": time(one.proof.verified_at),
            "valid_until": time(one.proof.valid_until),
        })
    });
    Ok(json!({
        "proposed_at": waiting.proposed_at.to_rfc3339(),
        "level": waiting.level.map(TrustLevel::as_str),
        "attributes": lines.collect::<Vec<_>>(),
    }))
}
