use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, OrganisationId, Timestamp, TrustLevel};
use sqlx::AssertSqlSafe;

use super::super::asked::{PartyId, of_ids};
use crate::domain::{FactId, Grant, MandateId, Package, Party, Redelegation, Scope, State, ToKind};

/// Columns of [`GrantRow`] of the table `mandates g`.
macro_rules! grant_columns {
    () => {
        "g.id, g.version, g.from_kind, g.from_id, g.to_kind, g.to_id, g.parent_id, g.package, \
         g.read_only, g.service_id, g.mailbox_id, g.sender_id, g.thread, g.letter_id, g.level, \
         g.redelegation, g.valid_from_us, g.ends_at_us, g.accepted_at_us"
    };
}
pub(super) use grant_columns;

macro_rules! record_columns {
    () => {
        concat!(
            crate::store::mandates::record::grant_columns!(),
            ", g.state, g.principal_kind, g.principal_id, g.fact_id, g.valid_until_us, \
             g.review_at_us, g.granted_at_us, g.ended_at_us, g.end_reason, g.names, g.names_key"
        )
    };
}
pub(super) use record_columns;

#[derive(sqlx::FromRow)]
pub(super) struct GrantRow {
    pub id: MandateId,
    pub version: i64,
    pub from_kind: i64,
    pub from_id: PartyId,
    pub to_kind: i64,
    pub to_id: Option<PartyId>,
    pub parent_id: Option<MandateId>,
    pub package: String,
    pub read_only: bool,
    pub service_id: String,
    pub mailbox_id: String,
    pub sender_id: String,
    pub thread: String,
    pub letter_id: String,
    pub level: TrustLevel,
    pub redelegation: i64,
    pub valid_from_us: Timestamp,
    pub ends_at_us: Timestamp,
    pub accepted_at_us: Option<Timestamp>,
}

/// Kinds of givers and principals.
pub(super) const fn kind_of(party: Party) -> i64 {
    match party {
        Party::Organisation(_) => 1,
        Party::Person(_) => 2,
    }
}

pub(super) fn party(kind: i64, id: PartyId) -> Result<Party, StoreError> {
    match kind {
        1 => Ok(Party::Organisation(OrganisationId::from_uuid(id.as_uuid()))),
        2 | 3 => Ok(Party::Person(AccountId::from_uuid(id.as_uuid()))),
        _ => Err(StoreError::corrupt("mandates.…_kind")),
    }
}

impl GrantRow {
    /// The grant, and whether it is made out to somebody yet.
    pub fn read(self) -> Result<(Grant, Option<Party>), StoreError> {
        let to = self.to_id.map(|id| party(self.to_kind, id)).transpose()?;
        let corrupt = StoreError::corrupt;
        let from = party(self.from_kind, self.from_id)?;
        let grant = Grant {
            id: self.id,
            version: self.version,
            from,
            // Nobody holds what nobody accepted; no chain leads over a pending mandate.
            to: to.unwrap_or(from),
            to_kind: ToKind::from_number(self.to_kind)
                .ok_or_else(|| corrupt("mandates.to_kind"))?,
            parent: self.parent_id,
            package: Package::parse(&self.package).ok_or_else(|| corrupt("mandates.package"))?,
            read_only: self.read_only,
            scope: Scope {
                service: self.service_id,
                mailbox: self.mailbox_id,
                sender: self.sender_id,
                thread: self.thread,
                letter: self.letter_id,
            },
            level: self.level,
            redelegation: Redelegation::from_number(self.redelegation)
                .ok_or_else(|| corrupt("mandates.redelegation"))?,
            valid_from: self.valid_from_us,
            ends_at: self.ends_at_us,
            accepted_at: self.accepted_at_us.unwrap_or_default(),
        };
        Ok((grant, to))
    }
}

/// A mandate with everything that is kept of it.
#[derive(Clone, Debug)]
pub struct Record {
    /// While it is pending, `to` means nothing here.
    pub grant: Grant,
    /// Who holds it, or alone can accept it.
    pub to: Option<Party>,
    pub state: State,
    pub principal: Party,
    /// The register role by which it was given, when it was given by one.
    pub fact: Option<FactId>,
    pub valid_until: Option<Timestamp>,
    pub review_at: Option<Timestamp>,
    pub granted_at: Timestamp,
    pub accepted_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub end_reason: Option<String>,
    /// Sealed names, and their wrapped key.
    pub names: Option<(Vec<u8>, Vec<u8>)>,
}

#[derive(sqlx::FromRow)]
pub(super) struct RecordRow {
    #[sqlx(flatten)]
    grant: GrantRow,
    state: i64,
    principal_kind: i64,
    principal_id: PartyId,
    fact_id: Option<FactId>,
    valid_until_us: Option<Timestamp>,
    review_at_us: Option<Timestamp>,
    granted_at_us: Timestamp,
    ended_at_us: Option<Timestamp>,
    end_reason: Option<String>,
    names: Option<Vec<u8>>,
    names_key: Option<Vec<u8>>,
}

impl TryFrom<RecordRow> for Record {
    type Error = StoreError;

    fn try_from(row: RecordRow) -> Result<Self, StoreError> {
        let accepted_at = row.grant.accepted_at_us;
        let (grant, to) = row.grant.read()?;
        let state = State::from_number(row.state);
        Ok(Self {
            grant,
            to,
            state: state.ok_or_else(|| StoreError::corrupt("mandates.state"))?,
            principal: party(row.principal_kind, row.principal_id)?,
            fact: row.fact_id,
            valid_until: row.valid_until_us,
            review_at: row.review_at_us,
            granted_at: row.granted_at_us,
            accepted_at,
            ended_at: row.ended_at_us,
            end_reason: row.end_reason,
            names: row.names.zip(row.names_key),
        })
    }
}

pub async fn find(tx: &mut Tx, id: MandateId) -> Result<Option<Record>, StoreError> {
    const SQL: &str = concat!("SELECT ", record_columns!(), " FROM mandates g WHERE g.id = $1");
    let row: Option<RecordRow> =
        on!(tx, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await?);
    row.map(Record::try_from).transpose()
}

/// Those of these ids that exist.
pub async fn find_many(tx: &mut Tx, ids: &[MandateId]) -> Result<Vec<Record>, StoreError> {
    const SQL: &str = concat!(
        "SELECT ",
        record_columns!(),
        " FROM asked a CROSS JOIN mandates g WHERE g.id = a.id"
    );
    let ids: Vec<_> = ids.iter().map(|id| id.as_uuid()).collect();
    let rows: Vec<RecordRow> = of_ids(tx, &ids, SQL).await?;
    rows.into_iter().map(Record::try_from).collect()
}

/// The pending mandate of a code, locked where that is possible: two who accept at once queue.
pub async fn by_code(tx: &mut Tx, hash: &[u8; 32]) -> Result<Option<Record>, StoreError> {
    const SQL: &str = concat!(
        "SELECT ",
        record_columns!(),
        " FROM mandates g WHERE g.code_hash = $1 AND g.state = 1"
    );
    // SQLite's one writer is the lock.
    let lock = if matches!(tx, Tx::Postgres(_)) { " FOR UPDATE" } else { "" };
    let sql = AssertSqlSafe(format!("{SQL}{lock}"));
    let row: Option<RecordRow> =
        on!(tx, c => sqlx::query_as(sql).bind(&hash[..]).fetch_optional(c).await?);
    row.map(Record::try_from).transpose()
}
