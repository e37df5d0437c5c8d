//! One type per kind of id, prefixed in text and parsed at the edge.

use uuid::Uuid;

use crate::{Clock, Entropy, EntropyUnavailable};

/// Text that is no id of the kind asked for. The text itself is not repeated: it came from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id of the form {prefix}_ and 32 hex digits")]
pub struct BadId {
    pub prefix: &'static str,
}

/// How the bits of an id are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdKind {
    /// UUID version 7: sorts by creation time, for ids that stay inside.
    TimeOrdered,
    /// UUID version 4: says nothing about when, for ids that outsiders see.
    Random,
}

impl IdKind {
    /// Makes a fresh id of this kind.
    pub fn fresh(
        self,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<Uuid, EntropyUnavailable> {
        match self {
            Self::Random => Ok(uuid::Builder::from_random_bytes(entropy.array()?).into_uuid()),
            Self::TimeOrdered => {
                let millis = u64::try_from(clock.now().as_micros() / 1000).unwrap_or(0);
                let bytes = entropy.array()?;
                Ok(uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid())
            }
        }
    }
}

/// Reads `prefix_` and 32 lower-case hex digits.
pub fn parse_id(prefix: &'static str, text: &str) -> Result<Uuid, BadId> {
    let bad = BadId { prefix };
    let hex = text.strip_prefix(prefix).and_then(|t| t.strip_prefix('_')).ok_or(bad)?;
    let plain = hex.len() == 32 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if !plain {
        return Err(bad);
    }
    Uuid::try_parse(hex).map_err(|_| bad)
}

/// Writes `prefix_` and 32 lower-case hex digits.
pub fn write_id(prefix: &str, id: Uuid) -> String {
    format!("{prefix}_{}", id.simple())
}

/// Declares an id type: `typed_id! { /// A mailbox. MailboxId = "mbx", time_ordered }`.
///
/// It has `new(&clock, &entropy)`, `Display`, `FromStr`, serde as text, and binds to `UUID`
/// columns (16 bytes in SQLite) with the kernel's feature `sqlx`.
#[macro_export]
macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident = $prefix:literal, $kind:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($crate::__private::uuid::Uuid);

        impl $name {
            /// A fresh id.
            pub fn new(
                clock: &dyn $crate::Clock,
                entropy: &dyn $crate::Entropy,
            ) -> Result<Self, $crate::EntropyUnavailable> {
                Ok(Self($crate::typed_id!(@kind $kind).fresh(clock, entropy)?))
            }

            pub const fn from_uuid(id: $crate::__private::uuid::Uuid) -> Self {
                Self(id)
            }

            pub const fn as_uuid(self) -> $crate::__private::uuid::Uuid {
                self.0
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&$crate::write_id($prefix, self.0))
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(self, f)
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::BadId;
            fn from_str(text: &str) -> Result<Self, $crate::BadId> {
                $crate::parse_id($prefix, text).map(Self)
            }
        }

        impl $crate::__private::serde::Serialize for $name {
            fn serialize<S: $crate::__private::serde::Serializer>(
                &self,
                s: S,
            ) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> $crate::__private::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::__private::serde::Deserializer<'de>>(
                d: D,
            ) -> Result<Self, D::Error> {
                let text = <::std::string::String as $crate::__private::serde::Deserialize>::deserialize(d)?;
                text.parse().map_err(<D::Error as $crate::__private::serde::de::Error>::custom)
            }
        }

        $crate::__id_sql!($name);
    };
    (@kind time_ordered) => { $crate::IdKind::TimeOrdered };
    (@kind random) => { $crate::IdKind::Random };
}

#[cfg(not(feature = "sqlx"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __id_sql {
    ($name:ident) => {};
}

#[cfg(feature = "sqlx")]
#[doc(hidden)]
#[macro_export]
macro_rules! __id_sql {
    ($name:ident) => {
        $crate::__delegate_sql!($name, $crate::__private::uuid::Uuid, |id| id.0, |raw| Ok($name(
            raw
        )));
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;
    impl Clock for Fixed {
        fn now(&self) -> crate::Timestamp {
            crate::Timestamp::from_seconds(1_741_256_100)
        }
    }
    impl Entropy for Fixed {
        fn fill(&self, buf: &mut [u8]) -> Result<(), EntropyUnavailable> {
            buf.fill(7);
            Ok(())
        }
    }

    typed_id! {
        /// A thing.
        ThingId = "thg", random
    }

    #[test]
    fn an_id_is_read_back_from_its_text_only_with_its_own_prefix() {
        let id = ThingId::new(&Fixed, &Fixed).unwrap();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(ThingId::from_uuid(id.as_uuid()), id);
        let other = id.to_string().replace("thg_", "oth_");
        assert_eq!(other.parse::<ThingId>(), Err(BadId { prefix: "thg" }));
        assert!(id.to_string().to_uppercase().parse::<ThingId>().is_err());
    }

    #[test]
    fn only_time_ordered_ids_show_their_time() {
        let ordered = IdKind::TimeOrdered.fresh(&Fixed, &Fixed).unwrap();
        assert_eq!(ordered.get_version_num(), 7);
        assert_eq!(IdKind::Random.fresh(&Fixed, &Fixed).unwrap().get_version_num(), 4);
    }
}
