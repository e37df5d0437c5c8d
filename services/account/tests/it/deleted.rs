//! What is left of an account that held something of every kind.

use siegel_db::Db;
use siegel_kernel::AccountId;
use siegel_testkit::on_each_backend;

use crate::documents::{files, list};
use crate::office::{Office, TABLES};
use crate::whole::{everything, values, whole};

on_each_backend! { super::TABLES =>
    no_row_no_value_and_no_object_is_left_of_an_account_that_held_everything,
}

/// What is sealed or wrapped under the key of an account.
const SEALED: [(&str, &str); 9] = [
    ("accounts", "data_key"),
    ("attributes", "value"),
    ("attribute_changes", "payload"),
    ("consents", "receipt"),
    ("documents", "description"),
    ("documents", "wrapped_key"),
    ("documents", "object_key"),
    ("document_grants", "terms"),
    ("disclosures", "document_name"),
];

/// What only this person's rows say in clear.
const WORDS: [&str; 3] = ["Bürgerportal", "Bauantrag", "Antrag"];

fn holds(all: &[u8], needle: &[u8]) -> bool {
    all.windows(needle.len()).any(|part| part == needle)
}

fn names(all: &[u8], account: AccountId) -> bool {
    let id = account.as_uuid();
    let texts = [id.hyphenated().to_string(), id.simple().to_string()];
    holds(all, id.as_bytes()) || texts.iter().any(|text| holds(all, text.as_bytes()))
}

/// The columns that name an account.
async fn named_in(db: &Db, account: AccountId) -> Vec<String> {
    let mut found = Vec::new();
    for column in siegel_db::columns(db).await.unwrap() {
        for value in values(db, &column.table_name, &column.column_name).await {
            if names(&value, account) {
                found.push(format!("{}.{}", column.table_name, column.column_name));
            }
        }
    }
    found
}

async fn no_row_no_value_and_no_object_is_left_of_an_account_that_held_everything(db: Db) {
    let mut office = Office::open(db).await;
    let account = whole(&mut office, "erika@example.org").await;
    office.until_quiet().await;
    let mut planted = Vec::new();
    for (table, column) in SEALED {
        let found = values(&office.db, table, column).await;
        assert!(!found.is_empty(), "{table}.{column} is planted");
        planted.extend(found.into_iter().map(|value| (format!("{table}.{column}"), value)));
    }
    planted.extend(WORDS.map(|word| (word.to_owned(), word.as_bytes().to_vec())));
    let before = everything(&office.db).await;
    assert!(names(&before, account), "the search finds the account");
    for (what, value) in &planted {
        assert!(holds(&before, value), "the search finds {what}");
    }
    assert_eq!(files(&office).len(), 1);
    let max = office.account("max@example.org").await;

    office.deletions.delete(account).await;
    office.until_quiet().await;
    let after = everything(&office.db).await;
    assert_eq!(named_in(&office.db, account).await, [""; 0], "the account's id is left");
    for (what, value) in &planted {
        assert!(!holds(&after, value), "{what} is left");
    }
    assert!(files(&office).is_empty(), "an object is left");
    let tables = ["attribute_changes", "consents", "disclosures", "documents", "document_grants"];
    for table in tables {
        assert!(values(&office.db, table, "account_id").await.is_empty(), "{table} holds rows");
    }
    assert!(list(&office, max).await.documents.is_empty(), "somebody else's account stands");
}
