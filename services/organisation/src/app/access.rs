use std::collections::HashMap;

use siegel_db::Tx;
use siegel_kernel::Timestamp;

use super::App;
use super::mandates::Failure;
use crate::domain::mailbox::Place;
use crate::domain::mailbox_right::Facts;
use crate::domain::{
    Allowed, Answer, Known, Party, Program, ProgramQuestion, Question, Standing, decide,
};
use crate::store::asked::Pair;
use crate::store::uses::{self, Use, UseId};
use crate::store::{facts, mandates, standings, system_users};

/// A question, and whether who asks is about to do what it is about.
#[derive(Clone, Debug)]
pub struct Asked {
    pub question: Question,
    pub record: bool,
}

impl App {
    /// One answer per question, in the same order, all from one instant. Nothing is remembered
    /// from one call to the next: what was revoked is refused from its commit on.
    pub async fn check_access(&self, asked: &[Asked]) -> Result<Vec<Answer>, Failure> {
        let now = self.clock.now();
        let records = asked.iter().any(|a| a.record);
        let mut tx = if records { self.db.begin().await? } else { self.db.read().await? };
        let questions: Vec<&Question> = asked.iter().map(|a| &a.question).collect();
        let mut known = stand(&mut tx, &questions).await?;
        let mail = mail(&mut tx, &questions, &known, now).await?;
        // What membership allows is the shortest path there is: no need to look for others.
        let open = questions.iter().filter(|q| decide(q, of(&known, q), &mail, now).is_err());
        let open = pairs(open.copied());
        for (pair, chain) in mandates::chains(&mut tx, &open).await? {
            known.entry(pair).or_default().chains.push(chain);
        }
        let answers: Vec<Answer> =
            questions.iter().map(|q| decide(q, of(&known, q), &mail, now)).collect();
        if records {
            for (asked, answer) in asked.iter().zip(&answers) {
                if let (true, Ok(allowed)) = (asked.record, answer) {
                    self.record_use(&mut tx, &asked.question, allowed, now).await?;
                }
            }
            tx.commit().await?;
        }
        Ok(answers)
    }

    /// The same for programs; they use no mandates, so that nothing is recorded.
    pub async fn check_programs(
        &self,
        questions: &[ProgramQuestion],
    ) -> Result<Vec<Answer>, Failure> {
        let now = self.clock.now();
        let mut tx = self.db.read().await?;
        let ids = distinct(questions.iter().map(|q| q.program).collect());
        let programs = system_users::current(&mut tx, &ids).await?;
        let mailboxes = questions.iter().filter(|q| q.action.right().is_some());
        let mailboxes = distinct(mailboxes.map(|q| (q.organisation, q.place)).collect());
        let mail = standings::facts(&mut tx, &[], &mailboxes, now).await?;
        let decide = |q: &ProgramQuestion| Program::decide(programs.get(&q.program), q, &mail, now);
        Ok(questions.iter().map(decide).collect())
    }

    /// Writes a use into the list of each mandate of the path.
    async fn record_use(
        &self,
        tx: &mut Tx,
        question: &Question,
        allowed: &Allowed,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let Some((used, _)) = allowed.mandate else { return Ok(()) };
        for mandate in &allowed.chain {
            let new = Use {
                id: UseId::new(self.clock.as_ref(), self.entropy.as_ref())?,
                mandate: *mandate,
                used,
                at: now,
                action: question.action,
                about: question.about.clone(),
                path: allowed.path.clone(),
                actor: super::pseudonym(question.account),
            };
            uses::add(tx, &new).await?;
        }
        Ok(())
    }
}

/// Everything that is known of those who ask, by pair.
pub(super) type Everything = HashMap<Pair, Known>;

fn pair(question: &Question) -> Pair {
    (question.account, question.party.into())
}

fn pairs<'a>(questions: impl Iterator<Item = &'a Question>) -> Vec<Pair> {
    distinct(questions.map(pair).collect())
}

fn of<'a>(known: &'a Everything, question: &Question) -> &'a Known {
    static NOTHING: Known = Known { standings: Vec::new(), cooling: false, chains: Vec::new() };
    known.get(&pair(question)).unwrap_or(&NOTHING)
}

/// What those who ask are in the organisations they ask about, unless they ask for one mandate.
async fn stand(tx: &mut Tx, questions: &[&Question]) -> Result<Everything, Failure> {
    let about_organisations = questions
        .iter()
        .filter(|q| q.mandate.is_none() && matches!(q.party, Party::Organisation(_)));
    let pairs = pairs(about_organisations.copied());
    let mut known = Everything::new();
    for found in facts::standings(tx, &pairs).await? {
        let known = known.entry(found.pair).or_default();
        known.standings.push(found.standing);
        known.cooling |= found.cooling;
    }
    Ok(known)
}

/// What decides about mail: the mailboxes asked about, and the members among those who ask.
async fn mail(
    tx: &mut Tx,
    questions: &[&Question],
    known: &Everything,
    now: Timestamp,
) -> Result<Facts, Failure> {
    let (mut members, mut mailboxes) = (Vec::new(), Vec::new());
    for question in questions.iter().filter(|q| q.action.right().is_some()) {
        let Some(organisation) = question.party.organisation() else { continue };
        let is_member = |standing: &Standing| matches!(standing, Standing::Member(_));
        let member = of(known, question).standings.iter().any(is_member);
        if member {
            members.push((question.account, organisation));
        }
        let place = Place::parse(&question.about.mailbox);
        // The central mailbox counts for members alone: for others it takes no look.
        mailboxes.extend(
            place.filter(|place| member || *place != Place::Central).map(|p| (organisation, p)),
        );
    }
    if mailboxes.is_empty() {
        return Ok(Facts::default());
    }
    Ok(standings::facts(tx, &distinct(members), &distinct(mailboxes), now).await?)
}

fn distinct<T: Ord>(mut all: Vec<T>) -> Vec<T> {
    all.sort_unstable();
    all.dedup();
    all
}
