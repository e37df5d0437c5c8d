//! What a request to identity's gRPC services can name.

fn none(prefix: &str) -> String {
    format!("{prefix}_{}", "0".repeat(32))
}

siegel_walk::things! {
    /// Names of things that somebody has, or of none.
    pub struct Names {
        session: none("ses"),
        /// Beside the password.
        credential: none("crd"),
        /// To an account elsewhere.
        link: none("lnk"),
        /// That was allowed something.
        client: "nobody",
        /// Of a token.
        grant: none("gnt"),
        /// What the grant's client knows the person by.
        subject: "nobody",
        account: none("acc"),
        email: "nobody@example.org",
    }
    alone {}
}

impl Names {
    /// What no answer to anybody else may hold.
    pub fn secrets(&self) -> Vec<String> {
        let ids = [
            &self.session,
            &self.credential,
            &self.link,
            &self.grant,
            &self.subject,
            &self.account,
            &self.email,
        ];
        ids.map(Clone::clone).into()
    }
}
