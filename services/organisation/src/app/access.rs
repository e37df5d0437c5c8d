use siegel_kernel::{AccountId, OrganisationId};

use super::{App, Failure};
use crate::domain::{Action, Denied, Through};
use crate::store::memberships::{self, Member};

/// May this account do this for that organisation?
#[derive(Clone, Copy, Debug)]
pub struct Question {
    pub account: AccountId,
    pub organisation: OrganisationId,
    pub action: Action,
}

/// The path that allows it, or why not.
pub type Answer = Result<Through, Denied>;

impl App {
    /// One answer per question, in the same order, all from one instant.
    pub async fn check_access(&self, questions: &[Question]) -> Result<Vec<Answer>, Failure> {
        let mut asked: Vec<Member> =
            questions.iter().map(|q| (q.account, q.organisation)).collect();
        asked.sort_unstable();
        asked.dedup();
        let mut tx = self.db.read().await?;
        let roles = memberships::roles(&mut tx, &asked).await?;
        let answer = |q: &Question| q.action.by(roles.get(&(q.account, q.organisation)).copied());
        Ok(questions.iter().map(answer).collect())
    }
}
