use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{OrganisationId, Timestamp, TrustLevel, typed_id};

use crate::domain::claim::ClaimId;
use crate::domain::fields::{Coded, Entry, Field, Held, Source, Value};
use crate::domain::legal_forms;

typed_id! {
    /// A value of a field at some time.
    RecordedId = "rec", time_ordered
}

/// Most rows of a history that are shown.
const MOST: i64 = 200;

/// A value that is recorded.
#[derive(Clone, Copy, Debug)]
pub struct NewValue<'a> {
    pub id: RecordedId,
    pub organisation: OrganisationId,
    pub field: Field,
    /// `None`: taken back.
    pub value: Option<&'a Value>,
    pub source: Source,
    pub level: TrustLevel,
    pub claim: Option<ClaimId>,
    /// Id of the provider, where another account of the organisation is the source.
    pub provider: Option<&'a str>,
    pub at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct Row {
    field: i64,
    value: Option<String>,
    source: i64,
    level: TrustLevel,
    provider: Option<String>,
    recorded_at_us: Timestamp,
    superseded_at_us: Option<Timestamp>,
}

impl TryFrom<Row> for Held {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let corrupt = || StoreError::corrupt("record_fields");
        let value = row.value.map(|json| serde_json::from_str(&json)).transpose();
        Ok(Self {
            field: Field::from_number(row.field).ok_or_else(corrupt)?,
            value: value.map_err(|_| corrupt())?,
            source: Source::from_number(row.source).ok_or_else(corrupt)?,
            level: row.level,
            provider: row.provider,
            recorded_at: row.recorded_at_us,
            superseded_at: row.superseded_at_us,
        })
    }
}

/// The current values.
pub async fn current(tx: &mut Tx, id: OrganisationId) -> Result<Vec<Held>, StoreError> {
    const SQL: &str = "SELECT field, value, source, level, provider, recorded_at_us, \
        superseded_at_us FROM record_fields \
        WHERE organisation_id = $1 AND superseded_at_us IS NULL ORDER BY field";
    let rows: Vec<Row> = on!(&mut *tx, c => sqlx::query_as(SQL).bind(id).fetch_all(c).await?);
    let mut found: Vec<Held> = rows.into_iter().map(Held::try_from).collect::<Result<_, _>>()?;
    for declared in founded_with(tx, id).await? {
        if !found.iter().any(|held| held.field == declared.field) {
            found.push(declared);
        }
    }
    found.retain(|held| held.value.is_some());
    found.sort_by_key(|held| held.field);
    Ok(found)
}

/// The current value of one field.
pub async fn one(
    tx: &mut Tx,
    id: OrganisationId,
    field: Field,
) -> Result<Option<Held>, StoreError> {
    Ok(current(tx, id).await?.into_iter().find(|held| held.field == field))
}

/// What the founder said, where nothing was recorded since.
async fn founded_with(tx: &mut Tx, id: OrganisationId) -> Result<Vec<Held>, StoreError> {
    const SQL: &str = "SELECT name, legal_form, register_kind, register_court, register_number, \
        created_at_us FROM organisations WHERE id = $1";
    type Founded = (String, String, Option<String>, Option<String>, Option<String>, Timestamp);
    let row: Option<Founded> = on!(tx, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await?);
    let Some((name, legal_form, kind, court, number, at)) = row else { return Ok(Vec::new()) };
    let mut declared = vec![(Field::Name, Value::Text(name))];
    // Founders give the form in words: those of the list have a code.
    let code = legal_forms::code(&legal_form).unwrap_or_default().to_owned();
    let coded = Coded { code, text: legal_form };
    declared.push((Field::LegalForm, Value::Coded(coded)));
    if let (Some(kind), Some(court), Some(number)) = (kind, court, number) {
        let entry = Entry { kind, court, number, place: String::new() };
        declared.push((Field::Register, Value::Register(entry)));
    }
    let held = |(field, value)| Held {
        field,
        value: Some(value),
        source: Source::SelfDeclared,
        level: TrustLevel::Basic,
        provider: None,
        recorded_at: at,
        superseded_at: None,
    };
    Ok(declared.into_iter().map(held).collect())
}

/// Records a value in place of the current one, and copies it to where lists find it.
pub async fn record(tx: &mut Tx, new: &NewValue<'_>) -> Result<(), StoreError> {
    const OVER: &str = "UPDATE record_fields SET superseded_at_us = $3 \
        WHERE organisation_id = $1 AND field = $2 AND superseded_at_us IS NULL";
    let field = i64::from(new.field.number());
    let had = on!(&mut *tx, c => sqlx::query(OVER)
        .bind(new.organisation).bind(field).bind(new.at).execute(c).await?.rows_affected());
    if had == 0 {
        let founded = founded_with(tx, new.organisation).await?;
        if let Some(held) = founded.into_iter().find(|held| held.field == new.field) {
            // The founder's word becomes the beginning of the history.
            let id = RecordedId::from_uuid(new.organisation.as_uuid());
            let before = Stored { id: first(id, new.field), held: &held, until: Some(new.at) };
            insert(tx, new.organisation, &before, None).await?;
        }
    }
    let held = Held {
        field: new.field,
        value: new.value.cloned(),
        source: new.source,
        level: new.level,
        provider: new.provider.map(str::to_owned),
        recorded_at: new.at,
        superseded_at: None,
    };
    let row = Stored { id: new.id, held: &held, until: None };
    insert(tx, new.organisation, &row, new.claim).await?;
    copy(tx, new).await
}

/// The id of a founder's word: one for each organisation and field.
fn first(organisation: RecordedId, field: Field) -> RecordedId {
    let mut bytes = *organisation.as_uuid().as_bytes();
    if let Some(last) = bytes.last_mut() {
        *last ^= u8::try_from(field.number()).unwrap_or(0);
    }
    RecordedId::from_uuid(siegel_kernel::__private::uuid::Uuid::from_bytes(bytes))
}

struct Stored<'a> {
    id: RecordedId,
    held: &'a Held,
    until: Option<Timestamp>,
}

async fn insert(
    tx: &mut Tx,
    organisation: OrganisationId,
    row: &Stored<'_>,
    claim: Option<ClaimId>,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO record_fields (id, organisation_id, field, value, source, \
        level, claim_id, recorded_at_us, superseded_at_us, provider) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING";
    let value = row.held.value.as_ref().map(serde_json::to_string).transpose();
    let value = value.map_err(|_| StoreError::corrupt("record_fields.value"))?;
    on!(tx, c => sqlx::query(SQL)
        .bind(row.id).bind(organisation).bind(i64::from(row.held.field.number())).bind(value)
        .bind(i64::from(row.held.source.number())).bind(row.held.level).bind(claim)
        .bind(row.held.recorded_at).bind(row.until).bind(&row.held.provider)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Name, legal form and register entry stand in the organisation's own row too.
async fn copy(tx: &mut Tx, new: &NewValue<'_>) -> Result<(), StoreError> {
    const NAME: &str = "UPDATE organisations SET name = $2 WHERE id = $1";
    const FORM: &str = "UPDATE organisations SET legal_form = $2 WHERE id = $1";
    const ENTRY: &str = "UPDATE organisations SET register_kind = $2, register_court = $3, \
        register_number = $4 WHERE id = $1";
    let id = new.organisation;
    match (new.field, new.value) {
        (Field::Name, Some(Value::Text(name))) => {
            on!(tx, c => sqlx::query(NAME).bind(id).bind(name).execute(c).await?.rows_affected());
        }
        (Field::LegalForm, Some(Value::Coded(form))) => {
            on!(tx, c => sqlx::query(FORM)
                .bind(id).bind(&form.text).execute(c).await?.rows_affected());
        }
        (Field::Register, value) => {
            let entry = match value {
                Some(Value::Register(entry)) => Some(entry),
                _ => None,
            };
            on!(tx, c => sqlx::query(ENTRY).bind(id)
                .bind(entry.map(|e| e.kind.as_str())).bind(entry.map(|e| e.court.as_str()))
                .bind(entry.map(|e| e.number.as_str())).execute(c).await?.rows_affected());
        }
        _ => {}
    }
    Ok(())
}

/// Every value a field had, newest first.
pub async fn history(
    tx: &mut Tx,
    id: OrganisationId,
    field: Field,
) -> Result<Vec<Held>, StoreError> {
    const SQL: &str = "SELECT field, value, source, level, provider, recorded_at_us, \
        superseded_at_us FROM record_fields WHERE organisation_id = $1 AND field = $2 \
        ORDER BY recorded_at_us DESC, id DESC LIMIT $3";
    let rows: Vec<Row> = on!(&mut *tx, c => sqlx::query_as(SQL)
        .bind(id).bind(i64::from(field.number())).bind(MOST).fetch_all(c).await?);
    if rows.is_empty() {
        let founded = founded_with(tx, id).await?;
        return Ok(founded.into_iter().filter(|held| held.field == field).collect());
    }
    rows.into_iter().map(Held::try_from).collect()
}

/// The fields that a claim brought and that still hold.
pub async fn of_claim(tx: &mut Tx, claim: ClaimId) -> Result<Vec<Held>, StoreError> {
    const SQL: &str = "SELECT field, value, source, level, provider, recorded_at_us, \
        superseded_at_us FROM record_fields WHERE claim_id = $1 AND superseded_at_us IS NULL";
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(SQL).bind(claim).fetch_all(c).await?);
    rows.into_iter().map(Held::try_from).collect()
}
