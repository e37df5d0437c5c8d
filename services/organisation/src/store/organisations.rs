use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, OrganisationId, Timestamp, TrustLevel};

use crate::domain::{Organisation, RegisterEntry, RegisterKind, Role};

/// An organisation and the role of who asks.
#[derive(Clone, Debug)]
pub struct Seen {
    pub organisation: Organisation,
    pub role: Role,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: OrganisationId,
    name: String,
    legal_form: String,
    register_kind: Option<String>,
    register_court: Option<String>,
    register_number: Option<String>,
    identification_level: TrustLevel,
    created_at_us: Timestamp,
    role: i64,
}

impl TryFrom<Row> for Seen {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let register = match (row.register_kind, row.register_court, row.register_number) {
            (Some(kind), Some(court), Some(number)) => {
                let kind = RegisterKind::parse(&kind);
                let kind =
                    kind.ok_or_else(|| StoreError::corrupt("organisations.register_kind"))?;
                Some(RegisterEntry { kind, court, number })
            }
            _ => None,
        };
        let role = Role::from_number(row.role);
        Ok(Self {
            organisation: Organisation {
                id: row.id,
                name: row.name,
                legal_form: row.legal_form,
                register,
                identification_level: row.identification_level,
                created_at: row.created_at_us,
            },
            role: role.ok_or_else(|| StoreError::corrupt("memberships.role"))?,
        })
    }
}

pub async fn add(tx: &mut Tx, new: &Organisation) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO organisations (id, name, legal_form, register_kind, \
        register_court, register_number, identification_level, created_at_us) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let register = new.register.as_ref();
    on!(tx, c => sqlx::query(SQL)
        .bind(new.id).bind(&new.name).bind(&new.legal_form)
        .bind(register.map(|r| r.kind.as_str()))
        .bind(register.map(|r| r.court.as_str()))
        .bind(register.map(|r| r.number.as_str()))
        .bind(new.identification_level).bind(new.created_at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// An organisation as a member sees it; `None` for everybody else.
pub async fn seen_by(
    tx: &mut Tx,
    id: OrganisationId,
    account: AccountId,
) -> Result<Option<Seen>, StoreError> {
    const SQL: &str = "SELECT o.id, o.name, o.legal_form, o.register_kind, o.register_court, \
        o.register_number, o.identification_level, o.created_at_us, m.role \
        FROM memberships m JOIN organisations o ON o.id = m.organisation_id \
        WHERE m.account_id = $2 AND m.organisation_id = $1 AND m.ended_at_us IS NULL \
        AND o.dissolved_at_us IS NULL";
    let row: Option<Row> =
        on!(tx, c => sqlx::query_as(SQL).bind(id).bind(account).fetch_optional(c).await?);
    row.map(Seen::try_from).transpose()
}

/// The organisations an account is a member of, by name.
pub async fn all_of(tx: &mut Tx, account: AccountId) -> Result<Vec<Seen>, StoreError> {
    const SQL: &str = "SELECT o.id, o.name, o.legal_form, o.register_kind, o.register_court, \
        o.register_number, o.identification_level, o.created_at_us, m.role \
        FROM memberships m JOIN organisations o ON o.id = m.organisation_id \
        WHERE m.account_id = $1 AND m.ended_at_us IS NULL AND o.dissolved_at_us IS NULL \
        ORDER BY o.name, o.id";
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(SQL).bind(account).fetch_all(c).await?);
    rows.into_iter().map(Seen::try_from).collect()
}

/// What organisations are called.
pub async fn names(
    tx: &mut Tx,
    ids: &[OrganisationId],
) -> Result<Vec<(OrganisationId, String)>, StoreError> {
    const SQL: &str =
        "SELECT o.id, o.name FROM asked a CROSS JOIN organisations o WHERE o.id = a.id";
    let ids: Vec<_> = ids.iter().map(|id| id.as_uuid()).collect();
    super::asked::of_ids(tx, &ids, SQL).await
}

/// An organisation that there is still, whoever asks.
pub async fn find(tx: &mut Tx, id: OrganisationId) -> Result<Option<Organisation>, StoreError> {
    // The role is nobody's: the one with the least rights.
    const SQL: &str = "SELECT id, name, legal_form, register_kind, register_court, \
        register_number, identification_level, created_at_us, CAST(5 AS BIGINT) AS role \
        FROM organisations WHERE id = $1 AND dissolved_at_us IS NULL";
    let row: Option<Row> = on!(tx, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await?);
    Ok(row.map(Seen::try_from).transpose()?.map(|seen| seen.organisation))
}
