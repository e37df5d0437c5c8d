//! Everything an account holds, as one JSON document.

use serde_json::{Value, json};
use siegel_db::audit::{self, Entry};
use siegel_db::{StoreError, Tx};
use siegel_grpc::audit_name;
use siegel_kernel::{AccountId, Timestamp, TrustLevel};

use super::staff::look;
use super::vault::AccountKey;
use super::{App, Failure, kinds};
use crate::store::{accounts, export, staff};

mod consented;
mod safe;

/// Lines of the disclosure log read at a time.
const READ: i64 = 1_000;

impl App {
    /// The document; `level`: of the session it goes to. On record before the first byte leaves.
    /// Whatever else the account comes to hold gets a section here.
    #[tracing::instrument(name = "account.export", skip_all)]
    pub async fn export(
        &self,
        account: AccountId,
        level: Option<TrustLevel>,
    ) -> Result<Vec<u8>, Failure> {
        let now = self.clock.now();
        let name = audit_name(account);
        let mut tx = self.db.begin().await?;
        let row = accounts::find(&mut tx, account).await?.ok_or(Failure::UnknownAccount)?;
        let key = self.vault.key_of(&row)?;
        let document = json!({
            "format": "siegel-account/1",
            "exported_at": now.to_rfc3339(),
            "opened_at": row.opened_at.to_rfc3339(),
            "proven_level": row.proven_level.as_str(),
            "locale": row.locale,
            "attributes": attributes(&mut tx, account, &key).await?,
            "pending_change": consented::pending_change(&mut tx, account, &key).await?,
            "consents": consented::consents(&mut tx, account, &key).await?,
            "disclosures": consented::disclosures(&mut tx, account, &key).await?,
            "staff_accesses": staff_accesses(&mut tx, account, &key).await?,
            "documents": safe::documents(&mut tx, account, &key).await?,
            "document_grants": safe::grants(&mut tx, account, &key, now).await?,
        });
        taken(&mut tx, (kinds::EXPORTED, account, level), &name, now).await?;
        tx.commit().await?;
        self.committed();
        serde_json::to_vec_pretty(&document).map_err(|_| Failure::StoredAnswer)
    }
}

/// On record that a person took what is theirs; `subject`: what of it.
pub(super) async fn taken(
    tx: &mut Tx,
    (kind, account, level): (&str, AccountId, Option<TrustLevel>),
    subject: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let actor = format!("person:{}", audit_name(account));
    let (outcome, request_id, detail) = ("done", "", "");
    let entry = Entry { kind, actor: &actor, subject, level, outcome, request_id, detail, at };
    audit::record(tx, &entry).await
}

fn time(at: Option<Timestamp>) -> Option<String> {
    at.map(Timestamp::to_rfc3339)
}

async fn attributes(
    tx: &mut Tx,
    account: AccountId,
    key: &AccountKey,
) -> Result<Vec<Value>, Failure> {
    let mut all = Vec::new();
    for stored in export::attributes(tx, account).await? {
        let held = key.open_value(&stored)?;
        all.push(json!({
            "name": held.name,
            "value": held.value,
            "not_applicable": held.not_applicable(),
            "source": held.proof.source.name(),
            "source_detail": held.proof.detail,
            "level": held.proof.level.map(TrustLevel::as_str),
            "verified_at": time(held.proof.verified_at),
            "valid_until": time(held.proof.valid_until),
            "recorded_at": held.recorded_at.to_rfc3339(),
            "superseded_at": time(stored.superseded_at),
        }));
    }
    Ok(all)
}

/// Which staff looked, when and why, newest first.
async fn staff_accesses(
    tx: &mut Tx,
    account: AccountId,
    key: &AccountKey,
) -> Result<Vec<Value>, Failure> {
    let (mut all, mut before) = (Vec::new(), i64::MAX);
    loop {
        let some = staff::before(tx, account, before, READ).await?;
        let Some(last) = some.last().map(|line| line.id) else { return Ok(all) };
        before = last;
        for line in some {
            let look = look(key, line)?;
            all.push(json!({
                "staff": look.staff,
                "what": look.what,
                "reason": look.reason.reason,
                "reference": look.reason.reference,
                "at": look.at.to_rfc3339(),
            }));
        }
    }
}

#[cfg(test)]
mod tests {
    use siegel_db::Db;
    use siegel_testkit::on_each_backend;

    use super::*;
    use crate::app::testing::{app, opens, order};

    on_each_backend! { &crate::MIGRATIONS =>
        an_export_holds_what_is_and_what_was,
        an_export_holds_nothing_of_others_and_is_on_record,
    }

    fn values(document: &[u8]) -> Vec<(String, bool)> {
        let document: Value = serde_json::from_slice(document).unwrap();
        let all = document.get("attributes").and_then(Value::as_array).unwrap();
        let told = |one: &Value| {
            let value = one.get("value").and_then(Value::as_str).unwrap().to_owned();
            (value, one.get("superseded_at").is_some_and(Value::is_string))
        };
        all.iter().map(told).collect()
    }

    async fn an_export_holds_what_is_and_what_was(db: Db) {
        let app = app(db);
        let account = opens(&app, 1).await;
        app.change_email(&order("c1"), account, "b@example.org").await.unwrap();
        let all = values(&app.export(account, None).await.unwrap());
        let old = ("a@example.org".to_owned(), true);
        let new = ("b@example.org".to_owned(), false);
        assert!(all.contains(&old) && all.contains(&new), "{all:?}");
    }

    async fn an_export_holds_nothing_of_others_and_is_on_record(db: Db) {
        let app = app(db);
        let (mine, other) = (opens(&app, 1).await, opens(&app, 2).await);
        app.change_email(&order("c1"), other, "theirs@example.org").await.unwrap();
        let document = app.export(mine, None).await.unwrap();
        let text = String::from_utf8(document).unwrap();
        assert!(!text.contains("theirs") && text.contains("a@example.org"));
        let mut tx = app.db.read().await.unwrap();
        let kinds = siegel_db::audit::kinds(&mut tx).await.unwrap();
        assert!(kinds.iter().any(|kind| kind == "account.account.exported"), "{kinds:?}");
    }
}
