//! What a request can name, and who may not.

use siegel_grpc::{CallerKind, access_table};
use siegel_proto::Rpc;
use tonic::Code;

use crate::{Answer, Call, Gate, Rows, Token};

/// Names of things that somebody has, or of none; made by [`things!`](crate::things).
pub trait Things: Clone {
    /// The names that can be somebody else's, one by one, and those that go together.
    const FIELDS: &'static [&'static str];

    /// Names of the right form that nothing has.
    fn missing() -> Self;

    /// These names with one of others.
    #[must_use]
    fn with(&self, field: &str, others: &Self) -> Self;

    /// For a request of its own.
    #[must_use]
    fn asking(&self, request_id: String) -> Self;

    fn get(&self, field: &str) -> &str;
}

/// Declares a struct of names with what nothing is called by. Those that stand `alone` are never
/// put in together with the others.
#[macro_export]
macro_rules! things {
    (
        $(#[$outer:meta])*
        pub struct $name:ident { $($(#[$doc:meta])* $field:ident: $missing:expr,)+ }
        alone { $($(#[$adoc:meta])* $alone:ident: $amissing:expr,)* }
    ) => {
        $(#[$outer])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct $name {
            pub request_id: String,
            $($(#[$doc])* pub $field: String,)+
            $($(#[$adoc])* pub $alone: String,)*
        }

        impl $crate::Things for $name {
            const FIELDS: &'static [&'static str] =
                &[$(stringify!($field),)+ $(stringify!($alone),)* "all"];

            fn missing() -> Self {
                Self {
                    request_id: String::new(),
                    $($field: $missing.into(),)+
                    $($alone: $amissing.into(),)*
                }
            }

            fn with(&self, field: &str, others: &Self) -> Self {
                let mut names = self.clone();
                $(if ["all", stringify!($field)].contains(&field) {
                    names.$field.clone_from(&others.$field);
                })+
                $(if field == stringify!($alone) {
                    names.$alone.clone_from(&others.$alone);
                })*
                names
            }

            fn asking(&self, request_id: String) -> Self {
                Self { request_id, ..self.clone() }
            }

            fn get(&self, field: &str) -> &str {
                match field {
                    $(stringify!($field) => &self.$field,)+
                    $(stringify!($alone) => &self.$alone,)*
                    _ => "",
                }
            }
        }
    };
}

/// Somebody who calls, with names of things that are theirs, which of another's, and which of
/// nothing.
#[derive(Clone)]
pub struct Stranger<N> {
    pub who: &'static str,
    pub token: Token,
    pub own: N,
    pub foreign: N,
    pub missing: N,
}

/// What came of comparing.
#[derive(Debug, Default)]
pub struct Compared {
    /// How often two answers were compared.
    pub count: usize,
    /// What can be told apart, in words.
    pub told: Vec<String>,
    /// What was changed by whom it does not belong to.
    pub changed: Vec<String>,
}

impl Compared {
    /// Fails when anything was told or changed, or when there was little to compare.
    pub fn expect_nothing_told(&self, at_least: usize) {
        assert!(self.count >= at_least, "only {} comparisons", self.count);
        assert!(self.told.is_empty(), "{}", self.told.join("\n"));
        assert!(self.changed.is_empty(), "{}", self.changed.join("\n"));
    }
}

/// What makes the calls of a walk; a service may have something to do before each.
pub trait Asks {
    fn ask(&self, rpc: &Rpc, token: &Token, messages: Vec<Vec<u8>>)
    -> impl Future<Output = Answer>;
}

impl Asks for Gate {
    async fn ask(&self, rpc: &Rpc, token: &Token, messages: Vec<Vec<u8>>) -> Answer {
        self.call(rpc, token, messages).await
    }
}

/// A service whose tables are looked at.
pub trait Walked<N: Things>: Asks {
    /// What is stored, once nothing is under way; but for what refusals leave on record.
    fn stored(&self) -> impl Future<Output = Rows>;

    /// Whether this call by this stranger may leave that line of [`Rows::differences`]: something
    /// of their own.
    fn may_leave(&self, _: &Call<N>, _: &Stranger<N>, _: &str) -> bool {
        false
    }
}

/// Makes every call as every stranger to it: what is another's is answered as what does not exist,
/// and nothing changes.
pub async fn walk<N: Things>(
    town: &impl Walked<N>,
    calls: &[(Rpc, Call<N>)],
    strangers: impl Fn(&(Rpc, Call<N>)) -> Vec<Stranger<N>>,
) -> Compared {
    let mut compared = Compared::default();
    let mut before = town.stored().await;
    for call in calls {
        for stranger in strangers(call) {
            compare(town, call, &stranger, &mut compared).await;
            let after = town.stored().await;
            let mut changed = before.differences(&after);
            changed.retain(|line| !town.may_leave(&call.1, &stranger, line));
            let what = format!("{} by {}", call.0.full_name(), stranger.who);
            compared.changed.extend(changed.into_iter().map(|line| format!("{what}: {line}")));
            before = after;
        }
    }
    compared
}

/// Calls with one of the stranger's own names replaced by another's, then by one of nothing.
pub async fn compare<N: Things>(
    town: &impl Asks,
    (rpc, call): &(Rpc, Call<N>),
    stranger: &Stranger<N>,
    compared: &mut Compared,
) {
    for (n, field) in N::FIELDS.iter().enumerate() {
        let (id, other) = (format!("{} {n}", stranger.who), format!("{n} {}", stranger.who));
        let own = stranger.own.asking(id.clone());
        let (foreign, nothing) =
            (own.with(field, &stranger.foreign), own.with(field, &stranger.missing));
        let (of_foreign, mut of_nothing) = ((call.messages)(&foreign), (call.messages)(&nothing));
        if of_foreign == of_nothing {
            continue; // this call does not name such a thing
        }
        if call.tells_of_nothing {
            // What succeeded has used its request id up: another of the same length.
            of_nothing = (call.messages)(&nothing.asking(other.clone()));
        }
        let mut to_foreign = town.ask(rpc, &stranger.token, of_foreign).await;
        let to_nothing = town.ask(rpc, &stranger.token, of_nothing).await;
        compared.count += 1;
        let what = format!("{} by {}: {field}", rpc.full_name(), stranger.who);
        if call.tells_of_nothing {
            // What the caller said and is told again.
            for said in N::FIELDS {
                to_foreign.reword(foreign.get(said), nothing.get(said));
            }
            to_foreign.reword(&id, &other);
        } else if to_nothing.status.is_none() {
            compared.told.push(format!("{what}: nothing is something"));
            continue;
        }
        if to_foreign != to_nothing {
            compared.told.push(format!("{what}: {to_foreign:?} {to_nothing:?}"));
        }
    }
}

/// Calls every RPC as everybody whom its rule does not let in: they are told so, whatever they
/// name, and nothing changes. Public RPCs, and those that know their callers by the certificate, are
/// left out.
pub async fn let_in_nobody_else<N: Things>(
    town: &impl Walked<N>,
    calls: &[(Rpc, Call<N>)],
    callers: &[Token],
    (real, missing): (&N, &N),
) {
    use CallerKind::{Peer, Public};
    let mut refused = 0;
    let before = town.stored().await;
    for (rpc, call) in calls {
        let rule = access_table().rule(&rpc.full_name()).unwrap();
        if rule.allows(Public) || rule.allows(Peer) {
            continue;
        }
        for caller in callers.iter().filter(|caller| !caller.is_let_in(rule)) {
            let to_real = town.ask(rpc, caller, (call.messages)(real)).await;
            let to_missing = town.ask(rpc, caller, (call.messages)(missing)).await;
            assert_eq!(to_real, to_missing, "{}", rpc.full_name());
            let told = to_real.status.unwrap();
            let expected = match (caller, told.reason.as_str()) {
                (Token::Nobody, _) => (Code::Unauthenticated, "TOKEN_MISSING"),
                // A service that has no way here at all.
                (Token::Service(_), "OUT_OF_REACH") => (Code::PermissionDenied, "OUT_OF_REACH"),
                _ => (Code::PermissionDenied, "WRONG_CALLER"),
            };
            assert_eq!((told.code, told.reason.as_str()), expected, "{}", rpc.full_name());
            refused += 1;
        }
    }
    assert!(refused >= calls.len(), "only {refused} calls");
    let changed = before.differences(&town.stored().await);
    assert!(changed.is_empty(), "{changed:#?}");
}
