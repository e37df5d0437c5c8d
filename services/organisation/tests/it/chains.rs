//! Mandates that are passed on.

use siegel_db::Db;
use siegel_kernel::AccountId;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::{Action, HolderKind, Redelegation};
use siegel_testkit::on_each_backend;

use crate::giving::{accept, given, grant, granting, may};
use crate::office::{Office, TABLES, reason};

on_each_backend! { super::TABLES =>
    an_advisers_firm_passes_a_mandate_to_its_employee_until_the_employee_leaves,
    who_runs_the_firm_uses_what_it_holds_and_its_staff_does_not,
    revoking_the_first_ends_the_whole_chain_at_once,
    nothing_is_passed_on_that_was_not_to_be,
    nobody_passes_on_more_than_they_hold,
    a_chain_has_three_mandates_at_most,
}

/// Erika, who gave a firm a mandate; who owns the firm; the firm; the mandate.
struct Advice {
    erika: AccountId,
    owner: AccountId,
    firm: String,
    mandate: pb::Mandate,
}

async fn advice(office: &Office, redelegation: Redelegation) -> Advice {
    let (erika, owner) = (office.somebody(), office.somebody());
    let firm = office.founded(owner, "Steuerkanzlei").await.organisation_id;
    let request = pb::GrantMandateRequest {
        to_kind: HolderKind::Organisation.into(),
        package: "adviser".into(),
        redelegation: redelegation.into(),
        ..granting(office, "advice")
    };
    let granted = grant(office, erika, request).await.unwrap();
    let mandate = accept(office, owner, &granted.code, &firm).await.unwrap();
    Advice { erika, owner, firm, mandate }
}

impl Advice {
    /// What the firm passes on.
    fn passing(&self, office: &Office, id: &str, to: HolderKind) -> pb::GrantMandateRequest {
        pb::GrantMandateRequest {
            organisation_id: self.firm.clone(),
            parent_mandate_id: self.mandate.mandate_id.clone(),
            to_kind: to.into(),
            from_name: String::new(),
            ..granting(office, id)
        }
    }

    async fn receives(&self, office: &Office, who: AccountId) -> String {
        let about = pb::AccessScope::default();
        may(office, who, &self.erika.to_string(), Action::ReceiveMail, about).await
    }
}

async fn an_advisers_firm_passes_a_mandate_to_its_employee_until_the_employee_leaves(db: Db) {
    let office = Office::open(db).await;
    let advice = advice(&office, Redelegation::Members).await;
    let employee = office.somebody();
    let passing = advice.passing(&office, "1", HolderKind::Member);
    let granted = grant(&office, advice.owner, passing.clone()).await.unwrap();
    let early = accept(&office, employee, &granted.code, "").await.unwrap_err();
    assert_eq!(reason(&early).as_deref(), Some("MANDATE_CODE_UNKNOWN"), "no member yet");
    office.join(&advice.firm, employee, 3).await;
    let passed = accept(&office, employee, &granted.code, "").await.unwrap();
    let path = format!(
        "mandate:{}.2:adviser/mandate:{}.2:mail-receiver/member:case-worker",
        advice.mandate.mandate_id, passed.mandate_id
    );
    assert_eq!(advice.receives(&office, employee).await, path);
    let about = pb::AccessScope::default();
    let act = may(&office, employee, &advice.erika.to_string(), Action::Act, about).await;
    assert_eq!(act, "MANDATE_ACTION", "the employee got less than the firm");
    office.leave(&advice.firm, employee).await;
    assert_eq!(advice.receives(&office, employee).await, "MANDATE_NOT_VALID");
}

async fn who_runs_the_firm_uses_what_it_holds_and_its_staff_does_not(db: Db) {
    let office = Office::open(db).await;
    let advice = advice(&office, Redelegation::None).await;
    let employee = office.somebody();
    office.join(&advice.firm, employee, 3).await;
    let path = format!("mandate:{}.2:adviser/member:owner", advice.mandate.mandate_id);
    assert_eq!(advice.receives(&office, advice.owner).await, path);
    assert_eq!(advice.receives(&office, employee).await, "NO_MANDATE");
}

async fn revoking_the_first_ends_the_whole_chain_at_once(db: Db) {
    let office = Office::open(db).await;
    let advice = advice(&office, Redelegation::Members).await;
    let employee = office.somebody();
    office.join(&advice.firm, employee, 3).await;
    let passing = advice.passing(&office, "1", HolderKind::Member);
    given(&office, advice.owner, passing, employee).await;
    let waiting = advice.passing(&office, "2", HolderKind::Member);
    let waiting = grant(&office, advice.owner, waiting).await.unwrap();
    let request = pb::RevokeMandateRequest {
        request_id: "end".into(),
        mandate_id: advice.mandate.mandate_id.clone(),
    };
    let mut erika = office.mandates(advice.erika, siegel_kernel::TrustLevel::Low);
    erika.revoke_mandate(request).await.unwrap();
    assert_eq!(advice.receives(&office, employee).await, "NO_MANDATE");
    assert_eq!(advice.receives(&office, advice.owner).await, "NO_MANDATE");
    assert!(accept(&office, employee, &waiting.code, "").await.is_err());
    let told = "SELECT COUNT(*) FROM events WHERE kind = 'organisation.mandate.ended'";
    assert_eq!(office.count(told).await, 2, "each is told on its own");
}

async fn nothing_is_passed_on_that_was_not_to_be(db: Db) {
    let office = Office::open(db).await;
    for (i, (rule, to)) in [
        (Redelegation::None, HolderKind::Member),
        (Redelegation::Members, HolderKind::Person),
        (Redelegation::Members, HolderKind::Organisation),
    ]
    .into_iter()
    .enumerate()
    {
        let advice = advice(&office, rule).await;
        let passing = advice.passing(&office, &format!("p{i}"), to);
        let status = grant(&office, advice.owner, passing).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("MANDATE_NOT_PASSED_ON"));
    }
}

async fn nobody_passes_on_more_than_they_hold(db: Db) {
    let office = Office::open(db).await;
    let advice = advice(&office, Redelegation::OneStep).await;
    let later = advice.mandate.valid_until.map(|mut end| {
        end.seconds += 1;
        end
    });
    let passing = |id: &str| advice.passing(&office, id, HolderKind::Person);
    for more in [
        pb::GrantMandateRequest { package: "full".into(), ..passing("1") },
        pb::GrantMandateRequest { valid_until: later, ..passing("2") },
        pb::GrantMandateRequest { level: 2, ..passing("3") },
        pb::GrantMandateRequest { redelegation: Redelegation::OneStep.into(), ..passing("4") },
    ] {
        let status = grant(&office, advice.owner, more).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("MANDATE_NOT_PASSED_ON"));
    }
    grant(&office, advice.owner, passing("5")).await.unwrap();
}

async fn a_chain_has_three_mandates_at_most(db: Db) {
    let office = Office::open(db).await;
    let advice = advice(&office, Redelegation::OneStep).await;
    let (owner, employee) = (office.somebody(), office.somebody());
    let other = office.founded(owner, "Andere Kanzlei").await.organisation_id;
    office.join(&other, employee, 5).await;
    let second = pb::GrantMandateRequest {
        redelegation: Redelegation::Members.into(),
        ..advice.passing(&office, "2", HolderKind::Organisation)
    };
    let granted = grant(&office, advice.owner, second).await.unwrap();
    let second = accept(&office, owner, &granted.code, &other).await.unwrap();
    let third = pb::GrantMandateRequest {
        organisation_id: other.clone(),
        parent_mandate_id: second.mandate_id.clone(),
        to_kind: HolderKind::Member.into(),
        ..granting(&office, "3")
    };
    let third = given(&office, owner, third, employee).await;
    let path = advice.receives(&office, employee).await;
    assert_eq!(path.matches("mandate:").count(), 3, "{path}");
    assert!(path.ends_with("/member:read-only"), "{path}");
    let fourth =
        pb::GrantMandateRequest { parent_mandate_id: third.mandate_id, ..granting(&office, "4") };
    let status = grant(&office, employee, fourth).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("MANDATE_NOT_PASSED_ON"));
}
