//! Random histories of grants, acceptances, chains, revocations, members who come and leave, register
//! roles and time, against the model: never an access without a valid path, never a valid path
//! refused. `SIEGEL_HISTORIES` sets how many, 200 otherwise.

mod steps;

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use siegel_db::Db;
use siegel_kernel::{Clock as _, TrustLevel};
use siegel_proto::convert;
use siegel_proto::organisation::v1 as pb;
use siegel_testkit::on_each_backend;

use self::steps::{FIRMS, Offer, PACKAGES, PERSONS, SERVICES, Step, steps};
use crate::model::{ACTIONS, Belongs, Given, Model, Registered, Stage, Who};
use crate::office::{Office, TABLES};

on_each_backend! { super::TABLES =>
    nobody_acts_without_a_valid_path_and_no_valid_path_is_refused,
}

/// One history as it goes.
struct Run<'a> {
    office: &'a Office,
    model: Model,
    /// Codes and ids of what was given, beside the model's list.
    codes: Vec<(String, String)>,
    /// Ids of facts and member ids, beside the model's lists.
    facts: Vec<String>,
    member_ids: Vec<((usize, usize), String)>,
    /// Paths of which kinds were seen, so that the histories are not all empty.
    allowed: [u32; 4],
    next: u32,
}

async fn nobody_acts_without_a_valid_path_and_no_valid_path_is_refused(db: Db) {
    let office = Office::open(db).await;
    #[expect(clippy::disallowed_methods, reason = "the runner speaks through the environment")]
    let cases = std::env::var("SIEGEL_HISTORIES").ok().and_then(|n| n.parse().ok()).unwrap_or(200);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let handle = tokio::runtime::Handle::current();
    let seen = std::cell::Cell::new([0_u32; 4]);
    let ran = tokio::task::block_in_place(|| {
        runner.run(&steps(), |steps| {
            let allowed = handle.block_on(live(&office, &steps))?;
            let mut sum = seen.get();
            sum.iter_mut().zip(allowed).for_each(|(all, some)| *all += some);
            seen.set(sum);
            Ok(())
        })
    });
    ran.unwrap_or_else(|broken| panic!("{broken}"));
    let [own, one, two, three] = seen.get();
    println!("allowed: {own} without a mandate, {one} by one, {two} by two, {three} by three");
    assert!(one > 0 && two > 0, "histories in which nobody may do anything prove nothing");
}

async fn live(office: &Office, steps: &[Step]) -> Result<[u32; 4], TestCaseError> {
    let mut run = Run {
        office,
        model: Model::default(),
        codes: Vec::new(),
        facts: Vec::new(),
        member_ids: Vec::new(),
        allowed: [0; 4],
        next: 0,
    };
    run.model.persons = (0..PERSONS).map(|_| office.somebody()).collect();
    for firm in 0..FIRMS {
        let founder = firm % PERSONS;
        let name = format!("{}/{firm}", run.model.persons[founder]);
        let made = office.founded(run.model.persons[founder], &name).await;
        run.model.firms.push(made.organisation_id);
        run.model.members.push(Belongs { person: founder, firm, role: 1 });
    }
    for step in steps {
        run.happens(step).await;
    }
    run.compare(steps).await?;
    Ok(run.allowed)
}

impl Run<'_> {
    fn request_id(&mut self) -> String {
        self.next += 1;
        format!("{}/{}", self.model.persons[0], self.next)
    }

    fn request(&mut self, offer: &Offer) -> pb::GrantMandateRequest {
        let until = self.office.clock.now().plus(Duration::from_hours(offer.hours));
        pb::GrantMandateRequest {
            request_id: self.request_id(),
            to_kind: offer.kind,
            package: PACKAGES[offer.package].into(),
            read_only: offer.read_only,
            scope: Some(pb::AccessScope {
                service_id: SERVICES[offer.service].into(),
                ..Default::default()
            }),
            level: offer.level,
            redelegation: offer.rule,
            valid_until: Some(convert::timestamp(until)),
            ..Default::default()
        }
    }

    async fn give(&mut self, by: usize, from: Who, parent: Option<usize>, offer: &Offer) {
        let mut request = self.request(offer);
        if let Who::Firm(firm) = from {
            request.organisation_id = self.model.firms[firm].clone();
        }
        if let Some(parent) = parent {
            request.parent_mandate_id = self.codes[parent].1.clone();
        }
        let until = convert::instant(request.valid_until.as_ref().unwrap());
        let mut client = self.office.mandates(self.model.persons[by], TrustLevel::High);
        // Whatever is refused was not to be: the model only knows what there is.
        let Ok(made) = client.grant_mandate(request).await else { return };
        let made = made.into_inner();
        self.codes.push((made.code, made.mandate.unwrap().mandate_id));
        self.model.given.push(Given {
            from,
            to: None,
            kind: offer.kind,
            parent,
            package: PACKAGES[offer.package],
            read_only: offer.read_only,
            service: SERVICES[offer.service],
            level: offer.level,
            rule: offer.rule,
            until,
            stage: Stage::Offered,
        });
    }

    async fn happens(&mut self, step: &Step) {
        let count = self.codes.len();
        match step {
            Step::Give { from, firm, offer } => {
                let giver = firm.map_or(Who::Person(*from), Who::Firm);
                let owner = firm.and_then(|firm| self.model.owner(firm));
                let by = owner.filter(|_| !offer.wild).unwrap_or(*from);
                self.give(by, giver, None, &offer.of(giver)).await;
            }
            Step::PassOn { parent, by, offer } => self.pass_on(*parent, *by, offer).await,
            Step::Accept { given, by, firm, wild } if count > 0 => {
                self.take(*given, *by, *firm, *wild).await;
            }
            Step::Revoke { given, by } if count > 0 => {
                let given = given % count;
                let request = pb::RevokeMandateRequest {
                    request_id: self.request_id(),
                    mandate_id: self.codes[given].1.clone(),
                };
                let who = self.model.persons[*by];
                let mut client = self.office.mandates(who, TrustLevel::High);
                if client.revoke_mandate(request).await.is_ok() {
                    self.model.given[given].stage = Stage::Over;
                }
            }
            Step::Join { person, firm, role } if self.model.role(*person, *firm).is_none() => {
                let (account, id) = (self.model.persons[*person], self.model.firms[*firm].clone());
                let member = self.office.join(&id, account, *role).await;
                self.member_ids.push(((*person, *firm), member));
                self.model.members.push(Belongs { person: *person, firm: *firm, role: *role });
            }
            Step::Leave { person, firm } => {
                let (account, id) = (self.model.persons[*person], self.model.firms[*firm].clone());
                self.office.leave(&id, account).await;
                self.member_ids.retain(|(who, _)| *who != (*person, *firm));
                self.model.members.retain(|m| (m.person, m.firm) != (*person, *firm));
            }
            Step::Register { person, firm, jointly } => {
                self.register(*person, *firm, *jointly).await;
            }
            Step::Strike { fact } if !self.facts.is_empty() => {
                let fact = fact % self.facts.len();
                let request = pb::EndFactRequest {
                    request_id: self.request_id(),
                    fact_id: self.facts.remove(fact),
                };
                self.office.registrar().end_fact(request).await.unwrap();
                self.model.facts.remove(fact);
                self.see_what_ended().await;
            }
            Step::Wait { hours } => self.office.clock.advance(Duration::from_hours(*hours)),
            _ => {}
        }
    }

    async fn pass_on(&mut self, parent: usize, by: usize, offer: &Offer) {
        let held = self.model.at(Stage::Accepted);
        let held: Vec<_> = if offer.wild {
            held
        } else {
            held.into_iter().filter(|i| self.model.given[*i].rule > 1).collect()
        };
        if held.is_empty() {
            return;
        }
        let parent = held[parent % held.len()];
        let above = self.model.given[parent].clone();
        let Some(from) = above.to else { return };
        let left = above.until.since(self.office.clock.now()).as_secs() / 3600;
        let by = match from {
            Who::Person(person) => person,
            Who::Firm(firm) => self.model.owner(firm).unwrap_or(by),
        };
        self.give(by, from, Some(parent), &offer.of(from).within(&above, left)).await;
    }

    /// Accepts what waits: by somebody it may be meant for, or (wild) by anybody.
    async fn take(&mut self, given: usize, by: usize, firm: Option<usize>, wild: bool) {
        if wild {
            return self.accept(given % self.codes.len(), by, firm).await;
        }
        let waiting = self.model.at(Stage::Offered);
        if waiting.is_empty() {
            return;
        }
        let given = waiting[given % waiting.len()];
        let offered = &self.model.given[given];
        let (by, firm) = match (offered.kind, offered.from) {
            (1, from) => {
                let firm = firm.unwrap_or(by % FIRMS);
                let firm = if from == Who::Firm(firm) { (firm + 1) % FIRMS } else { firm };
                (self.model.owner(firm).unwrap_or(by), Some(firm))
            }
            (3, Who::Firm(giver)) => {
                let members = self.model.members.iter().filter(|m| m.firm == giver);
                let members: Vec<_> = members.map(|m| m.person).collect();
                (members.get(by % members.len().max(1)).copied().unwrap_or(by), None)
            }
            (_, Who::Person(giver)) if giver == by => ((by + 1) % PERSONS, None),
            _ => (by, None),
        };
        self.accept(given, by, firm).await;
    }

    async fn accept(&mut self, given: usize, by: usize, firm: Option<usize>) {
        let request = pb::AcceptMandateRequest {
            request_id: self.request_id(),
            code: self.codes[given].0.clone(),
            organisation_id: firm.map(|f| self.model.firms[f].clone()).unwrap_or_default(),
        };
        let mut client = self.office.mandates(self.model.persons[by], TrustLevel::High);
        if client.accept_mandate(request).await.is_ok() {
            let given = &mut self.model.given[given];
            given.to = Some(firm.map_or(Who::Person(by), Who::Firm));
            given.stage = Stage::Accepted;
        }
    }

    async fn register(&mut self, person: usize, firm: usize, jointly: bool) {
        let member = self.member_ids.iter().find(|(who, _)| *who == (person, firm));
        let Some(member) = member.map(|(_, id)| id.clone()) else { return };
        let request = pb::RecordFactRequest {
            request_id: self.request_id(),
            organisation_id: self.model.firms[firm].clone(),
            member_id: member,
            role: pb::FactRole::ManagingDirector.into(),
            jointly,
            source: "HRB 1".into(),
        };
        let fact = self.office.registrar().record_fact(request).await.unwrap().into_inner();
        self.facts.push(fact.fact.unwrap().fact_id);
        self.model.facts.push(Registered { person, firm, jointly });
    }

    /// Mandates that rested on a register role: which they were, the service says itself. That
    /// they end is another test's claim.
    async fn see_what_ended(&mut self) {
        let ids: Vec<_> = self.codes.iter().map(|(_, id)| self.office.hex(id)).collect();
        for (i, id) in ids.into_iter().enumerate() {
            let sql = format!(
                "UPDATE mandates SET version = version WHERE id = {id} AND state = 6 \
                 AND end_reason = 'register_role'"
            );
            if self.office.run(sql).await == 1 {
                self.model.given[i].stage = Stage::Over;
            }
        }
    }

    async fn compare(&mut self, steps: &[Step]) -> Result<(), TestCaseError> {
        let parties = (0..PERSONS).map(Who::Person).chain((0..FIRMS).map(Who::Firm));
        let mut asked = Vec::new();
        for party in parties {
            for person in 0..PERSONS {
                for action in ACTIONS {
                    for (service, level) in [("", 4), ("s1", 4), ("s1", 2), ("other", 3)] {
                        asked.push((person, party, (action, service, level)));
                    }
                }
            }
        }
        let questions = asked.iter().map(|(person, party, (action, service, level))| {
            let mut question = pb::AccessQuestion {
                account_id: self.model.persons[*person].to_string(),
                action: *action,
                session_level: *level,
                about: Some(pb::AccessScope {
                    service_id: (*service).into(),
                    ..Default::default()
                }),
                ..Default::default()
            };
            match party {
                Who::Person(p) => {
                    question.principal_account_id = self.model.persons[*p].to_string();
                }
                Who::Firm(f) => question.organisation_id.clone_from(&self.model.firms[*f]),
            }
            question
        });
        let request = pb::CheckAccessRequest { questions: questions.collect() };
        let answers = self.office.postbox().check_access(request).await.unwrap().into_inner();
        let now = self.office.clock.now();
        for ((person, party, what), answer) in asked.iter().zip(answers.answers) {
            let expected = self.model.may(*person, *party, *what, now);
            prop_assert_eq!(
                answer.allowed,
                expected,
                "{} for {:?}, {:?}: {} {} after {:#?}",
                person,
                party,
                what,
                answer.path,
                answer.reason,
                steps
            );
            if answer.allowed {
                let mandates = answer.path.matches("mandate:").count();
                self.allowed[mandates] += 1;
            }
        }
        Ok(())
    }
}
