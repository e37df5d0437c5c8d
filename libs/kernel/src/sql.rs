//! Binding kernel values to both databases: ids as UUID, instants and levels as 64-bit integers.

use sqlx::{Database, Decode, Encode, Type};

use crate::{Timestamp, TrustLevel};

/// Delegates `Type`, `Encode` and `Decode` of a value to those of its column type.
#[doc(hidden)]
#[macro_export]
macro_rules! __delegate_sql {
    ($name:ty, $raw:ty, |$v:ident| $to:expr, |$r:ident| $from:expr) => {
        impl<DB: $crate::__private::sqlx::Database> $crate::__private::sqlx::Type<DB> for $name
        where
            $raw: $crate::__private::sqlx::Type<DB>,
        {
            fn type_info() -> DB::TypeInfo {
                <$raw as $crate::__private::sqlx::Type<DB>>::type_info()
            }
            fn compatible(ty: &DB::TypeInfo) -> bool {
                <$raw as $crate::__private::sqlx::Type<DB>>::compatible(ty)
            }
        }
        impl<'q, DB: $crate::__private::sqlx::Database> $crate::__private::sqlx::Encode<'q, DB>
            for $name
        where
            $raw: $crate::__private::sqlx::Encode<'q, DB>,
        {
            fn encode_by_ref(
                &self,
                buf: &mut <DB as $crate::__private::sqlx::Database>::ArgumentBuffer,
            ) -> Result<
                $crate::__private::sqlx::encode::IsNull,
                $crate::__private::sqlx::error::BoxDynError,
            > {
                let $v = self;
                let raw: $raw = $to;
                <$raw as $crate::__private::sqlx::Encode<'q, DB>>::encode(raw, buf)
            }
        }
        impl<'r, DB: $crate::__private::sqlx::Database> $crate::__private::sqlx::Decode<'r, DB>
            for $name
        where
            $raw: $crate::__private::sqlx::Decode<'r, DB>,
        {
            fn decode(
                value: <DB as $crate::__private::sqlx::Database>::ValueRef<'r>,
            ) -> Result<Self, $crate::__private::sqlx::error::BoxDynError> {
                let $r = <$raw as $crate::__private::sqlx::Decode<'r, DB>>::decode(value)?;
                $from
            }
        }
    };
}

__delegate_sql!(Timestamp, i64, |t| t.as_micros(), |us| Ok(Timestamp::from_micros(us)));
__delegate_sql!(TrustLevel, i64, |l| i64::from(l.number()), |n| Ok(TrustLevel::try_from(n)?));

// Named so that the macro's imports are used even when a crate declares no id.
const _: fn() = || {
    fn both<
        T: for<'q> Encode<'q, sqlx::Sqlite> + for<'r> Decode<'r, sqlx::Postgres> + Type<sqlx::Sqlite>,
    >() {
    }
    fn named<D: Database>() {}
    both::<Timestamp>();
    named::<sqlx::Sqlite>();
};
