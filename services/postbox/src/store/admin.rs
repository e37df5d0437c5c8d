//! What operators decided: limits and quotas, holds, proposals, outages.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::Timestamp;

use crate::domain::admin::{AttachmentLimits, Profile, Quota, RetentionClass};
use crate::domain::{HandleId, HoldId, LetterId, MailboxId, OutageId, ProposalId};

/// The limits a tenant was given; `None` where those of the installation hold.
pub async fn limits(tx: &mut Tx) -> Result<Vec<(String, AttachmentLimits)>, StoreError> {
    const SQL: &str = "SELECT tenant, profile, attachments, attachment_bytes FROM tenant_limits";
    let rows: Vec<(String, String, Option<i64>, Option<i64>)> =
        on!(tx, c => sqlx::query_as(SQL).fetch_all(c).await?);
    let read = |(tenant, profile, attachments, bytes): (String, String, _, _)| {
        let profile = Profile::parse(&profile).ok_or(StoreError::corrupt("a profile"))?;
        Ok((tenant, AttachmentLimits { profile, attachments, attachment_bytes: bytes }))
    };
    rows.into_iter().map(read).collect()
}

pub async fn set_limits(
    tx: &mut Tx,
    tenant: &str,
    limits: &AttachmentLimits,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO tenant_limits (tenant, profile, attachments, attachment_bytes) \
        VALUES ($1, $2, $3, $4) ON CONFLICT (tenant) DO UPDATE SET profile = excluded.profile, \
        attachments = excluded.attachments, attachment_bytes = excluded.attachment_bytes";
    on!(tx, c => sqlx::query(SQL)
        .bind(tenant).bind(limits.profile.as_str()).bind(limits.attachments)
        .bind(limits.attachment_bytes)
        .execute(c).await?.rows_affected());
    Ok(())
}

#[derive(sqlx::FromRow)]
struct QuotaRow {
    tenant: String,
    client_id: String,
    letters_per_hour: Option<i64>,
    bytes_per_day: Option<i64>,
    weight: i64,
}

/// The quotas of all tenants.
pub async fn quotas(tx: &mut Tx) -> Result<Vec<(String, Quota)>, StoreError> {
    const SQL: &str = "SELECT tenant, client_id, letters_per_hour, bytes_per_day, weight \
        FROM quotas ORDER BY tenant, client_id";
    let rows: Vec<QuotaRow> = on!(tx, c => sqlx::query_as(SQL).fetch_all(c).await?);
    let read = |row: QuotaRow| {
        let quota = Quota {
            client_id: row.client_id,
            letters_per_hour: row.letters_per_hour,
            bytes_per_day: row.bytes_per_day,
            weight: u32::try_from(row.weight).unwrap_or(1),
        };
        (row.tenant, quota)
    };
    Ok(rows.into_iter().map(read).collect())
}

pub async fn set_quota(tx: &mut Tx, tenant: &str, quota: &Quota) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO quotas \
        (tenant, client_id, letters_per_hour, bytes_per_day, weight) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (tenant, client_id) DO UPDATE SET \
        letters_per_hour = excluded.letters_per_hour, bytes_per_day = excluded.bytes_per_day, \
        weight = excluded.weight";
    on!(tx, c => sqlx::query(SQL)
        .bind(tenant).bind(&quota.client_id).bind(quota.letters_per_hour)
        .bind(quota.bytes_per_day).bind(i64::from(quota.weight))
        .execute(c).await?.rows_affected());
    Ok(())
}

pub async fn classes(tx: &mut Tx, tenant: &str) -> Result<Vec<RetentionClass>, StoreError> {
    const SQL: &str = "SELECT name, days, is_default FROM retention_classes \
        WHERE tenant = $1 ORDER BY name";
    let rows: Vec<(String, i64, bool)> =
        on!(tx, c => sqlx::query_as(SQL).bind(tenant).fetch_all(c).await?);
    let read = |(name, days, is_default)| RetentionClass { name, days, is_default };
    Ok(rows.into_iter().map(read).collect())
}

/// The classes of all tenants.
pub async fn all_classes(tx: &mut Tx) -> Result<Vec<(String, RetentionClass)>, StoreError> {
    const SQL: &str = "SELECT tenant, name, days, is_default FROM retention_classes";
    let rows: Vec<(String, String, i64, bool)> =
        on!(tx, c => sqlx::query_as(SQL).fetch_all(c).await?);
    let read =
        |(tenant, name, days, is_default)| (tenant, RetentionClass { name, days, is_default });
    Ok(rows.into_iter().map(read).collect())
}

/// Adds or changes a class; a new default takes the place of the one before.
pub async fn set_class(
    tx: &mut Tx,
    tenant: &str,
    class: &RetentionClass,
) -> Result<(), StoreError> {
    const OTHERS: &str = "UPDATE retention_classes SET is_default = FALSE \
        WHERE tenant = $1 AND is_default";
    const SQL: &str = "INSERT INTO retention_classes (tenant, name, days, is_default) \
        VALUES ($1, $2, $3, $4) ON CONFLICT (tenant, name) DO UPDATE SET days = excluded.days, \
        is_default = excluded.is_default";
    if class.is_default {
        on!(&mut *tx, c => sqlx::query(OTHERS).bind(tenant).execute(c).await?.rows_affected());
    }
    on!(tx, c => sqlx::query(SQL)
        .bind(tenant).bind(&class.name).bind(class.days).bind(class.is_default)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// A ban on deletion.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct HoldRow {
    pub id: HoldId,
    pub tenant: String,
    pub mailbox_id: MailboxId,
    pub letter_id: Option<LetterId>,
    pub case_tag: Option<Vec<u8>>,
    pub reference: String,
    #[sqlx(rename = "placed_at_us")]
    pub placed_at: Timestamp,
    pub placed_by: String,
    #[sqlx(rename = "released_at_us")]
    pub released_at: Option<Timestamp>,
}

pub async fn place_hold(tx: &mut Tx, h: &HoldRow) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO legal_holds (id, tenant, mailbox_id, letter_id, case_tag, \
        reference, placed_at_us, placed_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    on!(tx, c => sqlx::query(SQL)
        .bind(h.id).bind(&h.tenant).bind(h.mailbox_id).bind(h.letter_id).bind(&h.case_tag)
        .bind(&h.reference).bind(h.placed_at).bind(&h.placed_by)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// The mailbox of a letter that a sender of the tenant sent, a removed one too.
pub async fn mailbox_of_letter(
    tx: &mut Tx,
    tenant: &str,
    letter: LetterId,
) -> Result<Option<MailboxId>, StoreError> {
    const SQL: &str = "SELECT s.mailbox_id FROM sent_letters s \
        JOIN letters l ON l.mailbox_id = s.mailbox_id AND l.id = s.letter_id \
        WHERE s.client_id IN (SELECT client_id FROM senders WHERE tenant = $1) \
        AND s.letter_id = $2 AND l.tenant = $1";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(tenant).bind(letter).fetch_optional(c).await?))
}

/// The mailbox behind a handle that the tenant's senders were given, a revoked one too.
pub async fn mailbox_of_handle(
    tx: &mut Tx,
    tenant: &str,
    handle: HandleId,
) -> Result<Option<MailboxId>, StoreError> {
    const SQL: &str = "SELECT mailbox_id FROM handles \
        WHERE id = $2 AND sector IN (SELECT sector FROM senders WHERE tenant = $1)";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(tenant).bind(handle).fetch_optional(c).await?))
}

/// Ends a hold of the tenant; the mailbox it lay in unless there was none in force.
pub async fn release_hold(
    tx: &mut Tx,
    tenant: &str,
    id: HoldId,
    now: Timestamp,
) -> Result<Option<MailboxId>, StoreError> {
    const SQL: &str = "UPDATE legal_holds SET released_at_us = $3 \
        WHERE id = $1 AND tenant = $2 AND released_at_us IS NULL RETURNING mailbox_id";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(id).bind(tenant).bind(now)
        .fetch_optional(c).await?))
}

const HOLD: &str = "SELECT id, tenant, mailbox_id, letter_id, case_tag, reference, placed_at_us, \
    placed_by, released_at_us FROM legal_holds";

/// The tenant's holds, newest first.
pub async fn holds_of_tenant(tx: &mut Tx, tenant: &str) -> Result<Vec<HoldRow>, StoreError> {
    let sql = sqlx::AssertSqlSafe(format!("{HOLD} WHERE tenant = $1 ORDER BY placed_at_us DESC"));
    Ok(on!(tx, c => sqlx::query_as(sql).bind(tenant).fetch_all(c).await?))
}

/// What lies on letters of the tenant in a mailbox.
pub async fn holds_in(
    tx: &mut Tx,
    tenant: &str,
    mailbox: MailboxId,
) -> Result<Vec<HoldRow>, StoreError> {
    let sql = sqlx::AssertSqlSafe(format!(
        "{HOLD} WHERE mailbox_id = $1 AND tenant = $2 AND released_at_us IS NULL"
    ));
    Ok(on!(tx, c => sqlx::query_as(sql).bind(mailbox).bind(tenant).fetch_all(c).await?))
}

/// A change that waits for a second operator.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ProposalRow {
    pub id: ProposalId,
    pub tenant: String,
    pub change: String,
    pub proposed_by: String,
    #[sqlx(rename = "proposed_at_us")]
    pub proposed_at: Timestamp,
}

pub async fn propose(tx: &mut Tx, p: &ProposalRow) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO admin_proposals \
        (id, tenant, change, proposed_by, proposed_at_us) VALUES ($1, $2, $3, $4, $5)";
    on!(tx, c => sqlx::query(SQL)
        .bind(p.id).bind(&p.tenant).bind(&p.change).bind(&p.proposed_by).bind(p.proposed_at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// What waits for an operator of the tenant, oldest first.
pub async fn proposals(tx: &mut Tx, tenant: &str) -> Result<Vec<ProposalRow>, StoreError> {
    const SQL: &str = "SELECT id, tenant, change, proposed_by, proposed_at_us \
        FROM admin_proposals WHERE tenant = $1 AND decided_at_us IS NULL ORDER BY proposed_at_us";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(tenant).fetch_all(c).await?))
}

/// Takes a proposal off the waiting ones: one decision, whoever comes first.
pub async fn decide(
    tx: &mut Tx,
    tenant: &str,
    id: ProposalId,
    now: Timestamp,
) -> Result<Option<ProposalRow>, StoreError> {
    const SQL: &str = "UPDATE admin_proposals SET decided_at_us = $3 \
        WHERE id = $1 AND tenant = $2 AND decided_at_us IS NULL \
        RETURNING id, tenant, change, proposed_by, proposed_at_us";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(id).bind(tenant).bind(now).fetch_optional(c).await?))
}

/// A period in which the postbox was not reachable.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct OutageRow {
    pub id: OutageId,
    #[sqlx(rename = "from_us")]
    pub from: Timestamp,
    #[sqlx(rename = "to_us")]
    pub to: Timestamp,
    pub reason: String,
    #[sqlx(rename = "declared_at_us")]
    pub declared_at: Timestamp,
    pub declared_by: String,
}

pub async fn declare_outage(tx: &mut Tx, o: &OutageRow) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO outages (id, from_us, to_us, reason, declared_at_us, \
        declared_by) VALUES ($1, $2, $3, $4, $5, $6)";
    on!(tx, c => sqlx::query(SQL)
        .bind(o.id).bind(o.from).bind(o.to).bind(&o.reason).bind(o.declared_at)
        .bind(&o.declared_by)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Outages that touch a period, newest first.
pub async fn outages(
    tx: &mut Tx,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<OutageRow>, StoreError> {
    const SQL: &str = "SELECT id, from_us, to_us, reason, declared_at_us, declared_by \
        FROM outages WHERE to_us >= $1 AND from_us <= $2 ORDER BY from_us DESC";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(from).bind(to).fetch_all(c).await?))
}
