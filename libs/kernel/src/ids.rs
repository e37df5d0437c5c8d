//! Ids that more than one service speaks of. All are seen outside the suite, so all are random.

crate::typed_id! {
    /// The account of a person. Minted by identity; never shown to a client, but
    /// that of somebody who is represented to those who act for them: calls take it.
    AccountId = "acc", random
}

crate::typed_id! {
    /// An organisation.
    OrganisationId = "org", random
}

crate::typed_id! {
    /// A mailbox of an organisation beside its central one.
    OrganisationMailboxId = "omb", random
}

crate::typed_id! {
    /// What one client was granted by one person (claim `gid`), or by itself.
    GrantId = "gnt", random
}

crate::typed_id! {
    /// A log-in session (claim `sid`, different for every client sector).
    SessionId = "ses", random
}
