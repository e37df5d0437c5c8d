//! Those whose right ended: to them everything is as if it had never been there.

use std::sync::atomic::Ordering;

use siegel_kernel::TrustLevel;
use siegel_walk::{Stranger, Things as _};

use super::calls::Names;
use super::town::{BESIDE, Town, person};
use crate::tests::acting::mandate;
use crate::tests::world::account;

impl Town {
    /// Person 1 after their membership ended: what was the organisation's is foreign now.
    pub fn former_member(&self) -> Stranger<Names> {
        self.world.access.barred.store(true, Ordering::SeqCst);
        Stranger {
            who: "a former member",
            token: person(1, TrustLevel::High),
            own: self.erika.clone(),
            foreign: Names {
                mailbox: BESIDE.into(),
                principal: account(2).to_string(),
                sender: Names::missing().sender,
                ..self.company.clone()
            },
            missing: Names::missing(),
        }
    }

    /// Person 4 after their mandate ended: what was their principal's is foreign now.
    pub fn former_delegate(&self) -> Stranger<Names> {
        self.world.access.allow(mandate(4, 2, None));
        self.world.access.barred.store(true, Ordering::SeqCst);
        // By the mandate, or not at all: of an organisation it never was.
        let by_mandate = |principal: String, of: Names| Names {
            organisation: String::new(),
            mailbox: String::new(),
            principal,
            ..of
        };
        Stranger {
            who: "a former delegate",
            token: person(4, TrustLevel::High),
            own: by_mandate(String::new(), Names::missing()),
            foreign: by_mandate(account(2).to_string(), self.max.clone()),
            missing: by_mandate(Names::missing().principal, Names::missing()),
        }
    }
}
