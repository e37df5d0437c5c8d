//! The rule table of the legal clock.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::berlin::LegalDay;

use crate::domain::admin::NewRule;
use crate::domain::legal::{Day0, OnNoRetrieval, Rule, Shift};

#[derive(sqlx::FromRow)]
struct Row {
    rule_id: String,
    legal_basis: String,
    law: String,
    valid_from: String,
    valid_to: Option<String>,
    day0_event: String,
    days: i64,
    shift: String,
    on_no_retrieval: String,
    provision_days: Option<i64>,
    confirmed_by_operator: bool,
}

/// All rows of a legal basis; empty when there is no such basis.
pub async fn of_basis(tx: &mut Tx, legal_basis: &str) -> Result<Vec<Rule>, StoreError> {
    const SQL: &str = "SELECT rule_id, legal_basis, law, valid_from, valid_to, day0_event, days, \
        shift, on_no_retrieval, provision_days, confirmed_by_operator FROM legal_rules \
        WHERE legal_basis = $1 ORDER BY valid_from";
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(SQL).bind(legal_basis).fetch_all(c).await?);
    rows.into_iter().map(rule).collect()
}

/// One row.
pub async fn by_id(tx: &mut Tx, rule_id: &str) -> Result<Option<Rule>, StoreError> {
    const SQL: &str = "SELECT rule_id, legal_basis, law, valid_from, valid_to, day0_event, days, \
        shift, on_no_retrieval, provision_days, confirmed_by_operator FROM legal_rules \
        WHERE rule_id = $1";
    let row: Option<Row> = on!(tx, c => sqlx::query_as(SQL).bind(rule_id).fetch_optional(c).await?);
    row.map(rule).transpose()
}

/// The whole table.
pub async fn all(tx: &mut Tx) -> Result<Vec<Rule>, StoreError> {
    const SQL: &str = "SELECT rule_id, legal_basis, law, valid_from, valid_to, day0_event, days, \
        shift, on_no_retrieval, provision_days, confirmed_by_operator FROM legal_rules \
        ORDER BY legal_basis, valid_from";
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(SQL).fetch_all(c).await?);
    rows.into_iter().map(rule).collect()
}

/// Adds a row that two operators agreed on. Rows that are there are never changed: a later one
/// takes over on its first day.
pub async fn add(tx: &mut Tx, rule_id: &str, new: &NewRule) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO legal_rules (rule_id, legal_basis, law, valid_from, valid_to, \
        day0_event, days, shift, on_no_retrieval, provision_days, confirmed_by_operator, \
        despite_opt_out) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, TRUE, \
        EXISTS (SELECT 1 FROM legal_rules WHERE legal_basis = $2 AND despite_opt_out))";
    let shift = if new.shifts { "working_day" } else { "none" };
    on!(tx, c => sqlx::query(SQL)
        .bind(rule_id).bind(&new.legal_basis).bind(&new.law).bind(&new.valid_from)
        .bind(&new.valid_to).bind(&new.day0_event).bind(new.days).bind(shift)
        .bind(&new.on_no_retrieval).bind(new.provision_days)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Records that the operator checked a row against the law in force.
pub async fn confirm(tx: &mut Tx, rule_id: &str) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE legal_rules SET confirmed_by_operator = TRUE WHERE rule_id = $1";
    Ok(on!(tx, c => sqlx::query(SQL).bind(rule_id).execute(c).await?.rows_affected()) == 1)
}

fn rule(row: Row) -> Result<Rule, StoreError> {
    let day = |text: &str| LegalDay::parse(text).ok_or(StoreError::corrupt("legal_rules: a date"));
    let days = |n: i64| u32::try_from(n).map_err(|_| StoreError::corrupt("legal_rules: days"));
    let day0 = match row.day0_event.as_str() {
        "provision" => Day0::Provision,
        "sending" => Day0::Sending,
        "notification" => Day0::Notification,
        "retrieval" => Day0::Retrieval,
        _ => return Err(StoreError::corrupt("legal_rules: day0_event")),
    };
    let on_no_retrieval = match (row.on_no_retrieval.as_str(), row.provision_days) {
        ("deemed_announced", None) => OnNoRetrieval::DeemedAnnounced,
        ("deemed_served", None) => OnNoRetrieval::DeemedServed,
        ("provision_ends", Some(n)) => OnNoRetrieval::ProvisionEnds { days: days(n)? },
        _ => return Err(StoreError::corrupt("legal_rules: on_no_retrieval")),
    };
    Ok(Rule {
        valid_from: day(&row.valid_from)?,
        valid_to: row.valid_to.as_deref().map(day).transpose()?,
        id: row.rule_id,
        legal_basis: row.legal_basis,
        law: row.law,
        day0,
        days: days(row.days)?,
        shift: if row.shift == "working_day" { Shift::WorkingDay } else { Shift::None },
        on_no_retrieval,
        confirmed_by_operator: row.confirmed_by_operator,
    })
}
