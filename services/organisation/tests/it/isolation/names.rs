//! What a request can name.

fn none(prefix: &str) -> String {
    format!("{prefix}_{}", "0".repeat(32))
}

siegel_walk::things! {
    /// Names of things that somebody has, or of none.
    pub struct Names {
        organisation: none("org"),
        unit: none("unt"),
        contact_point: none("ctp"),
        /// Of another member.
        member: none("mem"),
        /// Of the caller.
        own_member: none("mem"),
        /// Beside the central one.
        mailbox: none("omb"),
        /// The caller for the other member.
        substitution: none("sub"),
        /// A service that writes to the organisation.
        route: none("rte"),
        invitation: none("inv"),
        system_user: none("sys"),
        claim: none("clm"),
        /// Of an invitation to this caller.
        code: "A".repeat(16),
        /// Given in the organisation's name, and held by another member.
        mandate: none("mnd"),
        /// Of a mandate that only one organisation can take.
        mandate_code: "AAAA-AAAA-AAAA-AAAA-AAAA",
    }
    alone {}
}

impl Names {
    /// What no answer to anybody else may hold.
    pub fn ids(&self) -> Vec<String> {
        let ids = [
            &self.unit,
            &self.contact_point,
            &self.member,
            &self.own_member,
            &self.mailbox,
            &self.substitution,
            &self.route,
            &self.invitation,
            &self.system_user,
            &self.code,
            &self.mandate,
            &self.mandate_code,
        ];
        ids.map(Clone::clone).into()
    }
}
