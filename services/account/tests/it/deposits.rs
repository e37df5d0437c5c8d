//! What the postbox puts into a safe: attachments of letters, on their reader's word.

use siegel_db::Db;
use siegel_kernel::AccountId;
use siegel_proto::account::v1 as pb;
use siegel_proto::account::v1::document_deposit_service_client::DocumentDepositServiceClient;
use siegel_testkit::on_each_backend;
use tonic::Status;

use crate::documents::{bytes, fetch, list, store};
use crate::office::{Office, QUOTA, QUOTA_OF_MUSTERSTADT, TABLES, reason};

on_each_backend! { super::TABLES =>
    what_the_postbox_deposits_names_its_letter_and_who_issued_it,
    a_deposit_that_does_not_say_where_it_comes_from_is_refused,
    letters_of_one_tenant_fill_a_safe_up_to_its_quota_and_leave_room_for_others,
}

async fn deposit(office: &Office, head: pb::DepositHead) -> Result<String, Status> {
    use pb::deposit_document_request::Part;
    let size = usize::try_from(head.document.as_ref().unwrap().size_bytes).unwrap();
    let part = |part| pb::DepositDocumentRequest { part: Some(part) };
    let parts = [part(Part::Head(head)), part(Part::Chunk(bytes(size)))];
    let mut service = DocumentDepositServiceClient::new(office.postbox());
    let answer = service.deposit_document(tokio_stream::iter(parts)).await?;
    Ok(answer.into_inner().document_id)
}

/// The same attachment of `size` bytes in a letter of an authority of `tenant`.
fn attached(account: AccountId, request_id: &str, tenant: &str, size: usize) -> pb::DepositHead {
    let document = pb::DocumentHead {
        request_id: request_id.into(),
        name: "Bescheid.pdf".into(),
        media_type: "application/pdf".into(),
        size_bytes: i64::try_from(size).unwrap(),
        sha256: siegel_crypto::sha256(&bytes(size)).to_vec(),
    };
    pb::DepositHead {
        document: Some(document),
        account_id: account.to_string(),
        origin: pb::DocumentOrigin::Letter.into(),
        issuer: "Bauamt Musterstadt".into(),
        letter_id: "ltr_1".into(),
        tenant: tenant.into(),
    }
}

fn from_letter(account: AccountId) -> pb::DepositHead {
    attached(account, "keep", "musterstadt", 10)
}

async fn what_the_postbox_deposits_names_its_letter_and_who_issued_it(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let id = deposit(&office, from_letter(account)).await.unwrap();
    assert_eq!(deposit(&office, from_letter(account)).await.unwrap(), id, "once");
    let [one] = &list(&office, account).await.documents[..] else { unreachable!("one") };
    assert_eq!((one.document_id.as_str(), one.origin()), (id.as_str(), pb::DocumentOrigin::Letter));
    assert_eq!((one.issuer.as_str(), one.letter_id.as_str()), ("Bauamt Musterstadt", "ltr_1"));
    assert_eq!(fetch(&office, account, &id).await.unwrap(), bytes(10));
    let audited = ("account.document.deposited".to_owned(), "done".to_owned());
    assert!(office.audit().await.contains(&audited));
}

async fn a_deposit_that_does_not_say_where_it_comes_from_is_refused(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let whole = from_letter(account);
    let own = pb::DepositHead { origin: pb::DocumentOrigin::Person.into(), ..whole.clone() };
    let nobody = pb::DepositHead { issuer: String::new(), ..whole.clone() };
    let no_letter = pb::DepositHead { letter_id: String::new(), ..whole.clone() };
    let lines = pb::DepositHead { tenant: "muster\nstadt".into(), ..whole.clone() };
    let issued = pb::DepositHead { origin: pb::DocumentOrigin::Issued.into(), ..whole.clone() };
    for bad in [own, nobody, no_letter, lines, issued] {
        let status = deposit(&office, bad).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
    }
    let stranger = AccountId::new(office.clock.as_ref(), office.entropy.as_ref()).unwrap();
    let status = deposit(&office, from_letter(stranger)).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("ACCOUNT_UNKNOWN"));
    assert!(list(&office, account).await.documents.is_empty());
}

async fn letters_of_one_tenant_fill_a_safe_up_to_its_quota_and_leave_room_for_others(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let all = usize::try_from(QUOTA_OF_MUSTERSTADT).unwrap();
    let id = deposit(&office, attached(account, "1", "musterstadt", all - 10)).await.unwrap();

    let status = deposit(&office, attached(account, "2", "musterstadt", 11)).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("QUOTA_EXCEEDED"));
    assert!(status.message().contains(&QUOTA_OF_MUSTERSTADT.to_string()), "{status:?}");
    deposit(&office, attached(account, "3", "musterstadt", 10)).await.unwrap();

    // Another tenant's letters, the person's own documents and other people have room as before.
    deposit(&office, attached(account, "4", "kreis", all + 1)).await.unwrap();
    store(&office, account, "5", &bytes(all)).await;
    let other = office.account("max@example.org").await;
    deposit(&office, attached(other, "6", "musterstadt", all)).await.unwrap();

    // What a person throws away is room again; the whole of the safe is the limit for all.
    let request = pb::DeleteDocumentRequest { request_id: "away".into(), document_id: id };
    office.safe(account).delete_document(request).await.unwrap();
    deposit(&office, attached(account, "7", "musterstadt", 11)).await.unwrap();
    let listed = list(&office, account).await;
    let left = usize::try_from(QUOTA - listed.used_bytes).unwrap();
    let status = deposit(&office, attached(account, "8", "kreis", left + 1)).await.unwrap_err();
    assert!(status.message().contains(&QUOTA.to_string()), "{status:?}");
}
