//! What a request to the account service can name.

fn none(prefix: &str) -> String {
    format!("{prefix}_{}", "0".repeat(32))
}

siegel_walk::things! {
    /// Names of things that somebody has, or of none.
    pub struct Names {
        /// Whose account; for siblings and staff.
        account: none("acc"),
        /// The account that becomes one with it.
        merged: none("acc"),
        consent: none("cns"),
        /// Waits for the person's decision.
        change: none("chg"),
        document: none("doc"),
        /// For `bauamt` to fetch that document.
        grant: none("dgr"),
        /// An account of a closed system.
        offer: none("imp"),
    }
    alone {}
}

impl Names {
    /// What no answer to anybody else may hold.
    pub fn secrets(&self) -> Vec<String> {
        let ids =
            [&self.account, &self.consent, &self.change, &self.document, &self.grant, &self.offer];
        ids.map(Clone::clone).into()
    }
}
